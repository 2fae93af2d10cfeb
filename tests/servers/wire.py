"""A wire between two addresses of one process, whose far end can vanish: no FIN, no reset.

The wire is a TUN device of Linux. What is sent to `PEER` comes back with its two addresses
exchanged, so a server that listens on `HERE` is reached at `PEER` over a whole TCP connection, and
each packet of it passes here. (The checksums stay right: both addresses are in the sums.)

The network is one of the process's own (`enter`), in which no privilege is needed but the right to
make namespaces.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Self

HERE, PEER = "10.77.0.1", "10.77.0.2"
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_TUN_SET_INTERFACE = 0x400454CA
_TUN_WITHOUT_HEADER = 0x1001
_SET_FLAGS, _SET_ADDRESS, _SET_NETMASK = 0x8914, 0x8916, 0x891C
_UP_AND_RUNNING = 0x41


class NoNetwork(OSError):
    """This machine lets nobody make a network of his own."""


def enter() -> None:
    """Give this process a network of its own. Before it has threads: each has its own one."""
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    flags = _NEW_NET if os.geteuid() == 0 else _NEW_NET | _NEW_USER
    if unshare(flags):
        error = ctypes.get_errno()
        raise NoNetwork(error, f"{os.strerror(error)} (making a network namespace)")
    _bring_up("lo")


class Wire:
    """A wire in the network of this process; a context manager.

    A connection that has carried nothing for `forgets_after` seconds is forgotten, as a NAT does.
    """

    def __init__(self, *, forgets_after: dict[int, float] | None = None) -> None:
        self.forgets_after = forgets_after or {}
        """Seconds, by the server's port."""
        self._passed: dict[frozenset[int], float] = {}
        self._gone: set[frozenset[int]] = set()
        self._lock = threading.Lock()
        try:
            self._device = os.open("/dev/net/tun", os.O_RDWR)
        except OSError as error:
            raise NoNetwork(error.errno, f"{error.strerror} (opening a TUN device)") from error
        interface = struct.pack("16sH22x", b"wire", _TUN_WITHOUT_HEADER)
        _set(self._device, _TUN_SET_INTERFACE, interface)
        _configure("wire", _SET_ADDRESS, _address(HERE))
        _configure("wire", _SET_NETMASK, _address("255.255.255.0"))
        _bring_up("wire")
        self._thread = threading.Thread(target=self._carry, daemon=True)

    def vanish(self, port: int) -> None:
        """Lose all further packets of the connections that the server at `port` has now."""
        with self._lock:
            self._gone |= {ports for ports in self._passed if port in ports}

    def wait_quiet(self, port: int, seconds: float, timeout: float = 30.0) -> None:
        """Block until the server at `port` has neither got nor sent a packet for `seconds`."""
        until = time.monotonic() + timeout
        while (now := time.monotonic()) < until:
            with self._lock:
                last = max(at for ports, at in self._passed.items() if port in ports)
            if now - last >= seconds:
                return
            time.sleep(last + seconds - now)

    def _carry(self) -> None:
        while True:
            try:
                packet = os.read(self._device, 65536)
            except OSError:
                return
            if packet and self._passes(packet):
                os.write(self._device, packet[:12] + packet[16:20] + packet[12:16] + packet[20:])

    def _passes(self, packet: bytes) -> bool:
        if packet[0] != 0x45 or packet[9] != socket.IPPROTO_TCP:  # IPv4 without options
            return False
        ports = frozenset(struct.unpack_from("!HH", packet, 20))
        now = time.monotonic()
        with self._lock:
            idle = now - self._passed.get(ports, now)
            limit = min((self.forgets_after.get(port, idle) for port in ports), default=idle)
            if idle > limit:
                self._gone.add(ports)
            if ports in self._gone:
                return False
            self._passed[ports] = now
        return True

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the rest to the end of the process, which ends the device and its network."""


def _address(text: str) -> bytes:
    return struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(text))


def _bring_up(interface: str) -> None:
    _configure(interface, _SET_FLAGS, struct.pack("H14x", _UP_AND_RUNNING))


def _configure(interface: str, what: int, value: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        _set(sock.fileno(), what, struct.pack("16s16s8x", interface.encode(), value))


def _set(descriptor: int, what: int, value: bytes) -> None:
    try:
        fcntl.ioctl(descriptor, what, value)
    except OSError as error:
        raise NoNetwork(error.errno, f"{error.strerror} (setting up a network)") from error
