"""A report read by a process of its own gives the store that reading it here gives, and its end, however it comes,
harms nothing.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordertui.amazon.reports import ReportInfo, inspect, read_orders
from ordertui.operations.errors import ReportWorkerDied
from ordertui.operations.reports.importer import ImportStep
from ordertui.operations.reports.importer import ReportImporter as FileImporter
from ordertui.operations.reports.worker.process import WorkerProcess
from ordertui.orders.enums import Dispatched
from ordertui.store import Store, StoreError
from ordertui.store.importing.import_session import ImportSession, ReportSource
from support.imports import CLOCK, deadline, dump, finished
from support.reports import ALL_ORDERS, COLUMNS, cells, write

some = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CHUNK = 4
BLOCK = 2_000


@pytest.fixture(scope="module")
def process() -> Iterator[WorkerProcess]:
    """One process for many reports."""
    started = WorkerProcess.start()
    assert started is not None
    with started:
        assert started.ready()
        yield started


@pytest.fixture
def own() -> Iterator[WorkerProcess]:
    """A process that may be harmed."""
    started = WorkerProcess.start()
    assert started is not None
    with started:
        assert started.ready()
        yield started


def importer(store: Store, info: ReportInfo) -> ImportSession:
    """An importer of small chunks."""
    source = ReportSource(info.kind.value, str(info.path), info.sha256, info.as_of, info.has_request_column, None)
    return store.imports.open(source, deadline, chunk_rows=CHUNK)


def here(info: ReportInfo, _store: Store, target: ImportSession) -> Iterator[ImportStep]:
    """Reading in this process."""
    for batch in read_orders(info, block_bytes=BLOCK):
        target.add(batch.rows)
        yield ImportStep(len(batch.rows), batch.rejects, batch.ignored, batch.bytes_done, batch.unknown_words)


def taken(
    path: Path,
    files: list[Path],
    steps: Callable[[ReportInfo, Store, ImportSession], Iterator[ImportStep]],
    between: Callable[[Store, ImportSession], None] = lambda _store, _target: None,
) -> tuple[list[object], dict[str, object]]:
    """Import files into a new store; gives what was told of each, and the store. `between` runs after each step."""
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    told: list[object] = []
    with Store.open(path, clock=CLOCK) as store:
        for file in files:
            info = inspect(file, marketplace="US")
            rejects: list[object] = []
            ignored, odd = 0, set[str]()
            with importer(store, info) as target:
                for step in steps(info, store, target):
                    rejects += step.rejects
                    ignored += step.ignored
                    odd |= set(step.unknown_words)
                    between(store, target)
            told.append((target.rows, target.new, target.changed, target.unchanged, rejects, ignored, odd))
        assert store.maintenance.check() == []
    return told, dump(path)


def apart(process: WorkerProcess) -> Callable[[ReportInfo, Store, ImportSession], Iterator[ImportStep]]:
    """Reading in a process of its own."""
    return lambda info, store, target: process.steps(info, store, target, block_bytes=BLOCK)


@st.composite
def files_of(draw: st.DrawFn) -> list[tuple[str, list[dict[str, str]]]]:
    """Some reports over a few orders, whose lines may be far apart."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(sorted(COLUMNS)))
        rows = []
        for number in draw(st.lists(st.integers(1, 9), min_size=1, max_size=25)):
            row = cells(
                kind, number, sku=draw(st.sampled_from(["S1", "S2", "S3"])),
                product_name=draw(st.sampled_from(["Pan", "Pot"])),
                order_status=draw(st.sampled_from(["Shipped", "Cancelled", "Strange"])),
                last_updated_date=f"2026-11-2{draw(st.integers(1, 3))}T12:30:00+00:00",
                sales_channel=draw(st.sampled_from(["Amazon.com", "Amazon.com", "Amazon.com", "Non-Amazon"])),
                quantity=draw(st.sampled_from(["1", "2", "many"])),
                quantity_purchased=draw(st.sampled_from(["1", "2"])),
            )  # fmt: skip
            rows.append({name: text for name, text in row.items() if name != "order-item-id"} | {
                name: f"{number}{draw(st.integers(1, 3))}" for name in row if name == "order-item-id"
            })  # fmt: skip
        found.append((kind, rows))
    return found


@some
@given(reports=files_of())
def test_the_store_and_all_that_is_told_are_the_same(
    reports: list[tuple[str, list[dict[str, str]]]], process: WorkerProcess, tmp_path: Path
) -> None:
    files = [write(tmp_path / f"{n}.txt", COLUMNS[kind], rows) for n, (kind, rows) in enumerate(reports)]
    assert taken(tmp_path / "b.db", files, apart(process)) == taken(tmp_path / "a.db", files, here)


