"""One seller's morning on the real screen: reports in, marks, preview, hold, one taken back, files out, Amazon's answer
in.
"""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pty", reason="no pseudo-terminals here")

from ordertui.tui.actions import ALL_COMMANDS
from support.cli import ROOT
from support.practice import REPORTS, needs_tmux, running_in, start
from support.terminal import Terminal, given_back

ORDER = "001-0000000-000000{}".format


@pytest.mark.parametrize(
    "in_tmux", [False, pytest.param(True, marks=[needs_tmux, pytest.mark.long])], ids=["terminal", "tmux"]
)
def test_import_mark_cancel_undo_one_release_and_the_answer(
    opened: list[Terminal], tmp_path: Path, in_tmux: bool
) -> None:
    screen = start(opened, tmp_path, in_tmux=in_tmux)
    screen.wait("No orders yet", "0 of 0")

    screen.keys("i")
    screen.wait("Import report files", "unshipped-orders.txt  ", "Unshipped orders", "Cancellation Rate")
    screen.keys("/")
    screen.keys(" ".join(path.name for path in sorted(REPORTS.iterdir())) + "\r")
    screen.wait("Import result", "148 new orders", "unshipped-orders.txt")
    screen.keys("\x1b")
    screen.wait("132 of 132", "16 FBA hidden", "2 To ship 13", "3 Asked 3", gone="Import result")

    screen.keys("/")
    screen.wait("all orders of this queue")  # what an empty filter means
    screen.keys("sku:MUG-BLUE\r")
    screen.wait(" 7 of 132", gone="all orders of this queue")
    screen.keys("jjjjj")
    screen.wait(f"keys act on {ORDER(4)}")
    screen.keys("d")
    screen.wait("Carrier handed over: yes")

    screen.keys("a")
    screen.wait("7 marked", "4 cancel (2 count)", "3 / 129", "2.33 %")
    screen.keys("x")
    screen.wait("Cancel 4 of 7 orders · Amazon.com", "USD 120.01", "y commit 4")
    screen.keys("\r")  # never commits: it opens the order under the cursor
    screen.wait("Reasons")
    screen.keys("\x1b")
    screen.wait("y commit 4", gone="Reasons")
    screen.keys("y")
    screen.wait("4 orders held until", gone="y commit")
    screen.wait("Held 4")  # the message stood on it

    screen.keys("ggjj")
    screen.wait(f"{ORDER(3)}   US", "◷ cancel held 15m · batch 1")
    screen.keys("u")
    screen.wait("What shall be undone?", f"only {ORDER(3)}")
    screen.keys("o")
    screen.wait("1 order undone", "Held 3")

    screen.keys("o")
    screen.wait("Outbox", "1 held", "u undo   r release")
    screen.keys("r")
    screen.wait("Release batch 1 now?")
    screen.keys("\r")  # no
    screen.wait("u undo   r release", gone="w write its files now")
    assert not (tmp_path / "outbox").exists()
    screen.keys("r")
    screen.wait("w write its files now")
    screen.keys("w")
    screen.wait("↑ file written", "1 file to upload", "U mark uploaded", "sellercentral.amazon.com")
    screen.keys("\x1b")
    screen.wait("Held 0", "Unconfirmed 3", gone="Outbox")
    upload = next(tmp_path.glob("outbox/0001-US-cancel-*/order-cancellation.txt")).read_text(encoding="utf-8")
    assert [line.split("\t")[0] for line in upload.splitlines()[2:]] == ["001-0000000-0000023", ORDER(2), ORDER(1)]

    screen.keys("i")
    screen.wait("Import report files")
    screen.keys("/../results/cancel-\ttxt\r")
    screen.wait("Batch 1: 2 ok, 1 refused by Amazon, 0 unknown", "18028", ORDER(2))
    screen.keys("\x1b")
    screen.wait("Unconfirmed 2", "Fail 1", gone="Import result")

    screen.keys("8")
    screen.wait(" 1 of 132", f"{ORDER(2)}   US", "✗ cancel refused · batch 1")
    screen.keys("i")
    screen.wait("Import report files")
    screen.keys("/../next-day/all-orders-by-last-update.txt\r")
    screen.wait("Import result", "changed")
    screen.keys("\x1b")
    screen.wait("Unconfirmed 0", "Fail 1", gone="Import result")
    screen.keys(f"g{ORDER(1)}\r")
    screen.wait(f"{ORDER(1)}   US · Cancelled", "✓ cancel confirmed · batch 1")
    screen.keys("\r")
    screen.wait("confirmed by a later report", "y copy")
    for _ in range(3):  # pages asked for while one still moves are one
        screen.keys("\x1b[6~")
        screen.quiet()
    screen.wait("History")
    screen.keys("\x1b")
    screen.wait("Fail 1", gone="History")

    screen.keys("q")
    assert screen.ended() == 0
    assert given_back(screen.written)
    assert screen.left_behind() == []
    if in_tmux:
        assert not running_in(tmp_path), "nothing stays behind in it"


