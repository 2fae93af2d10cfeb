"""Bytes in pieces, as sockets deliver them, and hostile changes of them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

HOSTILE = [
    *(b"\x00", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b" ", b"\t", b":", b";", b",", b"\x0b", b"\x85"),
    *(b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\x1b[2J", b"0", b"-1", b"ffffffffffffffffffff"),
    *(b"HTTP/1.1 ", b"200", b"chunked", b"data:", b"event: control\n", b'{"a":', b"[" * 50),
]


def chances(seed: int, count: int) -> Iterator[tuple[str, Random]]:
    """So many generators of one input each, with a label that makes the generator again."""
    for number in range(count):
        label = f"{seed}.{number}"
        yield label, Random(label)


def pieces(chance: Random, raw: bytes) -> list[bytes]:
    """Cut `raw` anywhere: whole, byte by byte, or at random; no piece is empty."""
    kind = chance.random()
    if kind < 0.2 or not raw:
        return [raw] if raw else []
    if kind < 0.3:
        return [raw[at : at + 1] for at in range(len(raw))]
    offsets = sorted({chance.randrange(len(raw)) for _ in range(chance.randrange(1, 12))} - {0})
    return [raw[a:b] for a, b in zip([0, *offsets], [*offsets, len(raw)], strict=True)]


def spoilt(chance: Random, raw: bytes) -> bytes:
    """Change `raw` at some offsets: bytes are lost, doubled, inserted, replaced; the end is cut."""
    changed = bytearray(raw)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(changed) + 1)
        match chance.randrange(5):
            case 0:
                changed[at:at] = chance.choice(HOSTILE)
            case 1:
                changed[at : at + chance.randrange(1, 6)] = b""
            case 2:
                changed[at : at + 1] = bytes([chance.randrange(256)])
            case 3:
                changed[at:at] = changed[at : at + chance.randrange(1, 40)]
            case _:
                del changed[at:]
    return bytes(changed)
