"""The example files: they are what the script makes, hold the quirks they claim, and no buyer of theirs gets into a
store.
"""

import filecmp
import re
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import click
import pytest
from write_pages import all_commands

from ordertui.amazon.feeds import FEED_TYPES
from ordertui.amazon.processing_report import ProcessingReportError, parse_report
from ordertui.amazon.reports import REPORT_FORMATS, ReportContent, ReportError, ReportKind, detect_kind
from support.cli import EXAMPLES, ROOT, Command, environment

MARKETS = ("US", "DE", "JP", "IN")
INVENTED = ("Invented", "invented", "Nowhere", "Exampletown", "000-0000-0", "ZIP0", "Erfunden", "Nirgend", "Musterst",
    "Beispielg",
            "架空", "どこにも", "Udaharanpur", "Kalpanik")  # fmt: skip


def differences(left: Path, right: Path) -> list[str]:
    names = {path.relative_to(side) for side in (left, right) for path in side.rglob("*") if path.is_file()}
    return sorted(
        str(name)
        for name in names
        if not ((left / name).exists() and (right / name).exists())
        or not filecmp.cmp(left / name, right / name, shallow=False)
    )


def test_the_committed_files_are_what_the_script_makes(tmp_path: Path) -> None:
    made = tmp_path / "examples"
    made.mkdir()
    subprocess.run(
        [sys.executable, ROOT / "scripts" / "make_examples.py", "--into", made], check=True, env=environment(tmp_path)
    )
    assert differences(EXAMPLES, made) == ["README.md"], "run `make examples` and look at the difference"


FILES = sorted(path for path in EXAMPLES.rglob("*") if path.is_file() and path.parent != EXAMPLES)
PATTERNS = re.findall(
    r"`([^`]+)`",
    "".join(re.findall(r"^\| (`[^|]+) \|", (EXAMPLES / "README.md").read_text(encoding="utf-8"), re.MULTILINE)),
)
"""The files that the tables of the page name."""
READ_BY = {
    ("import", "files"): "us/reports/*",
    ("results", "files"): "us/results/*",
    ("rate", "file"): "us/health/account-health.json",
    ("shortage", "file"): "us/choices/stock.tsv",
    ("plan", "amounts"): "us/choices/refund.tsv",
    ("plan", "shipping"): "us/choices/shipping.tsv",
    ("policy check", "file"): "us/choices/house.toml",
    ("policy publish", "file"): "us/choices/house.toml",
}
"""What a command reads from a file, and an example of it."""
OWN_FILES = {("commit", "plan_file"), ("config check", "file")}
"""Files that ordertui writes itself: `plan`, `config init`."""


def test_each_file_has_a_line_on_the_page_and_each_line_a_file() -> None:
    names = [path.relative_to(EXAMPLES).as_posix() for path in FILES]
    assert [name for name in names if not any(fnmatchcase(name, one) for one in PATTERNS)] == []
    assert [one for one in PATTERNS if not any(fnmatchcase(name, one) for name in names)] == []
    assert len(PATTERNS) > 20


def kind_of(path: Path) -> ReportKind | None:
    try:
        return detect_kind(path)
    except ReportError:
        return None


def test_each_kind_of_report_and_answer_has_an_example() -> None:
    assert {kind_of(path) for path in FILES} - {None} == set(REPORT_FORMATS)
    orders = {kind for kind, one in REPORT_FORMATS.items() if one.content is not ReportContent.FEED_RESULTS}
    for market in MARKETS:
        assert {kind_of(path) for path in (EXAMPLES / market.lower() / "reports").iterdir()} == orders
    answers = set()
    for path in (EXAMPLES / "us" / "results").iterdir():
        answers.add((path.name.partition("-")[0], parse_report(path.read_bytes(), path.name).format))
    assert answers == {(action.value, form) for action in FEED_TYPES for form in ("flat", "xml")}
    assert {kind_of(path) for path in FILES if path.suffix == ".xml" and "results" not in path.parts} == {
        ReportKind.ALL_ORDERS, ReportKind.NEW_ORDERS
    }  # fmt: skip
    with pytest.raises(ProcessingReportError):
        parse_report((EXAMPLES / "README.md").read_bytes(), "README.md")


def test_each_file_that_a_command_reads_has_an_example() -> None:
    read = {
        (name.removeprefix("ordertui "), option.name)
        for name, command, _ in all_commands()
        for option in command.params
        if isinstance(option.type, click.Path) and option.type.exists and option.type.file_okay
    }
    assert read == set(READ_BY) | OWN_FILES
    assert all(any(EXAMPLES.glob(pattern)) for pattern in READ_BY.values())


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """All four marketplaces and every quirk, imported."""
    command = Command(tmp_path_factory.mktemp("everything"))
    command.bring(*MARKETS)
    command.ok("import", EXAMPLES / "quirks" / "bad-rows.txt", code=4)
    command.ok("import", "--marketplace", "JP", "--encoding", "cp932", EXAMPLES / "quirks" / "ambiguous-encoding.txt")
    command.ok("import", EXAMPLES / "quirks" / "no-request-column.txt")
    return command


