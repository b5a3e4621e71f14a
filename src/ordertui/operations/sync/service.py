"""The live path of a shop: orders from Amazon's API, and what the operator must know of the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec.structs import replace

from ordertui.amazon.spapi.auth import Credentials
from ordertui.amazon.spapi.client import CancellableSleep, Client
from ordertui.amazon.spapi.errors import CallCancelled
from ordertui.amazon.spapi.operations import GET_PARTICIPATIONS, LIST_TRANSACTIONS
from ordertui.amazon.spapi.order_mapping import Deadline
from ordertui.amazon.spapi.schemas import Participations, Transaction, Transactions
from ordertui.amazon.spapi.secret import Secret
from ordertui.operations.batches.batch import Batch, Due, DueStep
from ordertui.operations.dispatch.dispatcher import BatchDispatcher
from ordertui.operations.dispatch.feed_dispatcher import FeedDispatcher, pause_after
from ordertui.operations.dispatch.feed_tracker import FeedTracker
from ordertui.operations.dispatch.file_dispatcher import Dispatcher
from ordertui.operations.dispatch.status_text import attempt_words
from ordertui.operations.errors import BadInput, Refused
from ordertui.operations.reports.importer import ReportImporter
from ordertui.operations.reports.progress import ImportSummary
from ordertui.orders.batch_state import BatchState
from ordertui.orders.clock import Clock
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.order import Order
from ordertui.store import JournalBatch, Store, Submission

from .buyer_messages import Message, Messenger
from .connection import ApiConnection, OnWait, Stop, quotas
from .credentials import SECRET_ISSUED_KEY, StoredCredentials
from .order_sync import OrderSync, SyncProgress, SyncSummary
from .refund_confirmations import RefundConfirmer
from .report_sync import ReportSync
from .status import SyncStatus, connection


class Evidence(msgspec.Struct, frozen=True):
    """One booking of Amazon's."""

    posted: str
    """Amazon's own time text."""
    kind: str
    status: str
    amount: str
    """Decimal text with its currency, as it came."""


def _evidence(one: Transaction) -> Evidence:
    total = one.total_amount
    amount = f"{total.currency_code} {bytes(total.currency_amount).decode()}".strip() if total else ""
    return Evidence(one.posted_date, one.transaction_type, one.transaction_status, amount)


def _quiet(operation: str, seconds: int) -> None:
    """Waiting that nobody asked to hear of."""


def _never() -> bool:
    """No stop."""
    return False