@pytest.mark.usefixtures("us_orders")
def test_at_another_time_the_screen_only_looks(opened: list[Terminal], tmp_path: Path) -> None:
    screen = start(opened, tmp_path, ORDERTUI_TEST_CLOCK="")
    screen.wait("READ ONLY", "132 of 132")
    screen.keys("d")
    screen.wait("read-only")
    screen.keys("q")
    assert screen.ended() == 0


def test_a_dumb_terminal_is_declined_politely(opened: list[Terminal], tmp_path: Path) -> None:
    screen = start(opened, tmp_path, TERM="dumb")
    assert screen.ended() == 2
    assert b"ordertui list" in screen.written
    assert b"\x1b" not in screen.written


def test_the_practice_store_is_marked(opened: list[Terminal], tmp_path: Path) -> None:
    screen = start(opened, tmp_path, "demo", "--where", str(tmp_path / "practice"), "--orders", "200")
    screen.wait("PRACTICE", "of 182", "To ship", "Tour 1/7")
    screen.keys("\x1b")
    screen.wait("PRACTICE", gone="Tour 1/7")
    for key, title in (
        ("o", "Outbox"),
        ("?", "Keys"),
        ("i", "Import report files"),
        ("x", "y commit"),
        ("\r", "y copy"),
    ):
        if key == "x":
            screen.keys("/")
            screen.wait("all orders of this queue")
            screen.keys("status:unshipped channel:merchant\r")
            screen.wait("PRACTICE", gone="all orders of this queue")
        screen.keys(key)
        screen.wait("PRACTICE", title)
        screen.keys("\x1b")
        screen.wait("PRACTICE", gone=title)
    for columns, rows in ((80, 24), (60, 15)):
        screen.resize(columns, rows)
        screen.wait("PRACTICE", "keys act on")
    screen.keys("q")
    assert screen.ended() == 0


def test_the_keys_that_readme_names_do_what_it_says() -> None:
    sentence = (ROOT / "README.md").read_text(encoding="utf-8").split("On the screen: ")[1].split(" Nothing is done")[0]
    keys = {key: action.id for action in ALL_COMMANDS for key in action.key_text.split()}
    said = dict(zip(sentence.split("`")[1::2], sentence.split("`")[2::2], strict=False))
    del said["1"], said["9"]
    meant = {
        "v": "table.range", "a": "table.all", "/": "find.filter", "x": "order.cancel", "r": "order.refund",
        "c": "order.confirm",
        "m": "order.message", "u": "batch.undo", "z": "change.undo", "?": "app.help",
    }  # fmt: skip
    assert said.keys() == meant.keys(), "the sentence names other keys: say here what they do"
    assert {key: keys[key] for key in said} == meant
    assert keys["space"] == "table.toggle"
