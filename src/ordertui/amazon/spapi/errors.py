"""Errors of a call. Each says whether Amazon may have acted on the call all the same."""

from __future__ import annotations

from ordertui.orders.errors import UserError
from ordertui.orders.text import install_extra


class SpApiError(UserError):
    """A call without the expected response. `may_have_been_applied`: Amazon may have acted on it all the same."""

    may_have_been_applied = False

    def __init__(self, operation: str, text: str, *, status: int = 0, request_id: str = "", code: str = "") -> None:
        about = f" (HTTP {status})" if status else ""
        reference = f" [Amazon's request id {request_id}]" if request_id else ""
        super().__init__(f"{operation}: {text}{about}{reference}")
        self.operation = operation
        self.text = text
        self.status = status
        self.request_id = request_id
        self.code = code
        """Amazon's code of its first error; empty when it gave none."""


class NotSent(SpApiError):
    """The request never left: no connection, no TLS, no access token, or the address is not allowed."""


class TokenRefused(NotSent):
    """Login with Amazon gave no access token for these credentials."""


class Throttled(SpApiError):
    """429: Amazon did nothing, because the quota is used up."""


class Denied(SpApiError):
    """401 or 403: Amazon did nothing, because the access token or a role is missing."""


class Rejected(SpApiError):
    """Another 4xx: Amazon did nothing, because the request itself is wrong."""


class ServerTrouble(SpApiError):
    """A 5xx, or a status that this operation does not have. Amazon may have acted."""

    may_have_been_applied = True


class NoAnswer(SpApiError):
    """The request may have arrived, but no complete response came back: time-out or broken connection."""

    may_have_been_applied = True


class BadAnswer(SpApiError):
    """The status is the expected one, the body is not. It is never read as an empty success."""

    may_have_been_applied = True


class DocumentBroken(SpApiError):
    """A document cannot be read completely: truncated, not gzip, or larger than allowed."""


class Missing(UserError):
    """The connector's libraries are not installed."""

    def __init__(self) -> None:
        super().__init__(f"the connector needs the extra api (httpx, keyring, cryptography): {install_extra('api')}")


class CallCancelled(Exception):
    """The operator stopped the run while no call with effects was under way."""
