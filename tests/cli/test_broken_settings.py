"""Mistakes in the settings or the policy file keep nobody from undoing what is held, and nothing leaves by them."""

from __future__ import annotations

import csv
import os
import platform
import tomllib
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from ordertui.operations.config import ENVIRONMENT, Config, load_sound_part
from ordertui.operations.errors import BadInput
from ordertui.operations.session import Session
from ordertui.operations.workspace import Workspace
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.tui.keymap import read_keymap
from support.batches import TWO_WAIT, commit, session_of
from support.cli import Command, Done
from support.logins import session_as
from support.shops import NOW, order_id, standard

BAD_COLOUR = '[[colours]]\nfilter = "totl>3"\ncolour = "red"\n'
BROKEN = [
    (BAD_COLOUR, "rule 1 under [[colours]]: its filter 'totl>3'"),
    ("no_such = 1\n", "there is no setting 'no_such'"),
    ('merchant_id = "A\n', "config.toml: "),
    ('policy_file = "{folder}/gone.toml"\n', "gone.toml: cannot be read"),
    ('policy = "none"\n', "none"),
    ('policy_file = "{folder}/gone.toml"\nno_such = 1\n', "there is no setting 'no_such'"),
    (None, "is not there"),
]
LEAVES = [("release", "1"), ("dispatch",), ("approve", "1", "--why", "looked"), ("uploaded", "1")]


@pytest.fixture
def shop(tmp_path: Path) -> Command:
    """A store with a held batch of orders 1 and 2."""
    with Session.open(tmp_path / "orders.db", clock=FixedClock(NOW), config=Config()) as session:
        standard(session, tmp_path)
        commit(session, Action.CANCEL, 1, 2)
    return Command(tmp_path)


def write(folder: Path, text: str | None) -> str:
    """The path of settings with this text; None: of settings that are not there."""
    path = folder / "config.toml"
    if text is not None:
        path.write_text(text.replace("{folder}", folder.as_posix()), encoding="utf-8")
    return str(path)


def states(folder: Path) -> list[str]:
    with Session.open(folder / "orders.db", clock=FixedClock(NOW), config=Config(), read_only=True) as session:
        return [str(row.state) for row in session.batches.get(1).rows]


@pytest.mark.parametrize(("text", "said"), BROKEN)
def test_what_is_held_is_listed_and_undone_all_the_same(
    shop: Command, tmp_path: Path, text: str | None, said: str
) -> None:
    settings = write(tmp_path, text)

    def told(*args: str) -> Done:
        done = shop.run(*args, ORDERTUI_CONFIG=settings)
        assert done.code == 0, done.stderr
        assert said in done.stderr
        assert f"only undoes or looks, works all the same, in the store {tmp_path / 'orders.db'}" in done.stderr
        return done

    assert "1 " in told("outbox").stdout
    assert order_id(1) in told("outbox", "1").stdout
    assert "1 order undone" in told("undo", order_id(1)).stderr
    assert "1 order undone" in told("undo", "1").stderr
    assert states(tmp_path) == ["recalled", "recalled"]


@pytest.mark.parametrize(("text", "said"), BROKEN)
@pytest.mark.parametrize("args", LEAVES)
def test_nothing_that_lets_something_leave_works(
    shop: Command, tmp_path: Path, text: str | None, said: str, args: tuple[str, ...]
) -> None:
    done = shop.run(*args, ORDERTUI_CONFIG=write(tmp_path, text))
    assert (done.code, done.stdout) == (4, "")
    assert said in done.stderr
    assert states(tmp_path) == ["held", "held"]


@pytest.mark.parametrize(
    ("text", "works"),
    [
        ('store = "{folder}/orders.db"\nno_such = 1\n', True),
        ('store = "{folder}/orders.db"\nno_such = \n', False),
        ("store = 3\n", False),
        ('stor = "{folder}/orders.db"\n', False),
        (None, False),
    ],
)
def test_the_store_is_the_one_that_the_settings_name_or_none(
    shop: Command, tmp_path: Path, text: str | None, works: bool
) -> None:
    shop.before = shop.before[2:]  # without --store
    done = shop.run("undo", "1", ORDERTUI_CONFIG=write(tmp_path, text))
    if works:
        assert done.code == 0, done.stderr
        assert states(tmp_path) == ["recalled", "recalled"]
    else:
        assert (done.code, "name the store with --store" in done.stderr) == (4, True)
        assert states(tmp_path) == ["held", "held"]


@pytest.mark.parametrize(("store", "is_sound"), [('""', True), ("3", False), ("0", False), ("[]", False)])
def test_an_empty_store_in_the_settings_is_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str, is_sound: bool
) -> None:
    monkeypatch.setenv(ENVIRONMENT, write(tmp_path, f"store = {store}\nno_such = 1\n"))
    with nullcontext() if is_sound else pytest.raises(BadInput, match="name the store with --store"):
        assert load_sound_part(None, BadInput("there is no setting 'no_such'")).store == Config().store


