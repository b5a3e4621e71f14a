"""Find orders by queue and filter, read them, and write them as lists."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ordertui.operations.context import SessionContext
from ordertui.operations.errors import BadInput, Stopped, UnknownChoice
from ordertui.operations.marks import IdSet, Marks, marked_ids
from ordertui.orders.enums import Channel
from ordertui.orders.marketplace import zone_of
from ordertui.orders.order import ListedFacts, Order, OrderRow
from ordertui.orders.text import pluralize
from ordertui.store import BY_ALLOWED_ACTION, ActionRanks, Decisions, Store

from .queues import AUTO_CANCEL, BY_KEY, INVISIBLE_REQUESTS, NO_ANSWERED_REFUNDS, QUEUES, Queue, QueueSpec
from .sort_order import read_sorting

if TYPE_CHECKING:
    from ordertui.operations.batches.batch import Batch
    from ordertui.operations.eligibility import Eligibility
    from ordertui.orders.api_facts import ApiFacts
    from ordertui.rules.language import Condition

    from .export import Record
    from .timeline import Event

MARKED, MARKED_BY = "marked", "marked-by"
"""The queue, and the field of filters, of what the operator marked; the field of what others did."""
READ_AT_ONCE = 500
"""Orders of a long list that are in memory at a time."""
STOP_LOOKED_AT = 50
"""Orders from one look at whether a list shall stop to the next: some 5 ms of CPU."""


class OrderQueries:
    """Reads the orders of one store.

    The callables are called when they are first needed: the first picture needs none of them.
    """

    def __init__(
        self,
        context: SessionContext,
        eligibility: Callable[[], Eligibility],
        batches: Callable[[], Sequence[Batch]],
        marks: Callable[[], Marks],
        marks_of: Callable[[str], Marks],
    ) -> None:
        """`marks_of` returns what somebody else marked, by login."""
        self._context = context
        self._eligibility = eligibility
        self._batches = batches
        self.marks = marks
        """Returns the operator's marks, as they are now."""
        self._marks_of = marks_of
        self._finding: set[Store] = set()
        """Connections on which some thread is finding orders now."""

    def condition(self, text: str) -> Condition:
        """Return the filter as a condition; its days are those of each order's marketplace. Raises FilterError."""
        from ordertui.rules.language import parse

        return parse(text, now=self._context.clock.now(), zone=self.zone, zones=self.zones, marks=True)

    @property
    def zone(self) -> str:
        """The named time zone of times that belong to no order: that of the marketplace with most orders."""
        codes = self.marketplaces()
        return zone_of(codes[0]) if codes else "UTC"

    @property
    def zones(self) -> dict[str, str]:
        """The named time zone of each marketplace that has orders: a filter's days are those of the order's own."""
        return {code: zone_of(code) for code in self.marketplaces()}

    def find(
        self,
        filter_text: str = "",
        sort: str = "placed",
        reverse: bool = True,
        queue: str = "all",
        limit: int | None = None,
        *,
        without_fba: bool = False,
    ) -> array[int]:
        """Return the ids of the orders that fit queue and filter, sorted as `sort_order.read_sorting` reads `sort`.

        `reverse` is for sort keys without a sign. `without_fba`: leave out orders that Amazon ships, unless the filter
        asks for them. Raises FilterError, UnknownChoice, store.Interrupted.
        """
        sorting = read_sorting(sort, down=reverse)
        condition = self._condition_in(filter_text, queue)
        ranks: ActionRanks = ()
        if any(key == BY_ALLOWED_ACTION for key, _ in sorting):
            from ordertui.operations.eligibility import RANKS

            ranks = RANKS
        reader = self._context.reader()
        self._finding.add(reader)
        try:
            return reader.orders.find(
                condition,
                decisions=self._decisions(condition, *(one for one, _ in ranks)),
                sorting=sorting,
                ranks=ranks,
                limit=limit,
                without_fba=without_fba and not self._asks_for_fba(filter_text, queue),
            )
        finally:
            self._finding.discard(reader)

    def interrupt(self) -> None:
        """Stop every `find` that another thread is running: each raises store.Interrupted."""
        for reader in tuple(self._finding):
            reader.interrupt()

    def count(self, filter_text: str = "", queue: str = "all", also: str = "", *, without_fba: bool = False) -> int:
        """Return how many orders fit queue, filter and `also`, another one; see `find`.

        Both may be as long as a filter may be: their texts are not joined. Raises FilterError, UnknownChoice.
        """
        condition = self._condition_in(filter_text, queue, also)
        without_fba = without_fba and not any(self._asks_for_fba(text, queue) for text in (filter_text, also))
        return self._context.reader().orders.count(
            condition, decisions=self._decisions(condition), without_fba=without_fba
        )

    def count_hidden_fba(self, filter_text: str, queue: str) -> int:
        """Return how many orders that fit queue and filter `find` leaves out `without_fba`. Raises FilterError."""
        if self._asks_for_fba(filter_text, queue):
            return 0
        return self.count(filter_text, queue, f"channel:{Channel.AMAZON}")

    def _asks_for_fba(self, filter_text: str, queue: str) -> bool:
        """Return whether the filter says itself whether FBA orders are wanted, as it names the channel or an order id,
        or it is about what is marked. Raises FilterError.
        """
        if queue == MARKED or not filter_text.strip():
            return queue == MARKED
        from ordertui.rules.language.ast import comparisons

        return any(
            one.field in ("channel", "id", MARKED, MARKED_BY) for one in comparisons(self.condition(filter_text))
        )

    def tally(
        self, key: str, filter_text: str, queue: str, limit: int | None, *, without_fba: bool = False
    ) -> list[tuple[str | int | None, int]]:
        """Return each value of a key of `store.TALLIES` among the orders of queue and filter, with how many have it.

        Most orders first, at most `limit` values; `without_fba` as in `find`. Raises FilterError, UnknownChoice,
        KeyError.
        """
        condition = self._condition_in(filter_text, queue)
        decisions = self._decisions(condition)
        without_fba = without_fba and not self._asks_for_fba(filter_text, queue)
        return self._context.reader().orders.tally(
            key, condition, decisions=decisions, limit=limit, without_fba=without_fba
        )

    def _condition_in(self, filter_text: str, queue: str, also: str = "") -> Condition | None:
        """Return the condition of a queue with a filter, and perhaps another one; None when every order fits."""
        spec = BY_KEY.get(queue)
        if spec is None:
            raise UnknownChoice("queue", queue, tuple(BY_KEY))
        parts = [self.condition(text) for text in (self._queue_filter(spec), filter_text, also) if text.strip()]
        outdated = self._eligibility().outdated_condition() if spec.key == AUTO_CANCEL else None
        if outdated is not None:
            from ordertui.rules.language.ast import Not

            parts.append(Not(outdated))
        return _all(parts)

    def count_unknown(self, spec: QueueSpec, filter_text: str = "") -> int:
        """Return how many orders may belong to a queue, for want of a fact or of a newer report. Raises FilterError."""
        count = self.count(filter_text, also=spec.unknown) if spec.unknown else 0
        outdated = self._eligibility().outdated_condition() if spec.key == AUTO_CANCEL else None
        if outdated is None:
            return count
        texts = [text for text in (spec.filter, filter_text) if text.strip()]
        condition = _all([outdated, *map(self.condition, texts)])
        return count + self._context.reader().orders.count(condition, decisions=self._decisions(condition))

    @property
    def books_refunds(self) -> bool:
        """Whether a connection to Amazon shows which refunds it booked."""
        return self._context.config.amazon.profile != "off"

    def _queue_filter(self, spec: QueueSpec) -> str:
        """Return the filter of a queue in this store: without a connection no refund waits for a booking."""
        if spec.key == "unconfirmed" and not self.books_refunds:
            return f"{spec.filter} {NO_ANSWERED_REFUNDS}"
        return spec.filter

    def _decisions(self, *conditions: Condition | None) -> Decisions:
        asked = [condition for condition in conditions if condition is not None]
        if not asked:
            return Decisions()
        from ordertui.rules.language import REST_CANCELLED, comparisons

        decisions = self._eligibility().decisions(asked)
        if any(one.field == MARKED for condition in asked for one in comparisons(condition)):
            decisions = decisions._replace(marked=marked_ids(self.marks().snapshot()))  # the screen may change them now
        if any(one.field == REST_CANCELLED for condition in asked for one in comparisons(condition)):
            decisions = decisions._replace(rest_cancelled=self._context.reader().orders.rest_cancelled())
        others = [one.value for condition in asked for one in comparisons(condition) if one.field == MARKED_BY]
        if others:
            from ordertui.rules.language.ast import Pattern

            marked_by = {who: self._marks_of("*".join(who.parts)).ids() for who in others if isinstance(who, Pattern)}
            decisions = decisions._replace(marked_by=marked_by)
        return decisions

    def rows(self, ids: Iterable[int]) -> dict[int, OrderRow]:
        """Return the rows of these ids; unknown ids are left out."""
        return self._context.reader().orders.rows(ids)

    def gone(self, ids: Iterable[int]) -> IdSet:
        """Return those of these ids whose order was removed from the store, by a purge or the undo of an import."""
        found = IdSet(ids)
        return found.without(self._context.reader().orders.existing(found))

    def listed(self, rows: Iterable[OrderRow]) -> dict[int, ListedFacts]:
        """Return what a list shows of these orders besides their rows, by row id; one without any is left out."""
        found = tuple(rows)
        in_journal = (row.id for row in found if row.open_action is not None)
        me = self._context.person.name
        return self._context.reader().listing.get((row.id for row in found), in_journal, me)

    def get(self, order_id: str) -> Order | None:
        """Return an order with its lines by Amazon's order id; None when the store has no such order."""
        return self._context.reader().orders.order(order_id)

    def api_facts(self, row_id: int) -> ApiFacts | None:
        """Return what only the API said of an order; None when it never named it."""
        return self._context.reader().api_facts.get(row_id)

    def id_of(self, order_id: str) -> int | None:
        """Return the row id of Amazon's order id; None when the store has no such order."""
        return self._context.reader().orders.id_of(order_id)

    def ids_of(self, order_ids: Iterable[str]) -> dict[str, int]:
        """Return row ids by Amazon's order id; unknown orders are left out."""
        return self._context.reader().orders.ids_of(order_ids)

    def queues(self, filter_text: str = "", *, without_fba: bool = False) -> tuple[Queue, ...]:
        """Return the work queues, with the counts of their orders that fit a filter; perhaps without those that Amazon
        ships, see `find`. Raises FilterError.
        """
        requests_invisible = not self._context.reader().tallies.has_request_column()
        out = []
        for spec in QUEUES:
            count: int | None = (
                self._count_marked(filter_text)
                if spec.key == MARKED
                else self.count(filter_text, spec.key, without_fba=without_fba)
            )
            note = ""
            if spec.key == "buyer_asked" and requests_invisible and self.marketplaces():
                note = INVISIBLE_REQUESTS
                count = count or None
            unknown = 0 if count is None else self.count_unknown(spec, filter_text)
            out.append(Queue(spec.key, spec.title, self._queue_filter(spec), count, spec.why_empty, note, unknown))
        return tuple(out)

    def known_marks(self) -> Marks | None:
        """Return the operator's marks, as they are now; None where they cannot be read."""
        try:
            return self.marks()
        except BadInput:
            return None

    def _count_marked(self, filter_text: str) -> int | None:
        """Return how many marked orders fit a filter; None where the marks cannot be read.

        They are looked for a part at a time, whatever their number.
        """
        marks = self.known_marks()
        if marks is None:
            return None
        marked = IdSet(marks)  # the screen may change them now
        if not marked or not filter_text.strip():
            return len(marked)
        condition = self.condition(filter_text)
        fitting = self._context.reader().orders.fitting(marked, condition, decisions=self._decisions(condition))
        return sum(1 for _ in fitting)

    def marketplaces(self) -> Sequence[str]:
        """Return the codes of the marketplaces that have orders, most orders first."""
        return self._context.reader().tallies.marketplaces()

    def as_of(self) -> int | None:
        """Return the newest date (epoch seconds) that an imported report gave; None before the first import."""
        return self._context.reader().tallies.as_of()

    def timeline(self, order: Order) -> list[Event]:
        """Return what is known to have happened to an order, oldest first."""
        from .timeline import history, messages

        mail = messages(self._context.reader().audit.entries(order_id=order.row.order_id))
        return history(order, self._batches(), mail)

    def export(self, ids: Sequence[int], path: Path, stop: Callable[[], bool] = lambda: False) -> int:
        """Write these orders as CSV, TSV or JSON, by the file's suffix, and return how many they are.

        Raises BadInput, FileConflict when the file exists, Stopped when `stop` says so (then no file is there), and
        Refused where a practice store's file would leave its folder.
        """
        from ordertui.operations.planning.plan_file import inside_only

        from .export import write_list

        inside_only(path, self._context.export_directory)
        return write_list(self.records(ids, stop), path)

    def records(self, ids: Sequence[int], stop: Callable[[], bool] = lambda: False) -> Iterator[Record]:
        """Yield these orders as rows of a list, in their order, read some at a time. Raises Stopped."""
        from .export import record

        eligibility = self._eligibility()
        for start in range(0, len(ids), READ_AT_ONCE):
            part = ids[start : start + READ_AT_ONCE]
            orders = self._context.reader().orders.get(part)
            eligibility.rules.prefetch(order.row for order in orders.values())
            for place, i in enumerate(part):
                if not place % STOP_LOOKED_AT and stop():
                    raise Stopped(f"stopped after {pluralize(start + place)}; nothing was written")
                if i in orders:
                    row, lines = orders[i].row, orders[i].lines
                    yield record(row, eligibility.allowed_action(row), lines)


def _all(parts: Sequence[Condition]) -> Condition | None:
    if len(parts) <= 1:
        return next(iter(parts), None)
    from ordertui.rules.language import And

    return And(tuple(parts))