class SyncService:
    """Everything that talks to Amazon, for one store. `store` may be read-only: then only what calls nothing works.

    `reader` gives this thread's own connection: what the screen asks never waits for a page that is being stored.
    """

    def __init__(
        self,
        store: Store,
        reader: Callable[[], Store],
        clock: Clock,
        connector: ApiConnection,
        importer: ReportImporter,
        deadline: Deadline,
        dispatcher: Dispatcher,
        folder: Path,
        *,
        merchant_id: str,
    ) -> None:
        self._store = store
        self._reader = reader
        self._dispatcher = dispatcher
        self._merchant_id = merchant_id
        self._watch = FeedTracker(store, clock, folder)
        self._failures = self._not_before = 0
        self._clock = clock
        self._importer = importer
        self._deadline = deadline
        self._folder = folder
        self.connector = connector

    def connection(self) -> SyncStatus:
        """Where the connection stands; nothing is called."""
        return connection(self._reader(), self.connector.config, self._clock.now())

    def login(
        self,
        *,
        client_id: str,
        client_secret: str,
        refresh_token: str,
        secret_issued_at: int | None,
        in_file: bool = False,
    ) -> str:
        """Keep credentials; gives where. Raises BadInput for an empty one, Refused without a passphrase."""
        if not (client_id.strip() and client_secret.strip() and refresh_token.strip()):
            raise BadInput("client id, client secret and refresh token are all needed; nothing was kept")
        credentials = Credentials(client_id.strip(), Secret(client_secret.strip()), Secret(refresh_token.strip()))
        found = StoredCredentials(credentials, "", secret_issued_at, self._clock.now())
        where = self.connector.secrets.save(found, in_file=in_file)
        self._store.set_meta(SECRET_ISSUED_KEY, None if secret_issued_at is None else str(secret_issued_at))
        return where

    def check(self, *, told: OnWait = _quiet, stop: Stop = _never) -> list[str]:
        """Ask Amazon which marketplaces the account sells in; gives one line for each. Raises SpApiError, Refused, BadInput."""

        async def work(client: Client) -> Participations:
            return await client.call(GET_PARTICIPATIONS, Participations)

        names = {market.id: market.code for market in MARKETPLACES.values()}
        found = self.connector.run(work, stop=stop, told=told)
        selling = {one.marketplace.id for one in found.payload if one.participation.is_participating}
        lines = [f"{names.get(ident, ident)}: selling" for ident in sorted(selling)]
        wanted = {code: MARKETPLACES[code].id for code in self.connector.config.marketplaces}
        return lines + [f"{code}: the settings name it, the account does not sell there" for code, ident in wanted.items() if ident not in selling]  # fmt: skip

    # -- batches out

    def outlet(self, note: Callable[[str], None], told: OnWait = _quiet) -> BatchDispatcher:
        """The outlet that sends batches as feeds. Raises Refused without a merchant id."""
        if not self._merchant_id:
            raise Refused("set merchant_id in the settings: Amazon's merchant token stands in every feed")
        return _FeedOutlet(self, note, told)

    def send(self, *, note: Callable[[str], None], told: OnWait, stop: Stop) -> list[Batch]:
        """Look at what is on its way, and let leave what is due and may; see `api_outlet.FeedDispatcher.run`.

        After an error `next_step` gives Amazon, or the operator, ever longer to mend it; asking again by hand is always heard.
        """
        outlet = self._api_outlet(self._store, note)

        async def work(client: Client) -> list[Batch]:
            return await outlet.run(client, stop)

        try:
            left = self.connector.run(work, stop=stop, told=told)
        except Exception:
            self._failures += 1
            self._not_before = self._clock.now() + pause_after(self._failures)
            raise
        self._failures = self._not_before = 0
        return left

    def _api_outlet(self, store: Store, note: Callable[[str], None] = lambda text: None) -> FeedDispatcher:
        return FeedDispatcher(
            store, self._clock, self._dispatcher, self._watch, self._order_sync,
            merchant_id=self._merchant_id, marketplaces=self.connector.config.marketplaces, note=note,
        )  # fmt: skip

    @staticmethod
    def pause(failures: int) -> int:
        """Seconds after which something that failed so often in a row is tried again by itself."""
        return pause_after(failures)

    def next_look(self) -> int | None:
        """When a feed on its way should be looked at next (epoch seconds); None when none is."""
        looks = [self._watch.next_look(one) for one in self._reader().submissions.find() if self._is_followed(one)]
        return min(looks, default=None)

    @staticmethod
    def _is_followed(attempt: Submission) -> bool:
        """Whether the program looks at it by itself."""
        return attempt.open and attempt.state != "needs_operator"

    def next_step(self) -> Due | None:
        """When `send` has something to do by itself; None: not before somebody does something."""
        reader = self._reader()
        outlet, look = self._api_outlet(reader), self.next_look()
        held = [batch for batch in reader.batches.find(open_only=True) if batch.state is BatchState.HELD]
        steps = [
            Due(at, DueStep.HOLD_ENDS if at == batch.due_at else DueStep.LEAVES)
            for batch in held
            if (at := outlet.leaves_at(batch)) is not None
        ]
        steps += [Due(look, DueStep.NEXT_LOOK)] if look is not None else []
        first = min(steps, default=None)
        return first if first is None or first.at >= self._not_before else Due(self._not_before, DueStep.TRIED_AGAIN)

    def outlook(self, batch: JournalBatch, attempts: Sequence[Submission]) -> tuple[int | None, str]:
        """When an open batch goes on by itself (epoch seconds; None: not before something else happens), and why it waits.

        `attempts`: of the whole store, newest first.
        """
        reader = self._reader()
        if batch.state is BatchState.HELD:
            outlet = self._api_outlet(reader)
            due = batch.due_at <= self._clock.now()
            why = outlet.waits_for(batch) if due else ""
            return outlet.leaves_at(batch), f"It waits: {why}." if why else ""
        mine = next((one for one in attempts if one.batch == batch.id), None)
        if mine is None or not self._is_followed(mine):
            return None, ""
        shown = quotas(reader, self._clock.now(), ("createFeed", "getFeeds"))
        left = ", ".join(f"{one.operation} {one.calls} of {one.burst}" for one in shown)
        return max(self._watch.next_look(mine), self._not_before), f"Quota left: {left}."

    def wait(self, stop: Stop = _never) -> bool:
        """Wait until a feed on its way should be looked at again; False when none is, or the wait was stopped."""
        due = self.next_look()
        if due is None:
            return False
        waiting = CancellableSleep(stop=stop, sleep=self.connector.sleep, step=self.connector.step)
        try:
            asyncio.run(waiting.pause("feeds", max(1, due - self._clock.now())))
        except CallCancelled:
            return False
        return True

    def feeds(self) -> list[tuple[Submission, str]]:
        """Every attempt, newest first, and what it means."""
        return [(one, attempt_words(one, self._clock.now())) for one in self._reader().submissions.find()]

    def adopt(self, batch_id: int, feed_id: str) -> None:
        """The operator says which of Amazon's feeds an unclear batch is. Raises OperationError."""
        self._watch.adopt_by_hand(batch_id, feed_id)

    # -- looking and writing

    def evidence(self, order_id: str, *, told: OnWait = _quiet, stop: Stop = _never) -> list[Evidence]:
        """What Amazon booked for an order (Finances; may lag two days), oldest first. Raises as `sync`."""

        async def work(client: Client) -> list[Evidence]:
            found: list[Evidence] = []
            query: dict[str, str | list[str]] = {
                "relatedIdentifierName": "ORDER_ID",
                "relatedIdentifierValue": order_id,
            }
            while True:
                page = (await client.call(LIST_TRANSACTIONS, Transactions, query=query)).payload
                found += [_evidence(one) for one in page.transactions]
                if not page.next_token:
                    return sorted(found, key=lambda one: one.posted)
                query = {**query, "nextToken": page.next_token}

        return self.connector.run(work, stop=stop, told=told)

    def message(
        self, order: Order, text: str, written_in: str = "", *, told: OnWait = _quiet, stop: Stop = _never
    ) -> Message:
        """The message to a buyer as it would go. Raises as `messaging.Messenger.preview`, and as `sync`."""
        messenger = Messenger(self._store, self._clock)

        async def work(client: Client) -> Message:
            return await messenger.preview(client, order, text, written_in)

        return self.connector.run(work, stop=stop, told=told)

    def send_message(self, message: Message, *, told: OnWait = _quiet, stop: Stop = _never) -> str:
        """Send a message as it was shown, once; gives what became of it. Raises as `messaging.Messenger.send`, and as `sync`."""
        messenger = Messenger(self._store, self._clock)

        async def work(client: Client) -> str:
            return await messenger.send(client, message)

        return self.connector.run(work, stop=stop, told=told)

    def message_before(self, order_id: str) -> str:
        """What is known of a message that went to the buyer, or may have; nothing is called."""
        return Messenger(self._reader(), self._clock).before(order_id)

    def message_did_not_go(self, order_id: str) -> None:
        """Take the operator's word that an unclear message did not go. Raises Refused."""
        Messenger(self._store, self._clock).did_not_go(order_id)

    def one_order(self, order_id: str, *, told: OnWait = _quiet, stop: Stop = _never) -> SyncSummary:
        """Fetch one order as it is now, by a call of its own. Raises as `sync`."""
        orders = self._order_sync(stop)

        async def work(client: Client) -> SyncSummary:
            return await orders.one(client, order_id)

        return self.connector.run(work, stop=stop, told=told)

    def _order_sync(self, stop: Stop) -> OrderSync:
        return OrderSync(self._store, self._clock, self.connector.config.marketplaces, self._deadline, stop=stop)

    def sync(
        self,
        *,
        progress: Callable[[SyncProgress], None] = lambda progress: None,
        told: OnWait = _quiet,
        stop: Stop = _never,
    ) -> SyncSummary:
        """Bring the orders up to date, see `syncing.OrderSync.run`, and then the refunds, see `bookings`. Raises SpApiError, Refused, BadInput."""
        orders = OrderSync(self._store, self._clock, self.connector.config.marketplaces, self._deadline, progress, stop)
        bookings = RefundConfirmer(self._store, self._clock)

        async def work(client: Client) -> SyncSummary:
            found = await orders.run(client)
            if found.stopped:
                return found
            with suppress(CallCancelled):  # the orders are in; what was booked is looked at with the next sync
                found = replace(found, notes=(*found.notes, *await bookings.look(client)))
            return found

        return self.connector.run(work, stop=stop, told=told)

    def history(
        self,
        days: int,
        *,
        words: Callable[[str], None] = lambda text: None,
        told: OnWait = _quiet,
        stop: Stop = _never,
    ) -> tuple[list[ImportSummary], bool]:
        """Bring in the last `days` days by reports; gives the imports, and whether it was stopped. Raises as `sync`."""
        reports = ReportSync(self._store, self._clock, self._importer, self._folder, words, stop)

        async def work(client: Client) -> tuple[list[ImportSummary], bool]:
            done: list[ImportSummary] = []
            try:
                for code in self.connector.config.marketplaces:
                    done += await reports.back(client, code, days)
            except CallCancelled:
                return done, True
            return done, False

        return self.connector.run(work, stop=stop, told=told)

    def account_health(self, *, told: OnWait = _quiet, stop: Stop = _never) -> list[Path]:
        """Fetch Amazon's account-health report of each marketplace; gives their files. Raises as `sync`."""
        reports = ReportSync(self._store, self._clock, self._importer, self._folder, stop=stop)

        async def work(client: Client) -> list[Path]:
            return [await reports.account_health(client, code) for code in self.connector.config.marketplaces]

        return self.connector.run(work, stop=stop, told=told)


class _FeedOutlet:
    """The API as an outlet."""

    def __init__(self, online: SyncService, note: Callable[[str], None], told: OnWait) -> None:
        self._online = online
        self._note = note
        self._told = told

    def run(self, stop: Stop = _never) -> list[Batch]:
        """As `outlet.BatchDispatcher` says."""
        return self._online.send(note=self._note, told=self._told, stop=stop)
