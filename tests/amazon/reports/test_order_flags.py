"""What reports say beside the lines: Amazon's own flags are stored and queued, and a program bars what it refuses."""

import random
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import msgspec
import pytest

from ordertui.amazon.reports import order_flags
from ordertui.amazon.reports.inspect import inspect, read_line_blocks
from ordertui.amazon.reports.order_flags import read_flags
from ordertui.operations.errors import PlanChanged
from ordertui.operations.query.queues import BY_KEY
from ordertui.operations.session import Session
from ordertui.orders.api_facts import ApiFacts, Parcel, program_bars
from ordertui.orders.clock import HOUR, iso_utc
from ordertui.orders.enums import Action, Program, Verge, YesNo
from ordertui.orders.order import LinesKnown, OrderFlags
from ordertui.store.importing.import_log import ImportLog
from ordertui.tui.main.order_details import describe_order
from support.faults import Crash, inject
from support.reports import write
from support.shops import NOW, UNSHIPPED, open_session, order_id, unshipped_row

COLUMNS = [*UNSHIPPED, "verge-of-cancellation", "verge-of-lateShipment"]


def bring_flags(session: Session, folder: Path, flags: Mapping[int, tuple[str, str]], at: int) -> None:
    """Import an Unshipped report of a moment with these flags."""
    rows = [
        unshipped_row(n)
        | {"verge-of-cancellation": first, "verge-of-lateShipment": second, "reporting-date": iso_utc(at)}
        for n, (first, second) in flags.items()
    ]
    session.imports.import_files([write(folder / f"{at}.txt", COLUMNS, rows)])


def verges(session: Session) -> dict[str, Verge]:
    return {row.order_id: row.verge for row in session.orders.rows(session.orders.find()).values()}


