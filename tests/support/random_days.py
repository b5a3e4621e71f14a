"""Days of a shop as values that hypothesis makes and makes smaller: orders, reports, facts, batches, time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from ordertui.operations.config import Config
from ordertui.operations.errors import OperationError
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.session import Session
from ordertui.orders.api_facts import ApiFacts, Parcel
from ordertui.orders.clock import DAY, HOUR, FixedClock, to_local
from ordertui.orders.enums import Action, Dispatched
from ordertui.orders.errors import UserError
from ordertui.orders.marketplace import zone_of
from ordertui.store import StoreError

from .reports import write
from .shops import ALL_ORDERS, UNSHIPPED, all_orders_row, item_id, order_id, unshipped_row

STATUSES = ("Unshipped", "Unshipped", "Shipped", "Shipped", "PartiallyShipped", "Cancelled", "Pending", "Odd")
MARKETS = ("US", "US", "JP", "DE", "AU", "IN", "AE")
RULES = (
    ("total>25 marketplace:US", "cancel"),
    ("sku:SKU-*1 or title:thing", "refund"),
    ("placed:last-2d", "cancel"),
    ("-action:cancel status:unshipped", "confirm"),
    ("late", "confirm"),
    ("auto-cancel<3d", "cancel"),
    ('"SKU-2"', "refund"),
    ("request:some or business", "cancel"),
    ("total:unknown", "refund"),
)
"""Conditions and actions of house rules that deny."""
PROGRAMS = ("AMAZON_EASY_SHIP", "FBM_SHIP_PLUS", "DELIVERY_BY_AMAZON", "IN_STORE_PICK_UP", "PRIME", "AMAZON_BUSINESS")


class Item(NamedTuple):
    """One line of an order, as reports will tell it."""

    price: str
    """Whole units of the currency; empty: no report gives a price."""
    quantity: int
    shipped: int
    status: str
    """Of the line in All Orders; empty: the order's."""
    requested: str
    named: bool
    """Whether the Unshipped report names the line, and so its item id."""


class Placed(NamedTuple):
    """One order, as reports will tell it."""

    market: str
    age: int
    """Seconds since it was placed."""
    status: str
    """In All Orders; empty: All Orders does not name it."""
    channel: str
    items: tuple[Item, ...]
    is_prime: str


class Step(NamedTuple):
    """One thing that happens: its name, the orders it is about (by place), and a choice."""

    kind: str
    chosen: frozenset[int]
    number: int


ITEMS = st.builds(
    Item,
    price=st.sampled_from(("10", "30", "0", "")),
    quantity=st.integers(0, 3),
    shipped=st.integers(0, 2),
    status=st.sampled_from(("", "", "", "Cancelled", "Shipped")),
    requested=st.sampled_from(("false", "true", "")),
    named=st.booleans(),
)
ORDERS = st.lists(
    st.builds(
        Placed,
        market=st.sampled_from(MARKETS),
        age=st.sampled_from((HOUR, DAY, 2 * DAY, 5 * DAY, 9 * DAY, 20 * DAY)),
        status=st.sampled_from((*STATUSES, "")),
        channel=st.sampled_from(("Merchant", "Merchant", "Merchant", "Amazon", "")),
        items=st.lists(ITEMS, min_size=1, max_size=3).map(tuple),
        is_prime=st.sampled_from(("", "true", "false")),
    ),
    min_size=1,
    max_size=6,
)
KINDS = (
    "all orders", "unshipped", "handed over", "asked", "api", "parcels",
    "commit", "commit", "commit", "leave", "recall", "settle", "retry", "rate report", "wait", "undo import",
)  # fmt: skip
STEPS = st.lists(
    st.builds(Step, st.sampled_from(KINDS), st.frozensets(st.integers(0, 5)), st.integers(0, 11)), max_size=8
)
POLICIES = st.tuples(
    st.sampled_from(("amazon", "amazon", "article")),
    st.lists(st.sampled_from(range(len(RULES))), max_size=3, unique=True),
)


def rules_text(chosen: list[int]) -> str:
    """A policy file with these of RULES."""
    return "\n".join(
        f'[[rule]]\nid = "r{n}"\nwhen = \'{RULES[n][0]}\'\neffect = "deny"\n'
        f'why = "not by rule {n}"\naction = ["{RULES[n][1]}"]\n'
        for n in chosen
    )


def parcels(session: Session) -> dict[str, tuple[str, str, str]]:
    """A parcel for every order, handed over today, where its marketplace is: not before it was placed."""
    now, rows = session.clock.now(), session.orders.rows(session.orders.find()).values()
    return {row.order_id: ("UPS", "1Z", str(to_local(now, zone_of(row.marketplace)).date())) for row in rows}