def many(path: Path, count: int = 60, **more: str) -> Path:
    """All Orders, two lines an order."""
    rows = [cells("all_orders", n // 2, sku=f"S{n % 7}", **more) for n in range(2, 2 + count)]
    return write(path, ALL_ORDERS, rows)


def test_what_others_write_meanwhile_is_neither_lost_nor_trampled_on(process: WorkerProcess, tmp_path: Path) -> None:
    """After each chunk somebody else imports orders that come later in the file, with products of their own, and the
    operator speaks of orders through the same connection.
    """
    first = many(tmp_path / "first.txt", 40)
    later = many(tmp_path / "later.txt", order_status="Shipped", last_updated_date="2026-11-22T00:00:00+00:00")
    others = [
        inspect(write(tmp_path / f"o{n}.txt", ALL_ORDERS, [cells("all_orders", n, sku=f"OTHER{n}", quantity="3")]))
        for n in (9, 15, 21, 24, 28, 300)
    ]

    def run(name: str, steps: Callable[[ReportInfo, Store, ImportSession], Iterator[ImportStep]]) -> tuple[object, int]:
        waiting = list(others)
        again = 0

        def meddle(store: Store, target: ImportSession) -> None:
            nonlocal again
            if waiting and target.rows >= 8 and target.new + target.changed + target.unchanged:
                with Store.open(store.path, clock=CLOCK) as other:
                    info = waiting.pop(0)
                    with importer(other, info) as own:
                        for batch in read_orders(info):
                            own.add(batch.rows)
                again += 1
            known = sorted(store.orders.ids_of([f"113-{n:07d}-0000009" for n in (1, 10, 20)]).values())
            store.facts.set(known, dispatched=Dispatched.YES)

        _, kept = taken(tmp_path / name, [first, later], steps, meddle)
        assert not waiting
        dispatched = [order[0]["dispatched"] for order in kept.values() if isinstance(order, tuple)]
        assert dispatched.count("yes") == 3
        return kept, again

    assert run("b.db", apart(process)) == run("a.db", here)


def test_chunks_planned_before_somebody_else_wrote_are_planned_again(process: WorkerProcess, tmp_path: Path) -> None:
    file = many(tmp_path / "a.txt")
    info = inspect(file)
    again = 0
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store, importer(store, info) as target:
        take = target.write_planned

        def noted(changes: object, planned_again: Callable[[], object]) -> None:
            def count() -> object:
                nonlocal again
                again += 1
                return planned_again()

            take(changes, count)  # type: ignore[arg-type]

        target.write_planned = noted  # type: ignore[method-assign, assignment]
        for number, _ in enumerate(process.steps(info, store, target, block_bytes=BLOCK)):
            if number in (1, 4):
                store.set_meta("x", str(number))
    assert again == 2
    assert (target.rows, target.new) == (60, 30)


def test_a_killed_reader_leaves_a_whole_store_and_says_so(own: WorkerProcess, tmp_path: Path) -> None:
    file = many(tmp_path / "a.txt", 400)
    info = inspect(file)
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:

        def run() -> None:
            with importer(store, info) as target:
                for number, _ in enumerate(own.steps(info, store, target, block_bytes=BLOCK)):
                    if number == 1:
                        os.kill(own.pid, signal.SIGTERM)

        with pytest.raises(
            ReportWorkerDied, match=r"a\.txt: the process that reads it ended before its end .* import the file again"
        ):
            run()
        assert store.maintenance.check() == []
        assert 0 < store.orders.count() < 200
        assert finished(store) == [False]
        assert store.audit.verify().ok
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store, importer(store, info) as target:
        for batch in read_orders(info):
            target.add(batch.rows)
    assert dump(tmp_path / "a.db") == taken(tmp_path / "b.db", [file], here)[1]


def test_what_goes_wrong_over_there_is_raised_here_in_the_same_words(process: WorkerProcess, tmp_path: Path) -> None:
    info = inspect(many(tmp_path / "a.txt"))
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:

        def run(steps: Callable[[ReportInfo, Store, ImportSession], Iterator[ImportStep]]) -> None:
            with importer(store, info) as target:
                for _ in steps(info, store, target):
                    pass

        info.path.unlink()
        for steps in (here, apart(process)):
            with pytest.raises(FileNotFoundError, match=r"No such file or directory: .*a\.txt"):
                run(steps)
        many(info.path)
        run(here)
        many(info.path, last_updated_date="2026-11-22T00:00:00+00:00")
        with store.write() as connection:
            connection.execute("ALTER TABLE lines RENAME TO elsewhere")
        for steps in (here, apart(process)):
            with pytest.raises(StoreError, match=r"a\.db: no such table: lines"):
                run(steps)


def test_a_defect_over_there_is_told_with_its_trace(process: WorkerProcess, tmp_path: Path) -> None:
    import msgspec

    info = msgspec.structs.replace(inspect(many(tmp_path / "a.txt")), encoding="no-such")
    with (
        Store.open(tmp_path / "a.db", clock=CLOCK) as store,
        pytest.raises(ReportWorkerDied, match=r"(?s)please report this.*unknown encoding: no-such"),
        importer(store, info) as target,
    ):
        list(process.steps(info, store, target))
    info = inspect(tmp_path / "a.txt")  # and it still serves
    assert taken(tmp_path / "b.db", [info.path], apart(process))[0][0][:2] == (60, 30)  # type: ignore[index]


def test_the_process_ends_with_what_it_is_used_in(tmp_path: Path) -> None:
    started = WorkerProcess.start()
    assert started is not None

    def interrupted(own: WorkerProcess) -> None:
        with own:
            info = inspect(many(tmp_path / "a.txt", 400))
            with Store.open(tmp_path / "a.db", clock=CLOCK) as store, importer(store, info) as target:
                next(own.steps(info, store, target, block_bytes=BLOCK))
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted(started)
    assert started._process.returncode is not None


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for a process as Linux shows it")
def test_the_process_ends_when_the_other_side_is_killed(tmp_path: Path) -> None:
    many(tmp_path / "a.txt", 4_000)
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from ordertui.amazon.reports import inspect
        from ordertui.operations.reports.worker.process import WorkerProcess
        from ordertui.orders.clock import SystemClock
        from ordertui.store import Store
        from ordertui.store.importing.import_session import ReportSource
        info = inspect(Path(sys.argv[1]))
        process = WorkerProcess.start()
        with process, Store.open(Path(sys.argv[2]), clock=SystemClock()) as store:
            source = ReportSource("all_orders", "", "", None, False, None)
            with store.imports.open(source, lambda m, t: None, chunk_rows=4) as target:
                for step in process.steps(info, store, target, block_bytes=2_000):
                    print(process.pid, flush=True)
                    sys.stdin.readline()
        """
    )
    command = [sys.executable, "-c", program, str(tmp_path / "a.txt"), str(tmp_path / "a.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert _runs(pid)
        parent.kill()
    until = time.monotonic() + 30
    while _runs(pid):
        assert time.monotonic() < until, "it goes on alone"
        time.sleep(0.01)
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        assert store.maintenance.check() == []
        assert store.orders.count() > 0


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def imported(tmp_path: Path, name: str, apart_bytes: int, files: list[Path]) -> tuple[object, object, list[str]]:
    """Files brought in as the program does it: summaries, the store, the rejects."""
    with Store.open(tmp_path / name / "a.db", clock=CLOCK) as store:
        rejects = tmp_path / name / "rejects"
        found = FileImporter(store, deadline, rejects, CLOCK.now, apart_bytes=apart_bytes).import_files(
            files, encoding=None, marketplace=None, progress=None, stop=lambda: False
        )
    summaries = [(one.rows, one.new, one.changed, one.unchanged, one.rejected, one.rejects, one.notes) for one in found]
    return summaries, dump(tmp_path / name / "a.db"), [path.read_text("utf-8") for path in sorted(rejects.iterdir())]


def test_a_run_over_several_files_is_the_same_either_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    big = write(
        tmp_path / "big.txt",
        ALL_ORDERS,
        [cells("all_orders", n, quantity="x" if n % 9 == 0 else "1") for n in range(1, 99)],
    )
    small = write(tmp_path / "small.txt", COLUMNS["unshipped"], [cells("unshipped", 3)])
    other = write(
        tmp_path / "other.txt",
        COLUMNS["new_orders"],
        [cells("new_orders", n, sales_channel="Non-Amazon") for n in range(1, 99)],
    )
    files = [big, small, other]
    straight = imported(tmp_path, "here", 10**9, files)
    started: list[object] = []
    start = WorkerProcess.start

    def noted() -> WorkerProcess | None:
        started.append(start())
        return started[-1]  # type: ignore[return-value]

    monkeypatch.setattr(WorkerProcess, "start", noted)
    assert imported(tmp_path, "apart", 5_000, files) == straight
    assert len(started) == 1
    assert started[0] is not None


@pytest.mark.parametrize("program", ["", "no-such-program", "/bin/true"])
def test_where_no_process_comes_up_files_are_read_here(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = many(tmp_path / "a.txt")
    straight = imported_alone(tmp_path, "here", 10**9, file)
    monkeypatch.setattr(sys, "executable", program)
    assert imported_alone(tmp_path, "apart", 1, file) == straight


def test_nothing_in_the_folder_at_hand_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("msgspec.py", "ordertui.py"):
        (tmp_path / name).write_text("open('was-run', 'w').close()", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    started = WorkerProcess.start()
    assert started is not None
    with started:
        assert started.ready()
    assert not (tmp_path / "was-run").exists()


def imported_alone(tmp_path: Path, name: str, apart_bytes: int, file: Path) -> tuple[object, object]:
    """One sound file brought in."""
    with Store.open(tmp_path / name / "a.db", clock=CLOCK) as store:
        (found,) = FileImporter(store, deadline, tmp_path / "rejects", CLOCK.now, apart_bytes=apart_bytes).import_files(
            [file], encoding=None, marketplace=None, progress=None, stop=lambda: False
        )
    return (found.rows, found.new, found.notes), dump(tmp_path / name / "a.db")
