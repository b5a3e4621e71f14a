"""Access tokens from Login with Amazon: kept in memory for as long as they are good, never anywhere else."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec

from ordertui.orders.clock import Clock

from .endpoints import Endpoints
from .errors import NoAnswer, NotSent, TokenRefused
from .secret import Secret
from .transport import Transport

OPERATION = "Login with Amazon"
_EARLY = 60
"""Seconds before its end at which a token is not used any more."""


class Credentials(msgspec.Struct, frozen=True):
    """What a private, self-authorised application has."""

    client_id: str
    client_secret: Secret
    refresh_token: Secret


class _Granted(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int


class _Refusal(msgspec.Struct, frozen=True):
    error: str = ""


class Tokens:
    """Gives the access token, asking for a new one when it must."""

    def __init__(self, transport: Transport, endpoints: Endpoints, credentials: Credentials, clock: Clock) -> None:
        self._transport = transport
        self._address = endpoints.login
        self._credentials = credentials
        self._clock = clock
        self._token: Secret | None = None
        self._until = 0

    def forget(self) -> None:
        """The token was refused: ask for a new one next time."""
        self._token = None

    async def get(self) -> Secret:
        """A token that is good for a minute at least. Raises TokenRefused, NotSent: either way the call was not made."""
        if self._token is not None and self._clock.now() < self._until:
            return self._token
        try:
            answer = await self._transport.send(
                OPERATION,
                "POST",
                self._address,
                content=Secret(self._form()),
                content_type="application/x-www-form-urlencoded;charset=UTF-8",
            )
        except NoAnswer as error:
            raise NotSent(OPERATION, f"{error.text}; the call itself was not made") from None
        if answer.status in (400, 401, 403):
            raise TokenRefused(OPERATION, _why(answer.content), status=answer.status)
        if answer.status != 200:
            raise NotSent(OPERATION, "it gave no access token; the call itself was not made", status=answer.status)
        granted = _granted(answer.content)
        if granted is None:
            raise NotSent(OPERATION, "its answer holds no access token; the call itself was not made")
        self._token, seconds = granted
        self._until = self._clock.now() + max(1, seconds - _EARLY)
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


def _granted(content: bytes) -> tuple[Secret, int] | None:
    """The token and its seconds; None when the answer is not what Amazon documents."""
    try:
        found = msgspec.json.decode(content, type=_Granted)
    except msgspec.MsgspecError:
        return None
    return (Secret(found.access_token), found.expires_in) if found.access_token and found.expires_in > 0 else None


def _why(content: bytes) -> str:
    try:
        code = msgspec.json.decode(content, type=_Refusal).error
    except msgspec.MsgspecError:
        code = ""
    known = {
        "invalid_client": "the client id or secret is wrong, or the secret is older than 180 days: make a new one in Seller Central, then `ordertui api login`",
        "invalid_grant": "the refresh token is not valid any more: authorise the application again, then `ordertui api login`",
    }
    return known.get(code, "the credentials were refused: `ordertui api login` enters them again")
