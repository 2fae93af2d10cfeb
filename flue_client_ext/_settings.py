"""The options of both clients, checked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from ._flue.api import Api
from ._flue.generations import Generation, Generations, checked
from ._flue.requests import Requests
from ._http import log
from ._http.address import Address, base_address
from ._options import user_agent
from ._stream import arguments
from ._stream.arguments import Unset
from ._stream.backoff import BackoffOptions
from ._stream.credentials import AsyncHeaders, AsyncToken, Credentials
from ._values.limits import LIMITS
from ._values.steps import Clock

if TYPE_CHECKING:
    import ssl


class Settings(NamedTuple):
    """A client's options, checked."""

    address: Address
    api: Api
    timeout: float | None

    def changed(
        self,
        token: AsyncToken | None | Unset,
        headers: AsyncHeaders | None | Unset,
        timeout: float | None | Unset,
        generation: Generation | None | Unset,
        backoff: BackoffOptions | None | Unset,
    ) -> Settings:
        """Return the settings with the given options in place of the present ones."""
        own = self.api.credentials
        credentials = Credentials(
            own.token if isinstance(token, Unset) else token,
            own.headers if isinstance(headers, Unset) else headers,
        )
        generations = self.api.generations
        if not isinstance(generation, Unset):
            generations = generations.stating(checked(generation))
        retries = self.api.backoff if isinstance(backoff, Unset) else backoff
        api = self.api.changed(credentials, generations, arguments.backoff_options(retries))
        return Settings(self.address, api, arguments.call_timeout(timeout, self.timeout))


def settings(
    base_url: str | None,
    token: AsyncToken | None | Unset,
    headers: AsyncHeaders | None,
    timeout: float | None | Unset,
    ssl_context: ssl.SSLContext | None,
    generation: Generation | None,
    backoff: BackoffOptions | None,
    clock: Clock,
    *,
    own_client: bool,
) -> Settings:
    log.configure()
    address = base_address(base_url, ssl_context, own_client=own_client)
    if isinstance(token, Unset):
        token = os.environ.get("FLUE_TOKEN") or None
    requests, generations = Requests(address.url, user_agent()), Generations(checked(generation))
    retries = arguments.backoff_options(backoff)
    api = Api(requests, Credentials(token, headers), clock, None, generations, retries)
    limit = arguments.call_timeout(timeout, LIMITS.unary)
    return Settings(address, api, limit)