def test_a_batch_that_waits_for_approval_may_be_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy, clock, place = tmp_path / "house.toml", FixedClock(NOW), tmp_path / "orders.db"
    policy.write_text(TWO_WAIT, encoding="utf-8")
    session_of(tmp_path, clock).close()
    with session_as("ann", place, clock, monkeypatch, Config(policy_file=str(policy))) as ann:
        commit(ann, Action.CANCEL, 1, 2)
    done = Command(tmp_path).run("reject", "1", "--why", "not these", ORDERTUI_CONFIG=write(tmp_path, BAD_COLOUR))
    assert done.code == 0, done.stderr
    assert done.stderr.startswith(f"{tmp_path / 'config.toml'}: rule 1 under [[colours]]")
    assert states(tmp_path) == ["recalled", "recalled"]


def _link_file(config: Path) -> None:
    config.symlink_to("/no/such/disk/config.toml")


def _loop(config: Path) -> None:
    config.symlink_to(config.name)


def _link_folder(config: Path) -> None:
    config.parent.rmdir()
    config.parent.symlink_to("/no/such/disk")


def _file_as_folder(config: Path) -> None:
    config.parent.rmdir()
    config.parent.write_text('policy_file = "/mine.toml"\n', encoding="utf-8")


@pytest.mark.skipif(os.name == "nt", reason="links")
@pytest.mark.parametrize("spoil", [_link_file, _loop, _link_folder, _file_as_folder])
def test_usual_settings_that_are_there_and_cannot_be_read_are_no_missing_ones(
    shop: Command, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    config = tmp_path / "own" / "ordertui" / "config.toml"
    config.parent.mkdir(parents=True)
    home = {"XDG_CONFIG_HOME": str(tmp_path / "own"), "HOME": str(tmp_path / "own")}
    if platform.system() == "Darwin":
        pytest.skip("the folder of settings has another name there")
    assert "settings OK" in shop.run("config", "check", **home).stderr
    spoil(config)
    plan = ("plan", "cancel", "--filter", "total>0", "-o", str(tmp_path / "plan.json"))
    for args in (("config", "check"), ("config", "show"), plan, ("dispatch",), ("release", "1")):
        done = shop.run(*args, **home)
        assert (done.code, done.stdout) == (4, ""), args
        assert f"{config} cannot be read" in done.stderr
    assert not (tmp_path / "plan.json").exists()
    assert "1 order undone" in shop.run("undo", order_id(1), **home).stderr
    assert bool(read_keymap(config.with_name("keys.toml")).problems) == (spoil in (_link_folder, _file_as_folder))


@pytest.mark.skipif(os.name == "nt", reason="links")
def test_keys_views_and_marks_behind_a_link_that_leads_nowhere_are_told(tmp_path: Path) -> None:
    for name in ("keys.toml", "orders.views.toml", "orders.marks.json"):
        (tmp_path / name).symlink_to("/no/such/disk")
    assert "leads nowhere" in read_keymap(tmp_path / "keys.toml").problems[0]
    workspace = Workspace(tmp_path / "orders.db", read_only=False)
    assert "leads nowhere" in workspace.views()[1]
    with pytest.raises(BadInput, match="leads nowhere"):
        workspace.required_marks()


@pytest.mark.skipif(os.name == "nt", reason="links and devices")
@pytest.mark.parametrize(
    ("place", "said"),
    [("away.db", "is a link that leads nowhere"), ("folder", "is a folder; name"), ("null", "is no plain file")],
)
@pytest.mark.parametrize("args", [("outbox",), ("--read-only", "outbox"), ("import", "{report}")])
def test_a_store_that_can_be_none_is_refused_and_nothing_is_made(
    tmp_path: Path, place: str, said: str, args: tuple[str, ...]
) -> None:
    disk, report = tmp_path / "disk", tmp_path / "report.txt"
    disk.mkdir()
    report.write_text("order-id\n", encoding="utf-8")
    (tmp_path / "away.db").symlink_to(disk / "away.db")
    (tmp_path / "folder").mkdir()
    (tmp_path / "null").symlink_to("/dev/null")
    command = Command(tmp_path, tmp_path / place)
    done = command.run(*(arg.format(report=report) for arg in args))
    assert (done.code, said in done.stderr) == (4, True), done.stderr
    assert list(disk.iterdir()) == list((tmp_path / "folder").iterdir()) == []


@pytest.mark.parametrize(("end", "place"), [("\n", "at line 2, column "), ("", "at end of document")])
def test_a_key_given_twice_is_named(tmp_path: Path, end: str, place: str) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(f'shop_name = "A"\nshop_name = "B"{end}', encoding="utf-8")
    done = Command(tmp_path).run("config", "check", ORDERTUI_CONFIG=str(settings))
    assert done.code == 4
    assert f"shop_name is given twice ({place}" in done.stderr


def test_settings_are_shown_as_they_are_written(tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(
        'language = "zh"\nshop_name = "Über"\n[amazon]\nmarketplaces = ["US", "CA"]\n', encoding="utf-8"
    )
    done = Command(tmp_path).run("config", "show", "--format", "tsv", ORDERTUI_CONFIG=str(settings))
    assert done.code == 0, done.stderr
    shown = dict(csv.reader(done.stdout.splitlines(), delimiter="\t"))
    assert (shown["language"], shown["shop_name"], shown["colours"]) == ("zh", "Über", "[]")
    assert tomllib.loads(f"amazon = {shown['amazon']}")["amazon"]["marketplaces"] == ["US", "CA"]
