"""`ordertui report` and `ordertui docs`: what a bug report needs, and the pages of the documentation."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ordertui.files import MEBIBYTE, read_text

from .context import Settings, fail, say
from .exit_codes import Exit

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
