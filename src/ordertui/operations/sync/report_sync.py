"""Reports from the API: order history in windows of 30 days, newest first, and the account-health report."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec

from ordertui.amazon.reports import ReportError
from ordertui.amazon.spapi.cancellable_sleep import OnWait, Stop, ignore_wait, never_stop
from ordertui.amazon.spapi.client import Client
from ordertui.amazon.spapi.documents import MOST_REPORT, MOST_RESULT, fetch
from ordertui.amazon.spapi.errors import CallCancelled, Rejected
from ordertui.amazon.spapi.operations import CREATE_REPORT, GET_REPORT, GET_REPORT_DOCUMENT
from ordertui.amazon.spapi.schemas import UNFINISHED_STATUSES, Document, Report, ReportCreated
from ordertui.files import make_own_folder, read_stream, write_atomic
from ordertui.operations.errors import BadInput
from ordertui.operations.reports.importer import ReportImporter
from ordertui.operations.reports.progress import ImportSummary
from ordertui.orders.clock import DAY, iso_utc
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.text import describe_json_error

from .connection import ApiConnection
from .order_sync import MIN_AGE_SECONDS

ALL_ORDERS = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"
ACCOUNT_HEALTH = "GET_V2_SELLER_PERFORMANCE_REPORT"
WINDOW_SECONDS = 30 * DAY
"""Longest span of one report: 30 days (SP-API.md 3)."""
POLL_SECONDS = (30, 60, 120, 300)
"""Seconds between two looks at a report or feed; the last value repeats."""
MAX_WAIT_SECONDS = DAY
"""A run does not wait longer for one report."""
STATE_KEY = "amazon:history:"
TRIES = 2
"""CANCELLED may mean that there is no data; it is believed when Amazon says it twice."""


class ReportWindow(msgspec.Struct, frozen=True):
    """A report under way, as the store keeps it. Epoch seconds."""

    start: int
    end: int
    report_id: str = ""
    tries: int = 1


class HistoryCoverage(msgspec.Struct, frozen=True):
    """The span of a marketplace's history that is stored without a gap. Epoch seconds."""

    start: int
    end: int
    window: ReportWindow | None = None


def ignore_step(_text: str) -> None:
    """Do nothing: the default `on_step` callback."""


