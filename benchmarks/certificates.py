"""A certificate for this machine, and what trusts it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import certifi
import trustme


class Certificates(NamedTuple):
    """Files: a certificate for localhost with its key, and its authority among the usual ones."""

    own: Path
    trusted: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a client's process needs to trust it."""
        return {"SSL_CERT_FILE": str(self.trusted)}


@contextmanager
def certificates() -> Iterator[Certificates]:
    """Make them, for as long as they are needed."""
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost")
    with tempfile.TemporaryDirectory() as folder:
        made = Certificates(Path(folder, "localhost.pem"), Path(folder, "trusted.pem"))
        leaf.private_key_and_cert_chain_pem.write_to_path(made.own)
        made.trusted.write_bytes(Path(certifi.where()).read_bytes())
        authority.cert_pem.write_to_path(made.trusted, append=True)
        yield made