def test_the_flags_are_stored_shown_and_queued(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        flags = {1: ("true", "true"), 2: ("false", "false"), 3: ("false", "true"), 4: ("", "")}
        bring_flags(session, tmp_path, flags, NOW - 2 * HOUR)
        found = verges(session)
        assert [found[order_id(n)].value for n in flags] == ["cancellation", "none", "late", "unknown"]
        queue = BY_KEY["auto_cancel"].filter
        assert list(session.orders.find(queue)) == [session.orders.id_of(order_id(1))]
        assert len(session.rate.at_risk("US").ids) == 1
        text = " ".join(describe_order(session, order_id(1), is_full=True).plain.split())
        assert "on the verge of cancellation" in text
        bring_flags(session, tmp_path, {1: ("false", "false")}, NOW - HOUR)
        assert verges(session)[order_id(1)] is Verge.NONE
        bring_flags(session, tmp_path, {1: ("true", "true")}, NOW - 3 * HOUR)
        assert verges(session)[order_id(1)] is Verge.NONE, "an older report does not win"


@pytest.mark.parametrize("cell", ["maybe", "2"])
def test_a_flag_that_cannot_be_read_is_unknown(tmp_path: Path, cell: str) -> None:
    with open_session(tmp_path) as session:
        bring_flags(session, tmp_path, {1: (cell, "false"), 2: (cell, cell)}, NOW - HOUR)
        assert [verges(session)[order_id(n)] for n in (1, 2)] == [Verge.UNKNOWN, Verge.UNKNOWN]


# Programs, of files


def one_row(n: int, **cells: str) -> dict[str, object]:
    return {**unshipped_row(n), **{name.replace("_", "-"): value for name, value in cells.items()}}


def take_in(session: Session, folder: Path, rows: list[dict[str, object]], name: str = "programs.txt") -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    session.imports.import_files([write(folder / name, columns, rows)])


def programs(session: Session) -> dict[str, str]:
    return {row.order_id: row.program.value for row in session.orders.rows(session.orders.find()).values()}


@pytest.mark.parametrize(
    ("column", "cell", "program"),
    [
        ("fulfilled-by", "Easy Ship", Program.EASY_SHIP),
        ("fulfilled-by", "Amazon Easy-Ship", Program.EASY_SHIP),
        ("Fulfilled_By", "EASY SHIP", Program.EASY_SHIP),
        ("ship-service-level", "Easy Ship Standard", Program.EASY_SHIP),
        ("ship-service-level", "FBM Ship+", Program.SHIP_PLUS),
        ("fulfilled-by", "Delivery by Amazon", Program.DELIVERY_BY_AMAZON),
        ("ship-service-level", "In-Store Pickup", Program.PICKUP),
        ("is-ispu-order", "true", Program.PICKUP),
        ("fulfilled-by", "Merchant", Program.NONE),
        ("fulfilled-by", "Seller Fulfilled Prime", Program.NONE),
        ("fulfilled-by", "", Program.UNKNOWN),
        ("ship-service-level", "Std US D2D Dom", Program.UNKNOWN),
        ("product-name", "Easy Ship label printer", Program.UNKNOWN),
    ],
)
def test_a_program_is_read_from_its_column(column: str, cell: str, program: Program, tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        take_in(session, tmp_path, [{**unshipped_row(1), column: cell}])
        assert programs(session) == {order_id(1): program.value}
        (row,) = session.orders.rows(session.orders.find()).values()
        assert (row.prime is YesNo.YES) is ("Prime" in cell)


@pytest.mark.parametrize("cell", ["Easy Ship", "Ship+", "Delivery by Amazon"])
def test_what_a_program_does_not_take_is_denied_everywhere(cell: str, tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        take_in(session, tmp_path, [one_row(1, fulfilled_by=cell), one_row(2, fulfilled_by="Merchant")])
        (plan,) = session.planner.plan(Action.CANCEL, session.orders.find())
        assert [row.order_id for row in plan.rows] == [order_id(2)]
        (out,) = plan.out
        assert "not by this program" in out.why
        assert list(session.orders.find("action:cancel")) == [session.orders.id_of(order_id(2))]
        assert not list(session.recount().run())
        text = " ".join(describe_order(session, order_id(1), is_full=True).plain.split())
        assert "not by this program" in text


def test_a_plan_of_before_the_program_was_known_is_refused(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        take_in(session, tmp_path, [one_row(1)])
        (plan,) = session.planner.plan(Action.CANCEL, session.orders.find())
        take_in(session, tmp_path, [one_row(1, fulfilled_by="Easy Ship")], "later.txt")
        with pytest.raises(PlanChanged):
            session.batches.commit(plan, typed=str(plan.typed_count))


def test_no_moment_of_an_import_shows_an_order_without_its_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at any transaction, an import leaves no order that could be cancelled; the file again completes it."""
    monkeypatch.setattr(ImportLog.open, "__kwdefaults__", {"slice_rows": 1})
    faults = inject(monkeypatch)
    rows = [one_row(n, fulfilled_by="Easy Ship", ship_service_level="Seller Fulfilled Prime") for n in (1, 2, 3)]
    crashed, point = True, 0
    while crashed:
        folder = tmp_path / str(point)
        folder.mkdir()
        with open_session(folder) as session:
            try:
                with faults.armed(point, Crash()):
                    take_in(session, folder, rows)
                crashed = False
            except Crash:
                point += 1
            assert set(programs(session).values()) <= {"easy_ship"}
            assert session.orders.count("action:cancel") == 0
            take_in(session, folder, rows)
            assert programs(session) == {order_id(n): "easy_ship" for n in (1, 2, 3)}
            assert {row.prime for row in session.orders.rows(session.orders.find()).values()} == {YesNo.YES}
    assert point > 8, "three slices, and what is before and after them"


def test_an_undo_gives_each_order_a_new_version_of_which_a_word_goes_back(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        at = {"reporting_date": iso_utc(NOW - HOUR)}
        take_in(session, tmp_path, [one_row(n, **at) for n in (1, 2, 3, 4)], "first.txt")
        bring_flags(session, tmp_path, {1: ("false", "false")}, NOW - HOUR)

        def facts() -> dict[str, tuple[object, ...]]:
            query = session.context.store.database.query
            return {row[0]: row[1:] for row in query("SELECT order_id, program, bars, verge, prime FROM orders")}

        def versions() -> dict[str, int]:
            return dict(session.context.store.database.query("SELECT order_id, version FROM orders"))

        before = facts()
        words = {1: "Merchant", 2: "Easy Ship", 3: "Seller Fulfilled Prime", 4: ""}
        take_in(session, tmp_path, [one_row(n, **at, fulfilled_by=word) for n, word in words.items()], "later.txt")
        assert {one for one, known in facts().items() if known != before[one]} == {order_id(n) for n in (1, 2, 3)}
        was = versions()
        (plan,) = session.planner.plan(Action.CANCEL, session.orders.find())
        session.imports.undo(3)
        assert facts() == before
        assert {one for one, number in versions().items() if number != was[one]} == {order_id(n) for n in (1, 2, 3)}
        with pytest.raises(PlanChanged):
            session.batches.commit(plan, typed=str(plan.typed_count))


def test_the_api_does_not_take_back_what_a_newer_report_says(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        said = {1: "Easy Ship", 2: "Merchant", 3: ""}
        take_in(session, tmp_path, [
            one_row(n, fulfilled_by=word, reporting_date=iso_utc(NOW - HOUR)) for n, word in said.items()
        ])  # fmt: skip
        store = session.context.store
        left = (Parcel("1", "IN_TRANSIT"),)

        def tell(at: int, program: str, parcels: tuple[Parcel, ...] = ()) -> dict[int, tuple[str, LinesKnown]]:
            names = (program,) if program else ()
            store.api_facts.keep({order_id(n): ApiFacts(at, names, parcels=parcels) for n in said})
            found = store.database.query("SELECT order_id, program, bars FROM orders ORDER BY order_id")
            return {n: (one[1], LinesKnown(one[2])) for n, one in zip(said, found, strict=True)}

        easy = program_bars(Program.EASY_SHIP)
        older = NOW - 5 * HOUR
        assert tell(older, "") == {1: ("easy_ship", easy), 2: ("none", 0), 3: ("none", 0)}
        assert tell(older, "AMAZON_EASY_SHIP") == {1: ("easy_ship", easy), 2: ("none", 0), 3: ("easy_ship", easy)}
        parcel = LinesKnown.PARCEL_LEFT
        assert tell(older + 1, "", left) == {1: ("easy_ship", easy | parcel), 2: ("none", parcel), 3: ("none", parcel)}
        assert tell(older + 2, "") == {1: ("easy_ship", easy), 2: ("none", 0), 3: ("none", 0)}
        now = program_bars(Program.SHIP_PLUS)
        assert set(tell(NOW - HOUR, "FBM_SHIP_PLUS", left).values()) == {("ship_plus", now | parcel)}


def test_the_newer_report_wins_and_an_undone_import_takes_its_word_along(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        new = one_row(1, fulfilled_by="Easy Ship", reporting_date=iso_utc(NOW - HOUR))
        old = one_row(1, fulfilled_by="Merchant", reporting_date=iso_utc(NOW - 3 * HOUR))
        take_in(session, tmp_path, [one_row(1, reporting_date=iso_utc(NOW - 4 * HOUR))], "first.txt")
        take_in(session, tmp_path, [new], "new.txt")
        take_in(session, tmp_path, [old], "old.txt")
        assert programs(session) == {order_id(1): "easy_ship"}
        session.imports.undo(3)
        session.imports.undo(2)
        assert programs(session) == {order_id(1): "unknown"}
        assert session.orders.count("action:cancel") == 1


@pytest.mark.parametrize(
    ("cell", "program"),
    [
        ("DeliveryByAmazon", Program.DELIVERY_BY_AMAZON),
        ("Ship - Plus", Program.SHIP_PLUS),
        ("Easy_Ship", Program.EASY_SHIP),
        ("In Store - Pickup", Program.PICKUP),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_the_last_row_of_a_large_report_names_its_program_too(
    cell: str, program: Program, encoding: str, tmp_path: Path
) -> None:
    """Blocks of lines that name no program are passed over unread: the look must be as wide as the reading."""
    rows = [one_row(1) | {"product-name": "x" * 400} for _ in range(4_000)] + [one_row(2, ship_service_level=cell)]
    path = write(tmp_path / "large.txt", list(rows[-1]), rows, encoding=encoding)
    assert path.stat().st_size > 1 << 20
    assert read_flags(inspect(path, marketplace="US"))[order_id(2)].program is program


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("title", ["Cup", "Cup\tblue", "Cup\tblue\tlarge"])
@pytest.mark.parametrize("end", ["", "\t\t"])
@pytest.mark.parametrize("column", ["fulfilled-by", "ship-service-level"])
def test_a_tab_in_the_title_hides_no_program_and_makes_up_no_flag(
    column: str, end: str, title: str, before: bool, tmp_path: Path
) -> None:
    """The cells after it have moved: the one in the column's place may be another's."""
    rest = ["is-business-order", "is-ispu", "verge-of-cancellation", "verge-of-lateShipment"]
    cells = {name: "true" if name == rest[0] else "false" for name in rest}
    row = {column: "Easy Ship", "product-name": title} if before else {"product-name": title, column: "Easy Ship"}
    rows = [
        {
            "order-id": order_id(n),
            **{name: value for name, value in unshipped_row(n).items() if name not in (*row, *cells)},
            **row,
            **cells,
        }
        for n in (1, 2)
    ]
    rows[1][column] = "Standard"
    lines = ["\t".join(rows[0]), *("\t".join(map(str, one.values())) + end for one in rows), ""]
    path = tmp_path / "a.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    found = read_flags(inspect(path, marketplace="US"))
    assert found[order_id(1)].program is Program.EASY_SHIP
    other = found.get(order_id(2), OrderFlags())
    assert (other.program, other.verge in (Verge.NONE, Verge.UNKNOWN)) == (Program.UNKNOWN, True)
    assert "\t" in title or other.verge is Verge.NONE


@pytest.mark.parametrize("size", [1, 300, 1 << 20])
@pytest.mark.parametrize("title", ["Cup\nblue", "Cup\n\nblue", "Cup\r\nblue\r\nlarge", "Cup\n113-7 blue"])
@pytest.mark.parametrize("column", ["fulfilled-by", "ship-service-level"])
def test_a_line_end_in_the_title_hides_no_program(
    column: str, title: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {name: value for name, value in unshipped_row(1).items() if name not in (column, "product-name")}
    rows = [known | {"order-id": order_id(n), "product-name": title, column: "Standard"} for n in (1, 2, 3)]
    rows[1][column] = "Easy Ship"
    path = tmp_path / "a.txt"
    text = "\n".join(["\t".join(rows[0]), *("\t".join(map(str, one.values())) for one in rows), ""])
    path.write_bytes(text.encode())
    info = inspect(path, marketplace="US")
    monkeypatch.setattr(order_flags, "read_line_blocks", partial(read_line_blocks, size=size))
    assert {one: said.program for one, said in read_flags(info).items()} == {order_id(2): Program.EASY_SHIP}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("seed", range(6))
def test_programs_of_many_lines_are_those_read_line_by_line(
    seed: int, encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    columns = rng.sample(["fulfilled-by", "ship-service-level", "asin", "verge-of-cancellation"], 3)
    words = ["", "Standard", "EASY-SHIP x", "e a s y ship", "Ship+", "ship plus", "Merchant", "true", "no", "\u0125"]
    header = ["order-id", *UNSHIPPED[1:4], *columns, *UNSHIPPED[5:]]
    lines = [[order_id(rng.randint(1, 9)), *(rng.choice(words) for _ in header[1:])] for _ in range(60)]
    lines = [line[: rng.choice([99, 99, 5])] for line in lines]
    path = tmp_path / "a.txt"
    path.write_bytes("\n".join("\t".join(line) for line in [header, *lines, []]).encode(encoding))
    info = inspect(path, marketplace="US")
    slow: dict[str, OrderFlags] = {}
    for line in lines:
        one = tmp_path / "one.txt"
        one.write_bytes("\n".join("\t".join(cells) for cells in [header, line, []]).encode(encoding))
        for ident, said in read_flags(msgspec.structs.replace(info, path=one)).items():
            old = slow.get(ident, OrderFlags())
            verge = max(old.verge, said.verge, key=[Verge.UNKNOWN, Verge.NONE, Verge.CANCELLATION].index)
            is_known = old.program not in (Program.UNKNOWN, Program.NONE)
            slow[ident] = OrderFlags(verge, old.program if is_known else said.program)
    monkeypatch.setattr(order_flags, "read_line_blocks", partial(read_line_blocks, size=400))
    assert read_flags(info) == slow
