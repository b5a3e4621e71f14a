"""`ordertui config`: the operator's settings."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from ordertui.operations import config as settings_file

from .context import Settings, fail
from .exit_codes import Exit
from .output import FORMAT, emit, json_text, say


@click.group()
def config() -> None:
    """Show your settings: where they are, what is in force, what may be set; write a file to begin with."""


@config.command("init")
def config_init() -> None:
    """Write a settings file in which every setting is described and switched off. A file that is there stays."""
    from ordertui.files import make_folder, write_atomic
    from ordertui.operations.settings_text import commented_settings

    path = settings_file.config_path()
    if path.exists():
        fail(Exit.BAD_INPUT, f"{path} is there already and was not touched; docs/settings.md lists every setting")
    make_folder(path.parent)
    write_atomic(path.parent, path.name, commented_settings().encode())
    say(f"{path}: every setting, switched off; take the # away before the one you change")


@config.command("path")
@click.pass_obj
def config_path(settings: Settings) -> None:
    """Show where settings, store and outbox are."""
    found = settings_file.load_config()
    store = settings_file.store_place(settings.store, found)
    directory = (store if isinstance(store, Path) else store.files).parent
    is_practice = settings_file.is_practice_folder(directory)
    records: list[dict[str, object]] = [
        {"what": "settings", "path": settings_file.config_path()},
        {"what": "store", "path": store},
        {"what": "outbox", "path": settings_file.outbox_folder(found, directory, is_practice=is_practice)},
    ]
    emit(records, ("what", "path"), "table")


@config.command("show")
@FORMAT
def config_show(form: str) -> None:
    """Show the settings in force."""
    found = msgspec.to_builtins(settings_file.load_config())
    emit([{"setting": key, "value": value} for key, value in found.items()], ("setting", "value"), form)


@config.command("check")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def config_check(file: Path | None) -> None:
    """Check a settings file, or your own; exit 4 when it is wrong."""
    settings_file.load_config(file)
    say("settings OK")


@config.command("schema")
def config_schema() -> None:
    """Print the settings' JSON schema."""
    click.echo(json_text(settings_file.schema()), nl=False)
