"""The seller account: credentials stored and removed, and the marketplaces that it sells in."""

from __future__ import annotations

from ordertui.amazon.spapi.auth import Credentials
from ordertui.amazon.spapi.cancellable_sleep import OnWait, Stop, ignore_wait, never_stop
from ordertui.amazon.spapi.operations import GET_PARTICIPATIONS
from ordertui.amazon.spapi.schemas import Participations
from ordertui.amazon.spapi.secret import Secret
from ordertui.operations.errors import BadInput
from ordertui.orders.marketplace import MARKETPLACES

from .connection import ApiConnection
from .credentials import SECRET_ENTERED_KEY, SECRET_ISSUED_KEY, StoredCredentials


class SellerAccount:
    """Logs in to one account and asks Amazon about it."""

    def __init__(self, connection: ApiConnection) -> None:
        self._connection = connection

    def login(
        self,
        *,
        client_id: str,
        client_secret: str,
        refresh_token: str,
        secret_issued_at: int | None,
        in_file: bool = False,
    ) -> str:
        """Store credentials and return where: keyring or encrypted file.

        `secret_issued_at`: when the client secret was made (epoch seconds); None: not known. Raises BadInput when one
        of the credentials is empty, Refused without a passphrase.
        """
        if not (client_id.strip() and client_secret.strip() and refresh_token.strip()):
            raise BadInput("client id, client secret and refresh token are all needed; nothing was kept")
        credentials = Credentials(client_id.strip(), Secret(client_secret.strip()), Secret(refresh_token.strip()))
        context = self._connection.context
        stored = StoredCredentials(credentials, "", secret_issued_at, context.clock.now())
        place = self._connection.credentials.save(stored, in_file=in_file)
        context.store.set_meta(SECRET_ISSUED_KEY, None if secret_issued_at is None else str(secret_issued_at))
        context.store.set_meta(SECRET_ENTERED_KEY, str(context.clock.now()))
        return place

    def check(self, *, on_wait: OnWait = ignore_wait, stop: Stop = never_stop) -> list[str]:
        """Ask Amazon which marketplaces the account sells in; return one line for each.

        Raises SpApiError, Refused, BadInput, Stopped.
        """
        found = self._connection.run(
            lambda client: client.call(GET_PARTICIPATIONS, Participations), on_wait=on_wait, stop=stop
        )
        names = {market.id: market.code for market in MARKETPLACES.values()}
        selling = {one.marketplace.id for one in found.payload if one.participation.is_participating}
        wanted = {code: MARKETPLACES[code].id for code in self._connection.config.marketplaces}
        lines = [f"{names.get(ident, ident)}: selling" for ident in sorted(selling)]
        return lines + [
            f"{code}: the settings name it, the account does not sell there"
            for code, ident in wanted.items()
            if ident not in selling
        ]
