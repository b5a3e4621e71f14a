"""The part of the shop for looking: views and filters, orders and what may be done with them, queues, what needs attention."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ordertui.orders.clock import Clock, iso_utc
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import zone_of
from ordertui.orders.order import Order, OrderRow
from ordertui.store import BY_ALLOWED_ACTION, SituationLists, Store

from .config import Config
from .errors import UnknownChoice
from .query.queues import BY_KEY, INVISIBLE_REQUESTS, QUEUES
from .query.sort_order import read_sorting
from .values import Queue

if TYPE_CHECKING:
    from ordertui.rules.language import Condition
    from ordertui.rules.policy.policy import Policies
    from ordertui.rules.tables.explanation import Explanation, Verdict

    from .eligibility import Eligibility
    from .planning.planner import Planner
    from .policies import ActivePolicies

DAY_OLD = 24 * 3600


class LookPart:
    """Mixed into the shop."""

    clock: Clock
    config: Config
    _viewing: set[Store]

    def _reader(self) -> Store:
        raise NotImplementedError

    @property
    def policies(self) -> Policies:
        """The policies in force."""
        raise NotImplementedError

    @property
    def _in_force(self) -> ActivePolicies:
        raise NotImplementedError

    @property
    def _judge(self) -> Eligibility:
        raise NotImplementedError

    @property
    def _planner(self) -> Planner:
        raise NotImplementedError

    def rotation(self) -> str:
        """What to say of an old client secret."""
        raise NotImplementedError

    def needs(self) -> tuple[str, ...]:
        """What needs attention after batches left."""
        raise NotImplementedError

    def condition(self, text: str) -> Condition:
        """The filter as a condition, in the shop's zone. Raises FilterError."""
        from ordertui.rules.language import parse

        return parse(text, now=self.clock.now(), zone=self.zone)

    @property
    def zone(self) -> str:
        """The named zone for dates in filters: that of the marketplace with most orders."""
        codes = self.marketplaces()
        return zone_of(codes[0]) if codes else "UTC"

    def view(
        self,
        filter_text: str = "",
        sort: str = "placed",
        reverse: bool = True,
        queue: str = "all",
        limit: int | None = None,
    ) -> array[int]:
        """Ids of the orders that fit queue and filter, sorted: see `sorting`; `reverse` is for keys without a sign. Raises
        FilterError, UnknownChoice."""
        sorting = read_sorting(sort, down=reverse)
        condition = self._condition(filter_text, queue)
        reader = self._reader()
        self._viewing.add(reader)
        try:
            return reader.orders.find(
                condition,
                situations=self._situations(condition),
                sorting=sorting,
                ranks=self._judge.ranks(reader) if any(key == BY_ALLOWED_ACTION for key, _ in sorting) else (),
                limit=limit,
            )
        finally:
            self._viewing.discard(reader)

    def interrupt_views(self) -> None:
        """Stop the views that other threads are reading: each raises store.Interrupted."""
        for reader in tuple(self._viewing):
            reader.interrupt()

    def count(self, filter_text: str = "", queue: str = "all") -> int:
        """How many orders fit. Raises FilterError."""
        condition = self._condition(filter_text, queue)
        return self._reader().orders.count(condition, situations=self._situations(condition))

    def _condition(self, filter_text: str, queue: str) -> Condition | None:
        """Return the condition of a filter within a queue; None when every order fits. Raises FilterError."""
        spec = BY_KEY.get(queue)
        if spec is None:
            raise UnknownChoice("queue", queue, tuple(BY_KEY))
        if not spec.filter and not filter_text.strip():
            return None
        theirs, ours = self.condition(filter_text), self.condition(spec.filter)
        from ordertui.rules.language import And

        return theirs if not spec.filter else ours if not filter_text.strip() else And((ours, theirs))

    def _situations(self, condition: Condition | None) -> SituationLists:
        return {} if condition is None else self._judge.situation_lists(condition, self._reader())

    def rows(self, ids: Iterable[int]) -> dict[int, OrderRow]:
        """The rows of these ids."""
        return self._reader().orders.rows(ids)

    def order(self, order_id: str) -> Order | None:
        """An order with its lines, by Amazon's order id."""
        return self._reader().orders.order(order_id)

    def id_of(self, order_id: str) -> int | None:
        """The row number of an order id."""
        return self._reader().orders.id_of(order_id)

    def may(self, row: OrderRow) -> str:
        """The word of the `May` column."""
        return self._judge.may(row)

    def verdicts(self, row: OrderRow) -> tuple[Verdict, ...]:
        """One verdict per action."""
        return self._judge.verdicts(row)

    def explain(self, order: Order, action: Action) -> Explanation:
        """The verdict with everything behind it: facts, sources, house rules, and what stands in the way."""
        return self._planner.explain(order, action)

    def deadline(self, row: OrderRow) -> int | None:
        """When Amazon cancels it by itself; None: unknown or never."""
        return self._judge.deadline(row)

    def queues(self) -> tuple[Queue, ...]:
        """The work queues with their counts."""
        blind = not self._reader().tallies.has_request_column()
        out = []
        for spec in QUEUES:
            count: int | None = self.count("", spec.key)
            note = ""
            if spec.key == "buyer_asked" and blind and self.marketplaces():
                note = INVISIBLE_REQUESTS
                count = count or None
            out.append(Queue(spec.key, spec.title, spec.filter, count, spec.why_empty, note))
        return tuple(out)

    def marketplaces(self) -> Sequence[str]:
        """Codes of the marketplaces that have orders, most orders first."""
        return self._reader().tallies.marketplaces()

    def as_of(self) -> int | None:
        """The newest date any imported report gave."""
        return self._reader().tallies.as_of()

    def data_version(self) -> int:
        """Changes whenever anything in the store changed, by whatever process; compare values of one thread only."""
        return self._reader().data_version()

    def notes(self) -> tuple[str, ...]:
        """Banners: a policy file not in force or edited, stale reports and policy values, invisible requests, an old client secret, and
        what `needs` finds."""
        from .policies import edited

        found = [text for text in (self._in_force.note, edited(self.config, self._in_force)) if text]
        as_of, now = self.as_of(), self.clock.now()
        if as_of is not None and now - as_of > DAY_OLD:
            found.append(f"the newest report is of {iso_utc(as_of)}: import fresh ones before acting")
        if as_of is not None and not self._reader().tallies.has_request_column():
            found.append(INVISIBLE_REQUESTS)
        stale = {setting.name for code in self.marketplaces() for setting in self.policies.of(code).stale(now)}
        if stale:
            found.append(f"policy values to check again: {', '.join(sorted(stale))}")
        found += filter(None, [self.rotation()])
        return (*found, *self.needs())
