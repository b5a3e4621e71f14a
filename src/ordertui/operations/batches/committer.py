"""Put checked plans into the hold."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

import msgspec

from ordertui.operations.errors import CountNotTyped, PlanChanged, PlanExpired, Refused, Stopped
from ordertui.operations.long_runs import paused_collection, stop_check
from ordertui.operations.planning.feed_builder import describe_feed_files, feed_rows
from ordertui.operations.planning.order_planner import PlanChoices, choices_of
from ordertui.operations.planning.plan import Plan, PlannedOrder, plan_id, seal_of
from ordertui.operations.planning.plan_file import encode
from ordertui.operations.planning.planner import Planner
from ordertui.operations.planning.reading import READ_AT_ONCE, OrderReader
from ordertui.orders.clock import Clock, iso_utc
from ordertui.orders.enums import Action
from ordertui.orders.order import Order
from ordertui.orders.text import pluralize
from ordertui.store import Interrupted, JournalBatch, Store, VersionChanged

from .batch import Batch, as_batch, journal_row

MOST_SHOWN = 20
SEEN_AT_ONCE = 100_000
"""Row numbers that are compared with each other at a time, some more or less."""


class Committer:
    """Writes plans into the journal of one store."""

    def __init__(
        self,
        store: Store,
        planner: Planner,
        clock: Clock,
        check_policy: Callable[[], None],
        *,
        merchant_id: str,
        practice: bool,
    ) -> None:
        self._store = store
        self._planner = planner
        self._clock = clock
        self._check_policy = check_policy
        self._merchant_id = merchant_id
        self._practice = practice

    def commit(
        self,
        plans: Sequence[Plan],
        typed: str | None,
        stop: Callable[[], bool] = lambda: False,
        progress: Callable[[int, int], None] = lambda *_: None,
    ) -> list[Batch]:
        """Put plans into the hold, all of them or none, in one transaction.

        Every row is decided again, and the bytes are made again and compared. `typed` is the number of orders of all
        plans together, when one of them asks for it. Raises Refused, PlanExpired, PlanChanged (with the differences of
        all plans), CountNotTyped, store.ActionAlreadyOpen, and Stopped when `stop` says so; then nothing was written.
        """
        check_stop = stop_check(stop)
        self._check_kind(plans)
        for plan in plans:
            self._check_age(plan)
        readers = [OrderReader(self._store) for _ in plans]
        is_small = sum(len(plan.rows) for plan in plans) <= READ_AT_ONCE
        if not is_small:
            self._check(plans, readers, typed, check_stop, progress)
            readers = [OrderReader(self._store) for _ in plans]
        try:
            with self._store.write() as database:  # processes that reach a limit of the day together: one is refused
                self._check_policy()
                with paused_collection(), database.stoppable(stop):
                    if is_small:  # few orders are judged, and read once, where nobody else can change them
                        self._check(plans, readers, typed, check_stop, progress)
                    pairs = zip(plans, readers, strict=True)
                    batches = [as_batch(self._add(plan, reader, check_stop)) for plan, reader in pairs]
                check_stop()
                return batches
        except VersionChanged as error:
            raise PlanChanged(str(error), [f"{order_id} changed" for order_id in error.order_ids]) from error
        except Interrupted as error:
            raise Stopped("stopped; nothing was done") from error

    def _check_kind(self, plans: Sequence[Plan]) -> None:
        if not plans or not all(plan.rows for plan in plans):
            raise Refused("the plan takes no order in; there is nothing to commit")
        if len({plan.marketplace for plan in plans}) < len(plans) or len({plan.action for plan in plans}) > 1:
            raise Refused("a plan file has one action, and one plan for each marketplace; make the plan again")
        if plans[0].action is Action.MESSAGE:
            raise Refused(
                "messages are not sent by file: copy the text (key m, or `ordertui message ORDER-ID`)"
                " into Seller Central"
            )
        for plan in plans:
            if _has_twice(array("q", (hash(row.id) for row in plan.rows))):
                raise Refused("the plan names an order twice: the plan file was edited; make the plan again")
        if any(plan.practice is not self._practice for plan in plans):
            raise Refused("a practice plan cannot be committed to a real store, nor a real one to a practice store")
        if any(plan.store != self._store.identity.id for plan in plans):
            raise Refused("the plan was made in another store, or by an older version; make it again in this one")

    def _check_age(self, plan: Plan) -> None:
        now = self._clock.now()
        life = self._planner.life_seconds(plan.marketplace)  # of the policy: the file may say anything
        expires_at = plan.created_at + life
        if not plan.created_at - life <= now < expires_at:
            when = "expired at" if now >= expires_at else "is from the future, good until"
            raise PlanExpired(f"the plan {when} {iso_utc(expires_at)}; make it again")

    def _check(
        self,
        plans: Sequence[Plan],
        readers: Sequence[OrderReader],
        typed: str | None,
        check_stop: Callable[[], None],
        progress: Callable[[int, int], None],
    ) -> None:
        """Raise PlanChanged unless all is as it was when these plans were made, CountNotTyped without the number."""
        with paused_collection():
            found = [
                text
                for plan, reader in zip(plans, readers, strict=True)
                for text in self._differences(plan, reader, check_stop, progress)
            ]
        if found:
            raise _changed(found)
        count = typed_count(plans)
        if count is not None and (typed or "").strip() != str(count):
            why = "; ".join(typed_reasons(plans))
            raise CountNotTyped(f"type the number of orders, {count}, to commit {_this(plans)}: {why}", count)

    def _add(self, plan: Plan, reader: OrderReader, check_stop: Callable[[], None]) -> JournalBatch:
        """Write one plan into the journal, within the transaction of `commit`."""
        limits = self._planner.check_limits(plan, reader)  # a stop ends the statement that runs
        if limits.differences:
            raise _changed(limits.differences)
        check_stop()
        journal = self._store.journal
        added = journal.add(
            action=plan.action,
            marketplace=plan.marketplace,
            rows=(journal_row(plan.action, row) for row in plan.rows),
            plan=encode(plan),
            sha256=next(file for file in plan.files if file.upload).sha256,
            due_at=self._clock.now() + self._planner.hold_seconds(plan),
        )
        if not limits.approval:
            return added
        journal.approvals.ask(added, limits.approval)
        return self._store.batches.get(added.id)

    def _differences(
        self, plan: Plan, reader: OrderReader, check_stop: Callable[[], None], progress: Callable[[int, int], None]
    ) -> list[str]:
        """Return in words what is not as it was when the plan was made."""
        found: list[str] = []
        if plan.id != plan_id(plan.action, plan.marketplace, plan.created_at, plan.rows):
            found.append("the plan file was edited: its rows are not those it was made with")
        elif plan.seal != seal_of(plan):
            found.append(
                "the plan file was edited, or an older version made it: the money, rates, warnings or excluded orders"
                " that it tells are not those it was made with"
            )
        if not found and describe_feed_files(feed_rows(plan, self._merchant_id), check_stop) != plan.files:
            found.append(
                "the plan's bytes are not what its rows make: the file was edited,"
                " or another program version or merchant id made it"
            )
        for start in range(0, len(plan.rows), READ_AT_ONCE):
            progress(start, len(plan.rows))
            rows = plan.rows[start : start + READ_AT_ONCE]
            orders, choices = reader.get(rows), choices_of(plan.action, rows)
            for row in rows:
                check_stop()
                difference = self._difference(plan, row, orders.get(row.id), choices)
                if difference:
                    found.append(difference)
                if len(found) >= MOST_SHOWN:
                    return [*found, "and maybe more"]
        progress(len(plan.rows), len(plan.rows))
        return found

    def _difference(self, plan: Plan, row: PlannedOrder, order: Order | None, choices: PlanChoices) -> str:
        if order is None:
            return f"{row.order_id}: not in this store"
        if order.row.order_id != row.order_id:
            return f"{row.order_id}: the plan file was edited: this row was made of order {order.row.order_id}"
        if order.row.marketplace != plan.marketplace:
            return f"{row.order_id}: an order of {order.row.marketplace}, in a plan of {plan.marketplace}"
        fresh = self._planner.orders.plan(plan.action, order, choices)
        if not isinstance(fresh, PlannedOrder):
            return f"{row.order_id}: now excluded: {fresh.why}"
        if fresh.version != row.version:
            status = order.row.status.value.replace("_", " ")
            return f"{row.order_id}: changed (now {status}, version {row.version} → {fresh.version})"
        if fresh.rule != row.rule:
            return f"{row.order_id}: the rules now say {fresh.rule}, the plan was made by {row.rule}"
        for line, given in zip(fresh.lines, row.lines, strict=False):
            name = _differing_field(line, given)
            if name:
                return f"{row.order_id}: the field `{name}` of line {line.line} is not what the rules and the order say"
        name = _differing_field(
            msgspec.structs.replace(fresh, note=row.note), row
        )  # a note tells of the whole plan too
        return f"{row.order_id}: the field `{name}` is not what the rules and the order say" if name else ""


def _differing_field(first: msgspec.Struct, second: msgspec.Struct) -> str:
    """Return the name of the first field in which two values of one class differ; empty when there is none."""
    return next((name for name in first.__struct_fields__ if getattr(first, name) != getattr(second, name)), "")


def _has_twice(ids: Sequence[int]) -> bool:
    """Return whether a number is there twice. Few of them are in a set at a time: in one an order takes 80 bytes.

    That each order id of a plan is that of its row number is looked at later, by `_difference`; the hash of a number is
    itself, but of one that is larger than any of a store.
    """
    parts = len(ids) // SEEN_AT_ONCE + 1
    seen = (len({one for one in ids if one % parts == rest}) for rest in range(parts))
    return sum(seen) < len(ids)


def typed_count(plans: Sequence[Plan]) -> int | None:
    """Return the number to type before these plans are committed: of all their orders; None when no plan asks."""
    if all(plan.typed_count is None for plan in plans):
        return None
    return sum(len(plan.rows) for plan in plans)


def typed_reasons(plans: Sequence[Plan]) -> list[str]:
    """Return why the number of these plans must be typed, each with its marketplace where there are several."""
    found = []
    for plan in plans:
        if plan.typed_count is not None:
            place = f"{plan.marketplace}: " if len(plans) > 1 else ""
            found += [f"{place}{why}" for why in plan.typed_why or ("policy asked for it when the plan was made",)]
    return found


def _this(plans: Sequence[Plan]) -> str:
    if len(plans) == 1:
        return "this plan"
    return f"these plans ({', '.join(f'{plan.marketplace} {len(plan.rows):,}' for plan in plans)})"


def _changed(differences: Sequence[str]) -> PlanChanged:
    return PlanChanged(
        f"{pluralize(len(differences), 'difference')} since the plan was made; make it again", differences
    )
