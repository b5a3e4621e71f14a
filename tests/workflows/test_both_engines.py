"""A store in a file and the same store on a server answer alike: filters, sorts, queues, rates, plans, a day's work."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ordertui.operations.batches.batch import Batch
from ordertui.operations.config import Config, store_place
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.query.facets import FACETS
from ordertui.operations.query.facets import values as facet_values
from ordertui.operations.query.queues import within
from ordertui.operations.session import Session
from ordertui.operations.store_move import move_store
from ordertui.orders.clock import DAY, HOUR, FixedClock, iso_utc
from ordertui.orders.enums import Action, Dispatched
from ordertui.rules.language.fields import FIELDS
from ordertui.store import SORT_KEYS, Store
from support.batches import answer, commit, send
from support.cli import Command
from support.places import schema_of
from support.reports import write
from support.server import Server
from support.shops import ALL_ORDERS, NOW, UNSHIPPED, all_orders_row, bring, open_session, order_id, unshipped_row
from support.tables import table_rows

CLOCK = FixedClock(NOW)
TITLES = ("Übertopf", "ÜBER 100%", "yoga mat", "Größe_L", "ヨガマット", "a!b", "it's", "Zebra", "")
FILTERS = (
    "", "status:unshipped", "total>50", "-total>=20", "placed:7d", "placed<2d", "ship-by:<24h", "über", "100%",
    "größe_l", '"yoga mat"', "title:ヨガ*", "(late or status:shipped) -über", "marketplace:DE,JP", "action:cancel",
    "action:refund", "counts:yes", "request:official", "items>1", "it's", "a!b", "111-0000000-00000*",
    "refunded:none channel:merchant", "placed:today", "-placed:yesterday ship-by>=2026-11-20", "placed:last-7d late",
)  # fmt: skip
UNKNOWN = [f"{name}:unknown" for name, one in FIELDS.items() if "unknown" in one.values]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[tuple[Session, Session]]:
    """The file, and the server that it was moved to."""
    folder, rng = tmp_path_factory.mktemp("both"), random.Random(7)
    numbers = range(1, 240)
    rows = {
        n: all_orders_row(
            n,
            rng.choice(("Unshipped", "Pending", "Shipped", "Cancelled")),
            market=("US", "DE", "JP")[n % 3],
            age=rng.randrange(40 * DAY),
            product_name=rng.choice(TITLES),
            quantity=rng.randint(1, 3),
            sku=f"S-{rng.randint(1, 30)}",
        )
        for n in numbers
    }
    with open_session(folder) as session:
        codes = ("US", "DE", "JP")
        before = [row | {"order-status": "Unshipped", "item-status": "Unshipped"} for row in rows.values()]
        asked = [
            unshipped_row(n, rng.choice(("true", "false")), market=codes[n % 3], sku=row["sku"])
            for n, row in rows.items()
        ]
        bring(session, folder, everything=before, open_=asked)
        bring(session, folder, everything=[row | {"last-updated-date": iso_utc(NOW - HOUR)} for row in rows.values()])
        waiting = list(session.orders.find("action:cancel marketplace:US"))
        names = [int(row.order_id[-7:]) for row in session.orders.rows(waiting).values()]
        commit(session, Action.CANCEL, *names[:2])
        send(session, Action.CANCEL, *names[2:5])
    place = server.address(schema_of(folder))
    move_store(folder / "orders.db", place, clock=CLOCK, config=Config())
    with (
        Session.open(folder / "orders.db", clock=CLOCK, config=Config(), read_only=True) as file,
        Session.open(place, clock=CLOCK, config=Config(), read_only=True) as there,
    ):
        yield file, there


def test_filters_and_sorts_find_the_same_orders_in_the_same_order(both: tuple[Session, Session]) -> None:
    file, there = both
    empty = []
    for number, text in enumerate((*FILTERS, *UNKNOWN)):
        sort = list(SORT_KEYS)[number % len(SORT_KEYS)]
        for down in (False, True):
            found = list(file.orders.find(text, sort, down))
            assert list(there.orders.find(text, sort, down)) == found, (text, sort)
        empty += [] if found else [text]
        assert there.orders.count(text) == len(found)
    assert len(empty) < len(FILTERS) // 2, empty
    for sort in SORT_KEYS:
        assert there.orders.find("", sort, False) == file.orders.find("", sort, False), sort


def _anywhere(batch: Batch) -> Batch:
    """A batch without where its file lies, which a server's store looks up, and without what is next, which a store
    that was moved does not say.
    """
    return msgspec.structs.replace(
        batch, advice="", machine="", withheld="", next_at=None, retryable=0, is_inactive=False
    )


def test_queues_rows_and_lines_are_the_same(both: tuple[Session, Session]) -> None:
    file, there = both
    assert there.orders.queues() == file.orders.queues()
    ids = file.orders.find()
    assert there.orders.rows(ids) == file.orders.rows(ids)
    for row in file.orders.rows(ids).values():
        assert there.orders.get(row.order_id) == file.orders.get(row.order_id)
    assert [_anywhere(one) for one in there.batches.find()] == [_anywhere(one) for one in file.batches.find()]
    assert there.audit.records()[1:] == file.audit.records()


def test_rates_are_the_same_and_equal_a_slow_recount(both: tuple[Session, Session]) -> None:
    file, there = both
    total = 0
    for code in file.orders.marketplaces():
        for days in (1, 7, 30):
            counts = file.rate.calculator.window_counts(code, days)
            assert there.rate.calculator.window_counts(code, days) == counts
            total += sum(counts)
    assert total > 0
    assert list(there.recount().run(lambda *_: None)) == list(file.recount().run(lambda *_: None)) == []


def test_plans_have_the_same_orders_money_and_bytes(both: tuple[Session, Session]) -> None:
    for action in (Action.CANCEL, Action.REFUND):
        ids = list(both[0].orders.find(f"action:{action.value}"))[:40]
        assert ids
        choices = PlanChoices(reason="GeneralAdjustment") if action is Action.REFUND else PlanChoices()
        plans = [session.planner.plan(action, ids, choices) for session in both]
        here, other = ([msgspec.structs.replace(plan, id="") for plan in found] for found in plans)
        assert here == other
        assert sum(len(plan.rows) for plan in here) > 5


def test_what_is_done_on_the_server_is_what_is_done_in_a_file(tmp_path: Path, server: Server) -> None:
    """The same day on both: the journal, the files and the numbers are the same."""
    days = []
    for place in (tmp_path / "orders.db", server.address(schema_of(tmp_path))):
        clock = FixedClock(NOW)
        with Session.open(place, clock=clock, config=Config()) as session:
            rows = [all_orders_row(n) for n in range(1, 30)]
            bring(session, tmp_path, everything=rows, open_=[unshipped_row(n) for n in range(1, 30)])
            bring(
                session, tmp_path, everything=[all_orders_row(n, "Shipped", updated=NOW - HOUR) for n in range(20, 30)]
            )
            held = commit(session, Action.CANCEL, 1, 2, 3)
            session.batches.recall("111-0000000-0000002")
            clock.advance(4_000)
            session.dispatcher.run()
            send(session, Action.REFUND, 21, 22)
            bring(session, tmp_path, everything=[all_orders_row(1, "Cancelled", updated=NOW)])
            days.append(
                (
                    held,
                    [(b.id, b.state, b.action, b.rows) for b in session.batches.find()],
                    [p.read_bytes() for p in sorted(session.context.outbox_directory.glob("*/[a-z]*.txt"))],
                    [(r["what"], r["orders"], r["change"]) for r in session.audit.records()],
                    session.orders.queues(),
                    list(session.orders.find()),
                    session.orders.rows(session.orders.find()),
                    session.maintenance.check(),
                )
            )
    assert days[0] == days[1]
    assert len(days[0][2]) >= 2


# -- what the operator writes, marks, takes back and fits, and what reports say beside the lines

SERVICES = ("Standard", "Easy Ship", "Ship+", "Seller Fulfilled Prime", "In-store pickup", "")
FLAG_COLUMNS = ("ship-service-level", "is-prime", "verge-of-cancellation", "verge-of-lateShipment")
FACT_FILTERS = (
    "note:größe", "note:ÜBER", "note:100%", "note:a_b", "-note:gift", "noted", "-noted", "marked", "-marked",
    "reason:NOINV", "-reason:noinventory", 'reason:"18028 not taken"',
    "marked noted", "program:unknown", "-program:unknown", "prime:yes", "verge:cancellation", "verge:late",
    "dispatched:yes", "request:message", "missing", "known:today", "auto-cancel<2d",
    "confirmed:all", "-confirmed:no",
)  # fmt: skip


def fill(session: Session, folder: Path) -> None:
    """Fill a shop with orders of several lines and programs, of unknown units and times, written, refused and held."""
    rng = random.Random(11)
    rows, asked = [], []
    for n in range(1, 121):
        market = "JP" if n % 9 == 0 else "US"
        row = all_orders_row(n, market=market, age=rng.randrange(20 * DAY), sku=f"S-{n % 12}", quantity=1 + n % 3)
        row |= {"item-price": "900" if market == "JP" else f"{5 + n % 40}.00", "product-name": TITLES[n % len(TITLES)]}
        row |= {"quantity": ""} if n % 12 == 5 else {}
        rows += [row, row | {"sku": "B-side"}] if n % 7 == 0 else [row]
        flags = (SERVICES[n % 6], ("true", "false", "")[n % 3], n % 11 == 0, n % 5 == 0)
        words = dict(zip(FLAG_COLUMNS, flags, strict=True))
        words |= {"promise-date": ""} if n % 22 == 0 else {}
        words |= {"quantity-purchased": "", "quantity-to-ship": ""} if n % 12 == 5 else {}
        asked.append(unshipped_row(n, ("true", "false")[n % 4 > 0], market=market, sku=row["sku"]) | words)
    bring(session, folder, everything=rows)
    session.imports.import_files([write(folder / "open.txt", (*UNSHIPPED, *FLAG_COLUMNS), asked)])
    later = [row | {"last-updated-date": iso_utc(NOW - HOUR)} for row in rows]
    for n, row in enumerate(later):
        status = ("Shipped", "Cancelled", "Unshipped", "Unshipped")[n % 4] if n < 90 else "Unshipped"
        row.update({"order-status": status, "item-status": status})
    session.imports.import_files([write(folder / "later.txt", ALL_ORDERS, later)])


def work(session: Session, folder: Path) -> dict[str, object]:
    """Do what an operator does in a day; return what each step said."""
    told: dict[str, object] = {}
    facts, waiting = session.facts, sorted(session.orders.find("action:cancel marketplace:US"))
    shipped = sorted(session.orders.find("status:shipped"))
    notes = ("Größe fragen", "über 100%", "a_b it's", "gift")
    told["notes"] = [facts.set_note([one], notes[one % 4]) for one in waiting[:12]] + [facts.set_note(shipped, "gift")]
    told["note undone"] = facts.undo()
    told["facts"] = [
        facts.set_dispatched(waiting[5:9], Dispatched.YES),
        facts.set_asked(waiting[8:11], True),
        facts.set_note(waiting[:2], ""),
        facts.set_asked(waiting[12:14], True),
        facts.undo(),
        facts.undo(),
        facts.set_dispatched(waiting[6:7], Dispatched.NO),
        facts.undo(),
    ]
    marks = session.orders.marks()
    told["marks"] = (marks.add(waiting[:8]), marks.remove(waiting[3:5]), marks.add(shipped[:3]), marks.undo())
    names = [int(row.order_id[-7:]) for row in session.orders.rows(session.orders.find("action:cancel")).values()]
    names = [n for n in sorted(names) if n % 9]
    first = send(session, Action.CANCEL, *names[:3])
    session.batches.mark_uploaded(first)
    told["uploaded"] = [(one.id, one.uploaded_at) for one in session.batches.find()]
    session.batches.mark_uploaded(first, undo=True)
    session.batches.mark_uploaded(first)
    session.results.take_in([answer(session, folder, first, {2})])
    send(session, Action.CANCEL, *names[3:5])
    commit(session, Action.CANCEL, *names[5:7])
    for n in (names[0], names[5], names[0]):
        session.messages.note_copied(order_id(n))
    told["copied"] = session.messages.copied_at([order_id(n) for n in names[:7]])
    before = len(session.orders.find())
    newer = [
        all_orders_row(n, "Shipped", updated=NOW - 60, sku="New", product_name="neu")
        for n in (*names[8:10], *range(900, 905))
    ]
    session.imports.import_files([write(folder / "newer.txt", ALL_ORDERS, newer)])
    assert len(session.orders.find()) == before + 5
    undone = session.imports.undo(session.context.store.database.required(int, "SELECT max(id) FROM imports"))
    told["import undone"] = (undone.number, undone.removed, undone.restored, undone.kept)
    assert len(session.orders.find()) == before
    assert undone.restored == 2
    return told


def reads(session: Session) -> dict[str, object]:
    """Return all that is read of a store, by what it is."""
    orders = session.orders
    ids = orders.find()
    found: dict[str, object] = {text: list(orders.find(text)) for text in FACT_FILTERS}
    assert sum(bool(one) for one in found.values()) >= len(FACT_FILTERS) - 2, [
        text for text, one in found.items() if not one
    ]
    found |= {f"sort {key} {down}": list(orders.find("", key, down)) for key in SORT_KEYS for down in (False, True)}
    found |= {f"sort +{key},-placed": list(orders.find("", f"+{key},-placed")) for key in SORT_KEYS}
    for facet in FACETS:
        for text, queue in (
            ("", "all"),
            ("-marked", "to_ship"),
            ("note:gift or note:größe", "all"),
            ("id:*05 or id:*06", "all"),
        ):
            values = facet_values(orders, facet, text, queue)
            found[f"facet {facet} {text} {queue}"] = values
            for one in values:
                assert orders.count(within(text, one.filter), queue) == one.count, one
    found["marked"] = list(orders.find(queue="marked"))
    found["queues"] = (orders.queues(), orders.queues("noted"), orders.queues(without_fba=True))
    rows = orders.rows(ids)
    found["rows"] = rows
    found["listed"] = {  # whose a batch is depends on who looks: the server's login, or the machine's account
        order: msgspec.structs.replace(one, author="") for order, one in orders.listed(rows.values()).items()
    }
    found["neighbours"] = {code: session.rate.related_metrics.of_marketplace(code) for code in orders.marketplaces()}
    found["prime"] = {code: session.rate.calculator.prime.figures(code, ids) for code in orders.marketplaces()}
    found["at risk"] = {code: session.rate.at_risk(code).ids for code in orders.marketplaces()}
    for budget in (None, 0, 3):
        found[f"fit {budget}"] = session.fitter.fit(orders.find("action:cancel"), PlanChoices(), budget)
    found["batches"] = [
        msgspec.structs.replace(one, files=(), advice="", machine="", who="", author="")
        for one in session.batches.find()
    ]
    found["copied"] = session.messages.copied_at([row.order_id for row in rows.values()])
    found["recount"] = list(session.recount().run())
    assert found["recount"] == []
    found["check"] = session.maintenance.check()
    return found


def commands(place: Path | str, folder: Path) -> dict[str, tuple[int, str]]:
    """Return what the command line prints of a store."""
    command = Command(folder)
    command.before = ["--store", str(place), *command.before[2:]]
    found: dict[str, tuple[int, str]] = {}
    for words in (
        ("rate", "--neighbours", "--format", "csv"),
        ("list", "--filter", "note:gift or marked", "--sort", "+reason,-age", "--format", "csv"),
        ("plan", "cancel", "--filter", "action:cancel", "--fit", "-o", folder / "fit.json", "--format", "csv"),
        ("store", "check", "--orders"),
    ):
        done = command.run(*words)
        assert done.code in (0, 7), done
        found[" ".join(map(str, words[:3]))] = (done.code, (done.stdout + done.stderr).replace(str(folder), "FOLDER"))
        (folder / "fit.json").unlink(missing_ok=True)
    return found


def tables(place: Path | str) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, but for what says where the store is, and the audit, whose end is the move's."""
    with Store(store_place(place, Config()), clock=CLOCK, read_only=True) as store:
        return table_rows(store) | {"meta": [], "audit": [], "audit_orders": []}