class ReportSync:
    """Brings reports into one store."""

    def __init__(self, connection: ApiConnection, importer: ReportImporter) -> None:
        self._connection = connection
        self._store = connection.context.store
        self._clock = connection.context.clock
        self._importer = importer

    def import_history(
        self,
        days: int,
        *,
        on_step: Callable[[str], None] = ignore_step,
        on_wait: OnWait = ignore_wait,
        stop: Stop = never_stop,
    ) -> tuple[list[ImportSummary], bool]:
        """Import the orders of the last `days` days of every marketplace; return the imports, and True if stopped.

        `on_step` is called with the marketplace and days of each report. Raises SpApiError, Refused, BadInput.
        """
        return self._connection.run(lambda client: self._import_all(client, days, on_step), on_wait=on_wait, stop=stop)

    def fetch_account_health(self, *, on_wait: OnWait = ignore_wait, stop: Stop = never_stop) -> list[Path]:
        """Fetch the account-health report of each marketplace into the store's folder; return the files.

        Raises SpApiError, Refused, BadInput, Stopped.
        """
        return self._connection.run(self._fetch_all_health, on_wait=on_wait, stop=stop)

    async def _import_all(
        self, client: Client, days: int, on_step: Callable[[str], None]
    ) -> tuple[list[ImportSummary], bool]:
        done: list[ImportSummary] = []
        try:
            for code in self._connection.config.marketplaces:
                done += await self._import_back(client, code, days, on_step)
        except CallCancelled:
            return done, True
        return done, False

    async def _fetch_all_health(self, client: Client) -> list[Path]:
        return [await self._fetch_health(client, code) for code in self._connection.config.marketplaces]

    # -- order history

    def _coverage(self, marketplace: str) -> HistoryCoverage:
        """Return the stored span; an empty one that ends now when nothing is stored."""
        text = self._store.meta(STATE_KEY + marketplace)
        if text:
            return msgspec.json.decode(text, type=HistoryCoverage)
        start = self._clock.now() - MIN_AGE_SECONDS
        return HistoryCoverage(start, start)

    def _save(self, marketplace: str, coverage: HistoryCoverage) -> HistoryCoverage:
        self._store.set_meta(STATE_KEY + marketplace, msgspec.json.encode(coverage).decode())
        return coverage

    async def _import_back(
        self, client: Client, marketplace: str, days: int, on_step: Callable[[str], None]
    ) -> list[ImportSummary]:
        """Continue where the last run ended, back to `days` days ago. Raises SpApiError, BadInput, CallCancelled."""
        oldest = self._clock.now() - days * DAY
        coverage = self._coverage(marketplace)
        out = []
        while coverage.start > oldest:
            window = coverage.window or ReportWindow(max(oldest, coverage.start - WINDOW_SECONDS), coverage.start)
            if not window.report_id:
                window = await self._request(client, marketplace, window)
                coverage = self._save(marketplace, msgspec.structs.replace(coverage, window=window))
            is_remembered = coverage.window is not None and bool(coverage.window.report_id)
            if is_remembered and not await self._is_known(client, window.report_id):
                # Amazon keeps reports for a time only: one that it does not know any more is asked for again
                again = msgspec.structs.replace(window, report_id="")
                coverage = self._save(marketplace, msgspec.structs.replace(coverage, window=again))
                continue
            span = f"from {iso_utc(window.start)[:10]} to {iso_utc(window.end)[:10]}"
            on_step(f"{marketplace}: history {span}")
            report = await self._wait(client, window.report_id)
            if report.processing_status == "DONE":
                out.append(await self._import_report(client, marketplace, report))
            elif not self._is_empty(marketplace, window, report):
                again = msgspec.structs.replace(window, report_id="", tries=window.tries + 1)
                coverage = self._save(marketplace, msgspec.structs.replace(coverage, window=again))
                if window.tries >= TRIES:
                    self._save(marketplace, msgspec.structs.replace(coverage, window=None))
                    raise BadInput(
                        f"{marketplace}: Amazon made no report {span} ({report.processing_status}),"
                        f" {window.tries} times; what came before is kept: run `ordertui sync` again later"
                    )
                continue
            coverage = self._save(marketplace, HistoryCoverage(window.start, coverage.end))
        return out

    async def _request(self, client: Client, marketplace: str, window: ReportWindow) -> ReportWindow:
        body = {
            "reportType": ALL_ORDERS,
            "marketplaceIds": [MARKETPLACES[marketplace].id],
            "dataStartTime": iso_utc(window.start),
            "dataEndTime": iso_utc(window.end),
        }
        made = await client.call(CREATE_REPORT, ReportCreated, body=body)
        return msgspec.structs.replace(window, report_id=made.report_id)

    @staticmethod
    async def _is_known(client: Client, report_id: str) -> bool:
        """Return whether Amazon still has a report, and its document if it is done."""
        try:
            report = await client.call(GET_REPORT, Report, path={"reportId": report_id})
            if report.report_document_id:
                path = {"reportDocumentId": report.report_document_id}
                await client.call(GET_REPORT_DOCUMENT, Document, path=path)
        except Rejected:
            return False
        return True

    async def _wait(self, client: Client, report_id: str) -> Report:
        """Look at a report until Amazon is done with it. Raises BadInput when that takes longer than a day."""
        looks, began = 0, self._clock.now()
        while True:
            report = await client.call(GET_REPORT, Report, path={"reportId": report_id})
            if report.processing_status not in UNFINISHED_STATUSES:
                return report
            if self._clock.now() - began > MAX_WAIT_SECONDS:
                raise BadInput(
                    f"Amazon has not made the report {report_id} within a day ({report.processing_status}); what came"
                    " before is kept, and the next sync goes on with this report"
                )
            await client.waiting.pause("getReport", POLL_SECONDS[min(looks, len(POLL_SECONDS) - 1)])
            looks += 1

    def _is_empty(self, marketplace: str, window: ReportWindow, report: Report) -> bool:
        """Whether CANCELLED means that there is no data: said twice, and the store has no order of that time."""
        known = self._store.tallies.total_placed(marketplace, window.start, window.end)
        return report.processing_status == "CANCELLED" and window.tries >= TRIES and known == 0

    async def _import_report(self, client: Client, marketplace: str, report: Report) -> ImportSummary:
        """Import a report. Its file is removed at once: it holds towns and postal codes, which are never kept."""
        with tempfile.TemporaryDirectory(prefix="ordertui-") as folder:
            path = Path(folder) / f"{report.report_id}.txt"
            with path.open("wb") as file:
                charset = await self._fetch(client, report, file, MOST_REPORT)
            try:
                found = self._importer.import_files(
                    [path], encoding=charset or None, marketplace=marketplace, stop=client.waiting.is_stopped
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

    # -- account health

    async def _fetch_health(self, client: Client, marketplace: str) -> Path:
        body = {"reportType": ACCOUNT_HEALTH, "marketplaceIds": [MARKETPLACES[marketplace].id]}
        made = await client.call(CREATE_REPORT, ReportCreated, body=body)
        report = await self._wait(client, made.report_id)
        if report.processing_status != "DONE":
            raise BadInput(f"{marketplace}: Amazon made no account-health report ({report.processing_status})")
        with tempfile.TemporaryFile() as file:
            await self._fetch(client, report, file, MOST_RESULT)
            file.seek(0)
            content = read_stream(file, MOST_RESULT, "the account-health report")
        try:
            msgspec.json.decode(content, type=dict)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise BadInput(
                f"{marketplace}: Amazon's account-health report is no JSON: {describe_json_error(content, error)}"
            ) from error
        folder = self._connection.context.directory / "account-health"
        make_own_folder(folder)
        name = f"{marketplace}-{iso_utc(self._clock.now()).replace(':', '')}.json"
        return write_atomic(folder, name, content)
