"""What both clients are made of: their options, checked."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ._flue import arguments
from ._flue.api import Api
from ._flue.arguments import Unset
from ._flue.requests import Requests
from ._http import log
from ._http.address import Address, base_address
from ._stream.credentials import Credentials, Headers, Token
from ._values.limits import LIMITS
from ._values.steps import Clock
from ._version import __version__
from .signals import AbortSignal

if TYPE_CHECKING:
    import ssl

C = TypeVar("C")


class Settings(NamedTuple):
    """A client's options, checked."""

    address: Address
    api: Api
    timeout: float | None

    def unary_timeout(self, given: float | None | Unset) -> float | None:
        return self.timeout if isinstance(given, Unset) else arguments.timeout(given)

    def changed(
        self,
        token: Token | None | Unset,
        headers: Headers | None | Unset,
        timeout: float | None | Unset,
    ) -> Settings:
        """Return the settings with the given options in place of today's."""
        own = self.api.credentials
        credentials = Credentials(
            own.token if isinstance(token, Unset) else token,
            own.headers if isinstance(headers, Unset) else headers,
        )
        api = self.api.with_credentials(credentials)
        return Settings(self.address, api, self.unary_timeout(timeout))


def settings(
    base_url: str | None,
    token: Token | None | Unset,
    headers: Headers | None,
    timeout: float | None | Unset,
    ssl_context: ssl.SSLContext | None,
    clock: Clock,
    *,
    own_client: bool,
) -> Settings:
    log.configure()
    address = base_address(base_url, ssl_context, own_client=own_client)
    if isinstance(token, Unset):
        token = os.environ.get("FLUE_TOKEN") or None
    api = Api(Requests(address.url, user_agent()), Credentials(token, headers), clock)
    limit = LIMITS.unary if isinstance(timeout, Unset) else arguments.timeout(timeout)
    return Settings(address, api, limit)


def user_agent() -> str:
    return f"flue-client/{__version__} python/{sys.version_info[0]}.{sys.version_info[1]}"


def checked_client(client: C, kind: str, ssl_context: object) -> C:
    """Refuse what is not the httpx client of this world, before it fails in the middle of a
    call; and a TLS context beside it, which nothing would use."""
    if ssl_context is not None:
        import ssl

        if not isinstance(ssl_context, ssl.SSLContext):
            kind_given = type(ssl_context).__name__
            raise TypeError(f"ssl_context must be an ssl.SSLContext, not {kind_given}")
        if client is not None:
            raise ValueError("ssl_context belongs to your http_client: give it to that one")
    if client is not None:
        import httpx

        if not isinstance(client, getattr(httpx, kind)):
            raise TypeError(f"http_client must be an httpx.{kind}, not {type(client).__name__}")
    return client


def checked_signal(value: object) -> AbortSignal | None:
    if value is None or isinstance(value, AbortSignal):
        return value
    raise TypeError(
        f"signal must be an AbortSignal (such as controller.signal), not {type(value).__name__}"
    )
