"""`ordertui config`: the operator's settings."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from ordertui.operations import config as settings_file

from .context import Settings
from .output import FORMAT, emit, json_text, say


@click.group()
def config() -> None:
    """Show your settings: where they are, what is in force, what may be set."""


@config.command("path")
@click.pass_obj
def config_path(settings: Settings) -> None:
    """Show where settings, store and outbox are."""
    store = settings.store or settings_file.default_store()
    records = [
        {"what": "settings", "path": settings_file.config_path()},
        {"what": "store", "path": store},
        {"what": "outbox", "path": store.parent / "outbox"},
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
    say("the settings are sound")


@config.command("schema")
def config_schema() -> None:
    """Print the settings' JSON schema."""
    click.echo(json_text(settings_file.schema()), nl=False)
