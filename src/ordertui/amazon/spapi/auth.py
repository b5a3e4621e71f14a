"""Access tokens from Login with Amazon. They are kept in memory while they are valid and never written anywhere."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec

from ordertui.orders.clock import Clock

from .decoding import format_problems, read_problems
from .endpoints import Endpoints
from .errors import NoAnswer, NotSent, TokenRefused
from .secret import Secret
from .transport import HttpRequest, Transport

OPERATION = "Login with Amazon"
_EARLY_SECONDS = 60
"""A token is replaced this long before it expires, so that no call is sent with a token that expires on the way."""


class Credentials(msgspec.Struct, frozen=True):
    """Credentials of a private, self-authorised application."""

    client_id: str
    client_secret: Secret
    refresh_token: Secret


class _TokenResponse(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int


class Tokens:
    """Hands out the access token and requests a new one when the last one expired or was refused."""

    def __init__(self, transport: Transport, endpoints: Endpoints, credentials: Credentials, clock: Clock) -> None:
        self._transport = transport
        self._address = endpoints.login
        self._credentials = credentials
        self._clock = clock
        self._token: Secret | None = None
        self._until = 0

    def forget(self) -> None:
        """Drop the token, because a call was refused with it. The next `get` requests a new one."""
        self._token = None

    async def get(self) -> Secret:
        """Return a token that is valid for another minute at least.

        Raises TokenRefused or NotSent. Both mean that the call which wanted the token was not made.
        """
        if self._token is not None and self._clock.now() < self._until:
            return self._token
        form_type = "application/x-www-form-urlencoded;charset=UTF-8"
        request = HttpRequest(OPERATION, "POST", self._address, Secret(self._form()), form_type)
        try:
            response = await self._transport.send(request)
        except NoAnswer as error:
            raise NotSent(OPERATION, f"{error.text}; the call itself was not made") from None
        if response.status in (400, 401, 403):
            raise TokenRefused(OPERATION, _refusal_reason(response.content), status=response.status)
        if response.status != 200:
            words = format_problems(read_problems(response.content))
            text = f"it gave no access token{f' ({words})' if words else ''}; the call itself was not made"
            raise NotSent(OPERATION, text, status=response.status)
        granted = _parse_token(response.content)
        if granted is None:
            raise NotSent(OPERATION, "its answer holds no access token; the call itself was not made")
        self._token, seconds = granted
        self._until = self._clock.now() + max(1, seconds - _EARLY_SECONDS)
        return self._token

    def _form(self) -> str:
        return urlencode(
            {
                "grant_type": "refresh_token",
                "refresh_token": self._credentials.refresh_token.reveal(),
                "client_id": self._credentials.client_id,
                "client_secret": self._credentials.client_secret.reveal(),
            }
        )


def _parse_token(content: bytes) -> tuple[Secret, int] | None:
    """Return the token and the seconds it is valid for; None when the body is not the documented one."""
    try:
        found = msgspec.json.decode(content, type=_TokenResponse)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return (Secret(found.access_token), found.expires_in) if found.access_token and found.expires_in > 0 else None


def _refusal_reason(content: bytes) -> str:
    """Return what to do, and Amazon's own code and words."""
    problems = read_problems(content)
    code = next((one.code for one in problems), "")
    known = {
        "invalid_client": "the client id or secret is wrong, or the secret is older than 180 days:"
        " make a new one in Seller Central, then `ordertui api login`",
        "invalid_grant": "the refresh token is not valid any more:"
        " authorise the application again, then `ordertui api login`",
    }
    advice = known.get(code, "the credentials were refused: `ordertui api login` enters them again")
    words = format_problems(problems)
    return f"{advice} (Amazon's answer: {words})" if words else advice
