"""Look whether what the settings name is there and can be used, for `ordertui config check`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from ordertui.orders.clock import Clock
from ordertui.rules.policy.policy import PolicyError
from ordertui.store import StoreError

from .config import Config, OutboxConfig, config_path, load_config, store_place
from .errors import BadInput
from .paths import is_there, typed_path
from .policies import check_policy


def check_settings(path: Path | None, clock: Clock) -> None:
    """Check a settings file, by default the user's own, and what it names. Raises BadInput that tells every problem.

    The rules, the policy file and the folders are looked at; a server is not asked, and no store is opened.
    """
    config = load_config(path)
    problems = list(_problems(config, clock))
    if problems:
        raise BadInput(f"{path or config_path()}: {'; '.join(problems)}")


def _problems(config: Config, clock: Clock) -> Iterator[str]:
    try:
        check_policy(config, clock)
    except PolicyError as error:
        yield str(error)
    if config.store:
        try:
            place = store_place(None, config)
        except StoreError as error:
            yield f"store: {error}"
        else:
            if isinstance(place, Path):
                yield from _store_problems(place, config.store)
    if config.outbox != OutboxConfig():
        yield from _folder_problems(typed_path(config.outbox.folder), "folder under [outbox]")
    if config.worker.import_folder:
        folder = typed_path(config.worker.import_folder)
        if not is_there(folder):
            yield f"import_folder under [worker] is {str(folder)!r}: there is no such folder"
        else:
            yield from _folder_problems(folder, "import_folder under [worker]")


def _store_problems(place: Path, named: str) -> Iterator[str]:
    if not place.name or place.is_dir():
        yield f"store is {named!r}, which is a folder; name the store's file in it"
    else:
        yield from _folder_problems(place.parent, "the folder of store")


def _folder_problems(folder: Path, name: str) -> Iterator[str]:
    """Yield why nothing can be written in a folder. One that is not there yet is made when it is needed."""
    there = next((one for one in (folder, *folder.parents) if is_there(one)), Path())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        yield f"{name} is {str(folder)!r}: nothing can be written in {there} ({error.strerror})"