def same(here: Mapping[str, object], there: Mapping[str, object]) -> None:
    """Compare one thing after the other, so that a failure names it."""
    assert here.keys() == there.keys()
    for what, found in here.items():
        assert there[what] == found, what


def test_notes_marks_facets_programs_undo_and_fits_are_the_same_and_move_both_ways(
    tmp_path: Path, server: Server
) -> None:
    names = schema_of(tmp_path)
    places: list[Path | str] = [tmp_path / "a" / "orders.db", server.address(names)]
    back: list[Path | str] = [server.address(f"{names}b"), tmp_path / "b" / "orders.db"]
    told, read, printed = [], [], []
    for number, place in enumerate(places):
        folder = tmp_path / f"reports{number}"
        folder.mkdir()
        (tmp_path / "ab"[number]).mkdir()
        with Session.open(place, clock=FixedClock(NOW), config=Config()) as session:
            fill(session, folder)
            told.append(work(session, folder))
            read.append(reads(session))
            session.workspace.keep_marks(session.orders.marks(), b"")
        printed.append(commands(place, folder))
    assert all(len(text) > 10 for _, text in printed[0].values()), printed[0]
    same(*printed)
    same(*told)
    same(*read)
    assert told[0]["uploaded"] == [(1, NOW)]
    for place, target, found in zip(places, back, read, strict=True):
        before = tables(place)
        move_store(place, target, clock=CLOCK, config=Config())
        same(before, tables(target))
        with Session.open(target, clock=CLOCK, config=Config()) as session:
            same(found, reads(session))
            assert session.facts.set_note(list(session.orders.find("noted"))[:1], "moved on") == 1
            assert "chain unbroken" in session.audit.verify()
