"""Every word that a user may type, press or read as a code is on a page: a new one without its line is red here.

Elsewhere: options (`test_commands_page.py`), settings (`tests/operations/test_settings_text.py`), keys
(`tests/tui/test_actions.py`), the README's exit codes (`test_pages.py`), the screen's texts and their translations
(`tests/messages/test_catalogs.py`), example files (`test_examples.py`).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import write_pages
from textual.binding import Binding

from ordertui.amazon.feeds import FEED_TYPES
from ordertui.amazon.reports import REPORT_FORMATS, ReportContent
from ordertui.cli.exit_codes import Exit
from ordertui.operations.query.queues import QUEUES
from ordertui.orders.batch_state import RowState
from ordertui.orders.enums import AlertKind, OrderStatus
from ordertui.orders.people import Role
from ordertui.rules.language.fields import ALL_FIELDS
from ordertui.store import SORT_KEYS
from ordertui.tui.actions import ALL_COMMANDS, QUEUE_COMMANDS
from ordertui.tui.render.state import BATCH_LOOKS, ROW_LOOKS, STATUS_FORMS
from support.cli import ROOT
from support.dialogs import dialogs

SOURCE = ROOT / "src" / "ordertui"


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def missing(words: list[str], name: str) -> list[str]:
    """The words that stand on the page neither in backquotes nor in the first cell of a row."""
    text = page(name)
    return [word for word in words if f"`{word}`" not in text and f"\n| {word} |" not in text]


@pytest.mark.parametrize(
    ("words", "name"),
    [
        pytest.param([*ALL_FIELDS], "docs/filters.md", id="fields"),
        pytest.param([*SORT_KEYS], "docs/guide.md", id="sort keys"),
        pytest.param([queue.key for queue in QUEUES if queue.key != "all"], "docs/guide.md", id="queues"),
        pytest.param([kind.value for kind in AlertKind], "docs/notifications.md", id="notifications"),
        pytest.param(
            [state.value for state in RowState if state is not RowState.ACCEPTED], "docs/safety.md", id="states"
        ),
        pytest.param([action.value for action in FEED_TYPES], "docs/guide.md", id="actions"),
    ],
)
def test_every_word_of_a_closed_list_is_on_its_page(words: list[str], name: str) -> None:
    assert len(words) > 2
    assert missing(words, name) == []


def test_the_page_of_filters_is_written_from_the_fields() -> None:
    assert page("docs/filters.md") == write_pages.filters_page(), "run: .venv/bin/python scripts/write_pages.py"


def test_the_queues_of_the_screen_are_those_of_the_page() -> None:
    told = re.findall(r"^\| `(\d)` \| (.+?) \|", page("docs/screen.md"), re.MULTILINE)
    assert told == [(str(number % 10), queue.title) for number, queue in enumerate(QUEUES, start=1)]


def test_the_words_of_state_are_those_of_the_screen() -> None:
    table = page("docs/screen.md").partition("## What State says")[2].partition("\n## ")[0]
    literals = set(re.findall(r'"([^"\n]+)"', (SOURCE / "tui" / "render" / "state.py").read_text(encoding="utf-8")))
    looks = {f"{look.glyph} {look.column}" for look in [*ROW_LOOKS.values(), *BATCH_LOOKS.values()] if look.column}
    rows = re.findall(r"^\| (`.+?) \|", table, re.MULTILINE)
    told = {word for row in rows for word in re.findall(r"`([^`]+)`", row)} - {"@ana"}
    contradicted = {f"! {STATUS_FORMS[status][0]}" for status in (OrderStatus.SHIPPED, OrderStatus.CANCELLED)}
    assert contradicted <= told
    assert told - literals - looks - contradicted == set()
    assert looks - told - {"… accepted"} == set()


def test_every_key_of_the_pages_is_one_of_the_program() -> None:
    keys = {"Tab", "Esc", "Enter", "↑", "?"}
    for command in ALL_COMMANDS + QUEUE_COMMANDS:
        keys |= {command.first_key, *command.key_text.split()}
    for dialog in dialogs():
        for binding in dialog.__dict__.get("BINDINGS", ()):
            assert isinstance(binding, Binding)
            keys |= {key.strip() for key in binding.key.split(",")}
    told = set()
    for name in ("docs/screen.md", "docs/first-time.md"):
        told |= {word for word in re.findall(r"`([^`\s]{1,2})`", page(name)) if not word.isspace()}
    told -= {"✓", "✗", "◷", "◇", "↑", "!", "★", "✎", ".", "txt"}
    assert len(told) > 25
    assert sorted(told - keys - {"F2"}) == []


def test_every_environment_variable_is_on_a_page() -> None:
    pattern = re.compile(r"\bORDERTUI_[A-Z_]+\b")
    read = {name for path in SOURCE.rglob("*.py") for name in pattern.findall(path.read_text(encoding="utf-8"))}
    assert "ORDERTUI_STORE" in read
    told = {name for path in (ROOT / "docs").glob("*.md") for name in pattern.findall(path.read_text(encoding="utf-8"))}
    assert read - told == set()


def test_every_report_and_role_has_its_row() -> None:
    titles = [one.title for one in REPORT_FORMATS.values() if one.content is not ReportContent.FEED_RESULTS]
    rows = re.findall(r"^\| ([A-Z][\w ]+?)(?: \(.*?\))? \|", page("docs/formats.md"), re.MULTILINE)
    assert [title for title in titles if title not in rows] == []
    header = re.search(r"^\| \| (viewer.*) \|$", page("docs/team.md"), re.MULTILINE)
    assert header is not None
    assert header[1].split(" | ") == [role.value for role in Role]


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_both_readmes_have_every_exit_code(name: str) -> None:
    title = "## Exit codes" if name == "README.md" else "## 退出码"
    table = page(name).partition(title)[2].partition("\n## ")[0]
    told = {
        int(code) for row in re.findall(r"^\| ([\d,、 ]+) \|", table, re.MULTILINE) for code in re.findall(r"\d+", row)
    }
    assert told == {int(code) for code in Exit}


def test_the_chinese_readme_links_to_the_pages_of_the_english_one() -> None:
    """What an English reader is led to before trusting it with an account, a Chinese one is too."""
    wanted = {
        "docs/safety.md",
        "docs/tried.md",
        "docs/team.md",
        "docs/first-time.md",
        "docs/screen.md",
        "docs/connector.md",
    }
    for name in ("README.md", "README.zh-CN.md"):
        linked = {target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", page(name))}
        assert wanted - linked == set(), name
        assert all((ROOT / Path(target)).exists() for target in wanted)