def test_no_buyer_is_kept_anywhere(everything: Command) -> None:
    everything.ok("plan", "cancel", "--filter", "request:official", "-o", everything.folder / "plan.json")
    kept = [path for path in everything.folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".db" for path in kept)
    assert any(path.name.endswith(".rejects.tsv") for path in kept)
    for path in kept:
        content = path.read_bytes()
        found = [
            word for word in INVENTED for encoding in ("utf-8", "utf-16-le", "cp932") if _in(word, encoding, content)
        ]
        assert not found, f"{path} holds {found}"


def _in(word: str, encoding: str, content: bytes) -> bool:
    try:
        return word.encode(encoding) in content
    except UnicodeEncodeError:
        return False


@pytest.mark.parametrize("code", MARKETS)
def test_each_marketplace_fills_the_queues_that_reports_can_fill(everything: Command, code: str) -> None:
    def count(queue: str) -> int:
        return len(everything.json("list", "--queue", queue, "--filter", f"marketplace:{code}"))

    assert count("to_ship") >= 10
    assert count("late") >= (1 if code == "IN" else 2)  # in India Amazon may cancel at the ship-by time already
    assert count("auto_cancel") >= 1
    assert count("buyer_asked") == (0 if code == "IN" else 3)


def test_every_case_of_the_rules_is_there(everything: Command) -> None:
    rules = set()
    for number in range(1, 24):
        if number == 20:
            continue  # sold outside Amazon: left out
        order = everything.json("show", f"001-0000000-{number:07d}")
        rules |= {action["rule"] for action in order["actions"]}
    assert rules >= {"A1", "A3", "A5", "A8", "A9", "A10", "A11", "R7", "R8", "R13", "M5", "M8", "M9"}


def test_titles_come_through_every_encoding(everything: Command) -> None:
    titles = {order["title"] for order in everything.json("list")}
    assert {
        'Cable Box "Tidy", 12" wide, 2-Pack',
        "Puzzle „Fähre am Morgen“, 1000 Teile",
        "ホーロー マグカップ 350ml アウトドア用 青 食洗機対応",
        "マグカップ アオ",
    } <= titles


def test_ids_stay_text(everything: Command) -> None:
    skus = {order["sku"] for order in everything.json("list")}
    assert {"00123", "1E5", "00047", "2E10", "3E2"} <= skus
    plan = everything.folder / "ids.json"
    everything.ok("plan", "cancel", "--filter", "id:001-0000000-0000001", "-o", plan)
    assert '"order_item_id": "000010000000101"' in plan.read_text()


def test_yen_have_no_decimals(everything: Command) -> None:
    order = everything.json("show", "081-0000000-0000002")
    assert (order["facts"]["total"], order["facts"]["currency"]) == ("1680", "JPY")


def test_importing_again_changes_nothing(everything: Command) -> None:
    before = everything.ok("list", "--format", "csv")
    everything.bring("US", "DE")
    assert everything.ok("list", "--format", "csv") == before


def test_without_a_channel_the_marketplace_is_asked_and_says_which_letters_are_meant(tmp_path: Path) -> None:
    """These bytes are letters in cp932 and in cp1252: only the marketplace can tell."""
    command = Command(tmp_path)
    path = EXAMPLES / "quirks" / "ambiguous-encoding.txt"
    done = command.run("import", path)
    assert done.code == 4
    assert "--marketplace" in done.stderr
    assert command.json("list") == []
    command.ok("import", path, "--marketplace", "JP")
    assert "マグカップ アオ" in {row["title"] for row in command.json("list")}


def test_a_report_without_a_sales_channel_asks_for_the_marketplace(tmp_path: Path) -> None:
    done = Command(tmp_path).run("import", EXAMPLES / "de" / "reports" / "unshipped-orders.txt")
    assert done.code == 4
    assert "--marketplace" in done.stderr


def test_bad_rows_are_named_and_good_ones_kept(tmp_path: Path) -> None:
    command = Command(tmp_path)
    path = EXAMPLES / "quirks" / "bad-rows.txt"
    done = command.run("import", path)
    assert done.code == 4
    for line in range(3, 9):
        assert f"{path}:{line}: " in done.stderr
    assert len(command.json("list")) == 2


def test_a_report_without_a_request_column_never_says_that_nobody_asked(tmp_path: Path) -> None:
    command = Command(tmp_path)
    command.ok("import", EXAMPLES / "quirks" / "no-request-column.txt")
    assert command.json("show", "001-0000000-0000013")["facts"]["buyer_request"] == "unknown"
