"""Where files to upload are written: by the settings, else where a person finds them; older ones stay in place."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import platformdirs
import pytest

from ordertui.operations.config import Config, OutboxConfig, default_store, load_config, outbox_folder, practice_folder
from ordertui.operations.errors import BadInput
from ordertui.operations.session import Session, open_practice
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from support.batches import commit, send, states
from support.cli import Command
from support.shops import NOW, all_orders_row, bring, order_id, unshipped_row


def opened(store: Path, folder: Path | str = "", *numbers: int, practice: bool = False) -> Session:
    store.parent.mkdir(parents=True, exist_ok=True)
    config = Config(outbox=OutboxConfig(str(folder)))
    session = (open_practice if practice else Session.open)(store, clock=FixedClock(NOW), config=config)
    if numbers:
        rows = [all_orders_row(n) for n in numbers]
        bring(session, store.parent, everything=rows, open_=[unshipped_row(n) for n in numbers])
    return session


def written(session: Session) -> Path:
    return Path(session.batches.find()[0].upload_file)


def test_the_default_is_where_a_person_finds_it() -> None:
    def default(directory: Path, *, is_practice: bool = False) -> Path:
        return outbox_folder(Config(), directory, is_practice=is_practice)

    visible = Path(platformdirs.user_documents_dir()) / "ordertui-outbox"
    assert default(default_store().parent) == visible
    assert default(default_store().parent / "servers" / "shop") == visible
    assert default(Path("/srv/shop")) == Path("/srv/shop/outbox"), "a store that the user placed"
    assert default(practice_folder(), is_practice=True) == practice_folder() / "outbox"
    named = Config(outbox=OutboxConfig("~/uploads"))
    assert outbox_folder(named, Path("/srv/shop"), is_practice=False) == Path("~/uploads").expanduser()
    assert outbox_folder(named, Path("/srv/practice"), is_practice=True) == Path("/srv/practice/outbox")


@pytest.mark.parametrize("text", ["uploads", "./uploads", "../up", "~nobody-of-that-name/up"])
def test_a_folder_that_depends_on_where_one_stands_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f"[outbox]\nfolder = {json.dumps(text)}\n", encoding="utf-8")
    with pytest.raises(BadInput, match="absolute path"):
        load_config(path)


def test_files_go_to_the_folder_of_the_settings_and_its_mode_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "shared" / "uploads"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    with opened(tmp_path / "shop" / "orders.db", folder, 1) as session:
        send(session, Action.CANCEL, 1)
        assert written(session).parent.parent == folder
        assert not (tmp_path / "shop" / "outbox").exists()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o755
        assert stat.S_IMODE(written(session).parent.stat().st_mode) == 0o700
        assert str(folder) in session.batches.find()[0].advice


def test_files_written_before_the_setting_changed_stay_known(tmp_path: Path) -> None:
    store = tmp_path / "shop" / "orders.db"
    with opened(store, "", 1, 2) as session:
        old = send(session, Action.CANCEL, 1)
        path = written(session)
    with opened(store, tmp_path / "new") as session:
        send(session, Action.CANCEL, 2)
        first = next(one for one in session.batches.find() if one.id == old)
        assert Path(first.upload_file) == path
        assert path.exists()
        assert "WARNING" not in first.advice
        session.batches.settle(old, [order_id(1)], done=False, why="never uploaded", typed="1")
        assert (path.parent / "DO-NOT-UPLOAD.txt").exists(), "the warning stands beside the old file"
        assert written(session).parent.parent == tmp_path / "new"


@pytest.mark.parametrize("is_gone", [False, True], ids=["there", "gone"])
def test_a_batch_that_could_not_be_written_is_held_and_leaves_in_one_place_only(tmp_path: Path, is_gone: bool) -> None:
    store, old, new = tmp_path / "shop" / "orders.db", tmp_path / "old", tmp_path / "new"
    with opened(store, old, 1) as session:
        batch = commit(session, Action.CANCEL, 1)
        session.batches.release(batch)
        folder = old / f"{batch:04d}-US-cancel-{session.context.store.identity.id[:8]}"
        old.mkdir()
        folder.write_text("in the way", encoding="utf-8")
        with pytest.raises(OSError, match=r"Not a directory|exists"):
            session.dispatcher.run()
        assert states(session, batch) == {order_id(1): RowState.HELD}
        folder.unlink()
    if is_gone:
        old.rmdir()
    with opened(store, new) as session:
        session.dispatcher.run()
        assert session.batches.find()[0].state is BatchState.WRITTEN
        files = [*tmp_path.rglob("order-cancellation.txt")]
        assert files == [written(session)], "one file, and the journal says where"
        assert files[0].parent.parent == new


def test_a_batch_whose_folder_cannot_be_made_goes_to_that_of_the_settings(tmp_path: Path) -> None:
    store, new = tmp_path / "shop" / "orders.db", tmp_path / "new"
    (tmp_path / "plain").touch()
    with opened(store, tmp_path / "plain" / "outbox", 1) as session:
        session.batches.release(commit(session, Action.CANCEL, 1))
        with pytest.raises(OSError, match="plain"):
            session.dispatcher.run()
        assert session.batches.waiting().to_upload == 0, "no file is there"
        with pytest.raises(OSError, match="plain"):
            session.dispatcher.run()
    with opened(store, new) as session:
        assert len(session.dispatcher.run()) == 1
        path = written(session)
        assert path.parent.parent == new
        assert f"1. Upload {path}" in session.batches.find()[0].advice
        assert session.batches.waiting().to_upload == 1
        session.batches.settle(1, [order_id(1)], done=False, why="never uploaded", typed="1")


def test_two_stores_in_one_folder_neither_block_nor_overwrite_each_other(tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    with (
        opened(tmp_path / "a" / "orders.db", folder, 1, 3, 4) as first,
        opened(tmp_path / "b" / "orders.db", folder, 2) as second,
    ):
        for number in (1, 3, 4):
            send(first, Action.CANCEL, number)
        (folder / "0009-US-cancel").mkdir()  # a batch of a third store, of version 0.1
        second.context.store.set_meta("store:unnamed", "1")
        assert send(second, Action.CANCEL, 2) == 1
        assert second.context.copies.reason() == ""
        assert len({path.parent for path in folder.rglob("order-cancellation.txt")}) == 4
        for session, mine in ((first, 4), (second, 2)):
            assert order_id(mine) in written(session).read_text(encoding="utf-8")


def test_a_folder_of_a_later_batch_is_found_after_the_setting_changed(tmp_path: Path) -> None:
    store = tmp_path / "shop" / "orders.db"
    with opened(store, "", 1) as session:
        send(session, Action.CANCEL, 1)
        later = session.context.outbox_directory / f"0007-US-cancel-{session.context.store.identity.id[:8]}"
        later.mkdir()
    with opened(store, tmp_path / "new") as session:
        assert later.name in session.context.copies.reason()


def test_config_path_says_where_the_files_are(tmp_path: Path) -> None:
    settings = tmp_path / "config.toml"
    settings.write_text(f"[outbox]\nfolder = {json.dumps(str(tmp_path / 'uploads'))}\n", encoding="utf-8")
    command = Command(tmp_path / "shop")
    before = command.ok("config", "path")
    assert str(tmp_path / "shop" / "outbox") in before
    done = command.run("config", "path", ORDERTUI_CONFIG=str(settings))
    assert str(tmp_path / "uploads") in done.stdout
