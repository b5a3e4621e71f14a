"""Reports from the API: history in windows of 30 days, read-only and newest first, and the account-health report."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec

from ordertui.amazon.atomic_files import write_atomic
from ordertui.amazon.reports import ReportError
from ordertui.amazon.spapi.client import Client
from ordertui.amazon.spapi.documents import MOST_REPORT, MOST_RESULT, fetch
from ordertui.amazon.spapi.errors import CallCancelled
from ordertui.amazon.spapi.operations import CREATE_REPORT, GET_REPORT, GET_REPORT_DOCUMENT
from ordertui.amazon.spapi.schemas import Report, ReportCreated
from ordertui.operations.errors import BadInput
from ordertui.operations.reports.importer import ReportImporter
from ordertui.operations.reports.progress import ImportSummary
from ordertui.orders.clock import DAY, Clock, iso_utc
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.store import Store

from .order_sync import YOUNGEST

ALL_ORDERS = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
ACCOUNT_HEALTH = "GET_V2_SELLER_PERFORMANCE_REPORT"
WINDOW = 30 * DAY
"""Longest span of one report: 30 days (SP-API.md 3)."""
POLLS = (30, 60, 120, 300)
"""Seconds between looks at a report or feed; the last repeats."""
STATE = "amazon:history:"
TRIES = 2
"""CANCELLED may mean that there is no data: it is asked twice before it is believed."""


class Window(msgspec.Struct, frozen=True):
    """A report under way."""

    start: int
    end: int
    report_id: str = ""
    tries: int = 1


class HistoryCoverage(msgspec.Struct, frozen=True):
    """What of a marketplace's history is in: from `start` to `end`, without a gap."""

    start: int
    end: int
    window: Window | None = None


class ReportSync:
    """Brings reports into one store."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        importer: ReportImporter,
        folder: Path,
        told: Callable[[str], None] = lambda text: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._importer = importer
        self._folder = folder
        self._told = told
        self._stop = stop

    def history(self, marketplace: str) -> HistoryCoverage | None:
        """What is in; None when nothing is."""
        text = self._store.meta(STATE + marketplace)
        return msgspec.json.decode(text, type=HistoryCoverage) if text else None

    def _save(self, marketplace: str, history: HistoryCoverage) -> HistoryCoverage:
        self._store.set_meta(STATE + marketplace, msgspec.json.encode(history).decode())
        return history

    async def back(self, client: Client, marketplace: str, days: int) -> list[ImportSummary]:
        """Bring in the history of the last `days` days, going on where the last run ended. Raises SpApiError, BadInput, CallStopped."""
        now = self._clock.now()
        history = self.history(marketplace) or HistoryCoverage(now - YOUNGEST, now - YOUNGEST)
        oldest = now - days * DAY
        out = []
        while history.start > oldest:
            window = history.window or Window(max(oldest, history.start - WINDOW), history.start)
            if not window.report_id:
                window = await self._ask(client, marketplace, window)
                history = self._save(marketplace, msgspec.structs.replace(history, window=window))
            self._told(f"{marketplace}: history from {iso_utc(window.start)[:10]} to {iso_utc(window.end)[:10]}")
            report = await self._wait(client, window.report_id)
            if report.processing_status == "DONE":
                out.append(await self._take(client, marketplace, report))
            elif not self._is_empty(marketplace, window, report):
                again = msgspec.structs.replace(window, report_id="", tries=window.tries + 1)
                history = self._save(marketplace, msgspec.structs.replace(history, window=again))
                if window.tries >= TRIES:
                    self._save(marketplace, msgspec.structs.replace(history, window=None))
                    raise BadInput(
                        f"{marketplace}: Amazon made no report from {iso_utc(window.start)[:10]} to {iso_utc(window.end)[:10]}"
                        f" ({report.processing_status}), {window.tries} times; what came before is kept: run `ordertui sync` again later"
                    )
                continue
            history = self._save(marketplace, HistoryCoverage(window.start, history.end))
        return out

    async def _ask(self, client: Client, marketplace: str, window: Window) -> Window:
        body = {
            "reportType": ALL_ORDERS, "marketplaceIds": [MARKETPLACES[marketplace].id],
            "dataStartTime": iso_utc(window.start), "dataEndTime": iso_utc(window.end),
        }  # fmt: skip
        made = await client.call(CREATE_REPORT, ReportCreated, body=body)
        return msgspec.structs.replace(window, report_id=made.report_id)

    async def _wait(self, client: Client, report_id: str) -> Report:
        for turn in range(10**6):
            report = await client.call(GET_REPORT, Report, path={"reportId": report_id})
            if report.processing_status not in ("IN_QUEUE", "IN_PROGRESS"):
                return report
            await client.waiting.pause("getReport", POLLS[min(turn, len(POLLS) - 1)])
        raise CallCancelled

    def _is_empty(self, marketplace: str, window: Window, report: Report) -> bool:
        """Whether CANCELLED means that there is no data: said twice, and no order of that time is known here."""
        known = self._store.tallies.total_placed(marketplace, window.start, window.end)
        return report.processing_status == "CANCELLED" and window.tries >= TRIES and known == 0

    async def _take(self, client: Client, marketplace: str, report: Report) -> ImportSummary:
        """Import a report; its file is removed at once, because it holds towns and postal codes, which are never kept."""
        with tempfile.TemporaryDirectory(prefix="ordertui-") as folder:
            path = Path(folder) / f"{report.report_id}.txt"
            with path.open("wb") as file:
                charset = await self._fetch(client, report, file, MOST_REPORT)
            try:
                found = self._importer.import_files(
                    [path], encoding=charset or None, marketplace=marketplace, stop=self._stop
                )
            except ReportError as error:
                raise BadInput(f"{marketplace}: the report {report.report_id} cannot be taken in: {error}") from error
        if found[0].stopped:
            raise CallCancelled
        return found[0]

    @staticmethod
    async def _fetch(client: Client, report: Report, file: BinaryIO, most: int) -> str:
        if not report.report_document_id:
            raise BadInput(f"the report {report.report_id} is done, but Amazon names no document of it; sync again")
        return await fetch(client, GET_REPORT_DOCUMENT, "reportDocumentId", report.report_document_id, file, most)

    async def account_health(self, client: Client, marketplace: str) -> Path:
        """Fetch Amazon's account-health report into the store's folder; gives its path, for `rate --reconcile`. Raises as `back`."""
        body = {"reportType": ACCOUNT_HEALTH, "marketplaceIds": [MARKETPLACES[marketplace].id]}
        made = await client.call(CREATE_REPORT, ReportCreated, body=body)
        report = await self._wait(client, made.report_id)
        if report.processing_status != "DONE":
            raise BadInput(f"{marketplace}: Amazon made no account-health report ({report.processing_status})")
        with tempfile.TemporaryFile() as file:
            await self._fetch(client, report, file, MOST_RESULT)
            file.seek(0)
            content = file.read()
        try:
            msgspec.json.decode(content, type=dict)
        except msgspec.MsgspecError as error:
            raise BadInput(f"{marketplace}: Amazon's account-health report is no JSON: {error}") from error
        folder = self._folder / "account-health"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{marketplace}-{iso_utc(self._clock.now()).replace(':', '')}.json"
        return write_atomic(folder, name, content)
