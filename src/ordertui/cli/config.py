"""Command `ordertui config`: where the settings are, what is in force, what may be set."""

from __future__ import annotations

from pathlib import Path

import click

from .context import Settings
from .output import FORMAT, emit, json_text, say


@click.group()
def config() -> None:
    """Your settings: where they are, what is in force, what may be set."""


@config.command("path")
@click.pass_obj
def config_path(settings: Settings) -> None:
    """Where settings, store and outbox are."""
    from ordertui.operations import config as settings_file

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
    """The settings in force."""
    import msgspec

    from ordertui.operations.config import load_config

    found = msgspec.to_builtins(load_config())
    emit([{"setting": key, "value": value} for key, value in found.items()], ("setting", "value"), form)


@config.command("check")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def config_check(file: Path | None) -> None:
    """Check a settings file, or your own; exit 4 when it is wrong."""
    from ordertui.operations.config import load_config

    load_config(file)
    say("the settings are sound")


@config.command("schema")
def config_schema() -> None:
    """The settings' JSON schema."""
    from ordertui.operations.config import schema

    click.echo(json_text(schema()), nl=False)