class Days:
    """Lets days go by in a session; see `days_of`."""

    def __init__(self, session: Session, clock: FixedClock, folder: Path, orders: list[Placed]) -> None:
        self.session = session
        self.clock = clock
        self.folder = folder
        self.orders = orders
        self._files = 0
        self._import(self._all_orders(range(len(orders))), self._unshipped(range(len(orders))))

    def go(self, step: Step) -> None:
        """Do one step. What the program refuses is refused."""
        with suppress(UserError, OperationError, StoreError):
            getattr(self, "_" + step.kind.replace(" ", "_") + "_step")(step)

    # -- reports

    def _all_orders(self, places: Iterable[int], status: str | None = None) -> list[Mapping[str, object]]:
        rows: list[Mapping[str, object]] = []
        for place in places:
            order = self.orders[place]
            word = order.status if status is None else status
            if not word:
                continue
            for line, item in enumerate(order.items, start=1):
                priced = (
                    {"item_price": item.price}
                    if item.price
                    else {"item_price": "", "item_tax": "", "currency": ""}
                )  # fmt: skip
                rows.append(
                    all_orders_row(
                        place + 1, word, market=order.market, age=order.age, updated=self.clock.now() - 60,
                        sku=f"SKU-{place + 1}{'abc'[line - 1]}", item_status=item.status or word,
                        fulfillment_channel=order.channel, quantity=item.quantity, **priced,
                    )
                )  # fmt: skip
        return rows

    def _unshipped(self, places: Iterable[int]) -> list[Mapping[str, object]]:
        rows: list[Mapping[str, object]] = []
        for place in places:
            order = self.orders[place]
            if order.status in ("Pending", "Cancelled"):
                continue
            for line, item in enumerate(order.items, start=1):
                if not item.named:
                    continue
                shipped = min(item.shipped, item.quantity) if order.status == "PartiallyShipped" else 0
                rows.append(
                    unshipped_row(
                        place + 1, item.requested, market=order.market, age=order.age,
                        sku=f"SKU-{place + 1}{'abc'[line - 1]}", order_item_id=item_id(place + 1, line),
                        reporting_date="", quantity_purchased=item.quantity, quantity_shipped=shipped,
                        is_prime=order.is_prime,
                    )
                )  # fmt: skip
        return rows

    def _import(self, everything: list[Mapping[str, object]], waiting: list[Mapping[str, object]]) -> None:
        self._files += 1
        for name, columns, rows in (("all", ALL_ORDERS, everything), ("open", [*UNSHIPPED, "is-prime"], waiting)):
            if rows:
                self.session.imports.import_files([write(self.folder / f"{name}{self._files}.txt", columns, rows)])

    def _all_orders_step(self, step: Step) -> None:
        self._import(self._all_orders(self._places(step), STATUSES[step.number % len(STATUSES)]), [])

    def _unshipped_step(self, step: Step) -> None:
        self._import([], self._unshipped(self._places(step)))

    def _rate_report_step(self, step: Step) -> None:
        columns = ("order-date", "order-id", "impacts-account-health")
        word = ("Yes", "No")[step.number % 2]
        rows = [dict(zip(columns, ("2026-11-22", order_id(n + 1), word), strict=True)) for n in self._places(step)]
        self._files += 1
        path = write(self.folder / f"rate{self._files}.txt", columns, rows)
        self.session.imports.import_files([path])

    def _undo_import_step(self, step: Step) -> None:
        self.session.undo_import(step.number + 1)

    # -- facts

    def _handed_over_step(self, step: Step) -> None:
        said = (Dispatched.YES, Dispatched.NO, Dispatched.UNKNOWN)[step.number % 3]
        self.session.facts.set_dispatched(self._ids(step), said)

    def _asked_step(self, step: Step) -> None:
        self.session.facts.set_asked(self._ids(step), step.number % 3 > 0)

    def _api_step(self, step: Step) -> None:
        self._keep(step, ApiFacts(self.clock.now(), PROGRAMS[step.number % 3 :: 3]))

    def _parcels_step(self, step: Step) -> None:
        status = ("PENDING", "IN_TRANSIT", "DELIVERED", "")[step.number % 4]
        self._keep(step, ApiFacts(self.clock.now(), parcels=(Parcel("1", status),)))

    def _keep(self, step: Step, facts: ApiFacts) -> None:
        self.session.context.store.api_facts.keep({order_id(n + 1): facts for n in self._places(step)})

    # -- batches

    def _commit_step(self, step: Step) -> None:
        action = (Action.CANCEL, Action.REFUND, Action.CONFIRM)[step.number % 3]
        choices = PlanChoices("Other" if action is Action.REFUND else "", shipping=parcels(self.session))
        for plan in self.session.planner.plan(action, self._ids(step), choices):
            if plan.rows:
                self.session.batches.commit(plan, typed=str(len(plan.rows)))

    def _leave_step(self, step: Step) -> None:
        for batch in self.session.batches.find(open_only=True):
            with suppress(UserError):
                self.session.batches.release(batch.id)
        self.session.dispatcher.run()

    def _recall_step(self, step: Step) -> None:
        self.session.batches.recall(step.number % 4 + 1)

    def _settle_step(self, step: Step) -> None:
        batch = self.session.batches.get(step.number % 4 + 1)
        ids = [row.order_id for n, row in enumerate(batch.rows) if n in step.chosen]
        self.session.batches.settle(batch.id, ids, done=step.number % 2 == 0, why="seen", typed=str(len(ids)))

    def _retry_step(self, step: Step) -> None:
        for plan in self.session.batches.retry(step.number % 4 + 1):
            if plan.rows:
                self.session.batches.commit(plan, typed=str(len(plan.rows)))

    def _wait_step(self, step: Step) -> None:
        self.clock.advance((HOUR, DAY, 3 * DAY, 10 * DAY, 40 * DAY)[step.number % 5])

    def _places(self, step: Step) -> list[int]:
        return [place for place in sorted(step.chosen) if place < len(self.orders)]

    def _ids(self, step: Step) -> list[int]:
        found = (self.session.orders.id_of(order_id(place + 1)) for place in self._places(step))
        return [row_id for row_id in found if row_id is not None]


@contextmanager
def days_of(folder: Path, clock: FixedClock, orders: list[Placed], policy: tuple[str, list[int]]) -> Iterator[Days]:
    """Open the store of a folder under one of POLICIES, and import what the reports of the first day say."""
    house = folder / "house.toml"
    house.write_text(rules_text(policy[1]), encoding="utf-8")
    config = Config(policy=policy[0], policy_file=str(house) if policy[1] else "")
    with Session.open(folder / "orders.db", clock=clock, config=config) as session:
        yield Days(session, clock, folder, orders)
