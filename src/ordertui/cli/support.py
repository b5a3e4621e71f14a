"""`ordertui config`, `ordertui report` and `ordertui docs`: settings, what a bug report needs, and the pages."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from ordertui.files import MEBIBYTE, read_text
from ordertui.operations import config as settings_file
from ordertui.operations.query.export import json_text

from .context import Settings, fail, say
from .exit_codes import Exit
from .output import FORMAT, emit

PAGE_BYTES = MEBIBYTE
"""Most bytes of a page of the documentation."""


@click.command()
@click.option(
    "-o", "output", type=click.Path(dir_okay=False, path_type=Path), default="ordertui-report.txt", show_default=True,
    help="The file to write; one that exists is left alone.",
)  # fmt: skip
@click.pass_obj
def report(settings: Settings, output: Path) -> None:
    """Collect what a bug report needs into one file: versions, settings, counts, the store's check, logged defects.

    Orders, buyers, secrets, and the names of people and folders are left out. Look through it before you send it.
    """
    from ordertui.files import new_output
    from ordertui.operations.bug_report import write_report
    from ordertui.operations.session import Session

    text = write_report(lambda: Session.open(settings.store, clock=settings.clock(), read_only=True))
    with new_output(output) as file:
        file.write(text.encode("utf-8"))
    say(f"{output}: look through it before you send it")


@click.command()
@click.argument("page", required=False)
def docs(page: str | None) -> None:
    """Show a page of the documentation, such as `guide` or `safety`; without a name, list the pages."""
    folder = _folder()
    pages = {path.stem: path for path in sorted(folder.glob("*.md"))}
    if not pages:
        fail(Exit.BAD_INPUT, "this installation has no pages; they are on the project's site")
    if page is None:
        for name, path in pages.items():
            click.echo(f"{name:14}{_title(path)}")
        return
    found = pages.get(page.removesuffix(".md"))
    if found is None:
        fail(Exit.BAD_INPUT, f"there is no page {page!r}; there are: {', '.join(pages)}")
    text = read_text(found, PAGE_BYTES)
    if not sys.stdout.isatty():
        click.echo(text, nl=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console(width=min(Console().width, 100)).print(Markdown(text))


def _folder() -> Path:
    """Return where the pages are: in the installed package, else in the checkout that this runs from."""
    package = Path(__file__).resolve().parent.parent
    packed = package / "docs"
    return packed if packed.exists() else package.parent.parent / "docs"


def _title(path: Path) -> str:
    return read_text(path, PAGE_BYTES).partition("\n")[0].lstrip("# ").strip()


@click.group()
def config() -> None:
    """Show your settings: where they are, what is in force, what may be set; write a file to begin with."""


@config.command("init")
def config_init() -> None:
    """Write a settings file in which every setting is described and switched off. A file that is there stays."""
    from ordertui.files import is_absent, make_folder, write_atomic
    from ordertui.operations.settings_text import commented_settings

    path = settings_file.config_path()
    if not is_absent(path):
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
    records = [{"setting": key, "value": value if form == "json" else _as_toml(value)} for key, value in found.items()]
    emit(records, ("setting", "value"), form)


def _as_toml(value: object) -> object:
    """Return a value as it stands in the settings, a text and a number as they are."""
    import json

    def inside(value: object) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{key} = {inside(one)}" for key, one in value.items()) + "}"
        if isinstance(value, list | tuple):
            return "[" + ", ".join(map(inside, value)) + "]"
        return json.dumps(value, ensure_ascii=False)

    return inside(value) if isinstance(value, dict | list | tuple) else value


@config.command("check")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def config_check(settings: Settings, file: Path | None) -> None:
    """Check a settings file, or your own, and the files and folders that it names; exit 4 when something is wrong."""
    from ordertui.operations.settings_check import check_settings

    check_settings(file, settings.clock())
    say("settings OK")


@config.command("schema")
def config_schema() -> None:
    """Print the settings' JSON schema."""
    click.echo(json_text(settings_file.schema()), nl=False)
