"""`demo`: the practice store."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
from click.core import ParameterSource

from .context import Settings, at_most_one, fail, say
from .exit_codes import Exit
from .output import progress_line


@click.command()
@click.option("--orders", type=click.IntRange(100, 1_000_000), default=5000, show_default=True, help="How many.")
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed draws the same orders.")
@click.option("--where", type=click.Path(file_okay=False, path_type=Path), help="Folder to keep it in.")
@click.option("--fresh", is_flag=True, help="Replace the practice store that is there, and what was done in it.")
@click.option("--no-screen", is_flag=True, help="Only build it; print its path.")
@click.option(
    "--reports", type=click.Path(file_okay=False, path_type=Path),
    help="Only write example report files, dated today, into this new folder.",
)  # fmt: skip
@click.pass_obj
def demo(
    settings: Settings, orders: int, seed: int, where: Path | None, fresh: bool, no_screen: bool, reports: Path | None
) -> None:
    """Build a practice store of made-up orders and open it, the first time with a tour. Nothing in it is real.

    One that is there is opened as it was left; --fresh makes a new one, with orders dated today.
    """
    if reports is not None:
        source = click.get_current_context().get_parameter_source
        for name in ("orders", "seed", "where", "fresh", "no_screen"):
            at_most_one({"--reports": True, f"--{name.replace('_', '-')}": source(name) is ParameterSource.COMMANDLINE})
        return _write_reports(settings, reports)
    from ordertui.operations.config import practice_folder
    from ordertui.operations.demo import build_practice, has_practice_store, practice_store

    from .main import open_screen

    folder = where or practice_folder()
    store = practice_store(folder)
    named = click.get_current_context().find_root().get_parameter_source("store") is ParameterSource.COMMANDLINE
    if named and settings.store and Path(settings.store).resolve() != store.resolve():
        say(f"--store {settings.store} is not used: the practice store is {store}, in a folder of its own (--where)")
    if settings.read_only and (fresh or not has_practice_store(folder)):
        what = f"{store} is kept as it is" if has_practice_store(folder) else f"no practice store is made in {folder}"
        fail(Exit.REFUSED, f"--read-only changes nothing: {what}; leave --read-only out")
    try:
        if fresh or not has_practice_store(folder):
            say(f"building a practice store of {orders:,} orders in {folder}")
            store = build_practice(
                folder,
                orders=orders,
                seed=seed,
                now=settings.clock().now(),
                fresh=fresh,
                progress=progress_line("built"),
            )
        else:
            _refuse_a_new_ones_options(folder)
            say("the practice store as you left it; --fresh makes a new one, with orders dated today")
    except OSError as error:
        why = error.strerror or error
        fail(Exit.BAD_INPUT, f"no practice store can be made in {folder}: {why}; choose a folder with --where")
    if no_screen:
        click.echo(str(store))
        return None
    say(f"practice store: {store}")
    return open_screen(msgspec.structs.replace(settings, store=store), tour=True)


def _refuse_a_new_ones_options(folder: Path) -> None:
    """Refuse what would be passed over: a number of orders or a seed, where a practice store is opened as it is."""
    given = click.get_current_context().get_parameter_source
    asked = [f"--{name}" for name in ("orders", "seed") if given(name) is ParameterSource.COMMANDLINE]
    if asked:
        fail(
            Exit.USAGE,
            f"{' and '.join(asked)} {'is' if len(asked) == 1 else 'are'} for a new practice store, and there is one in"
            f" {folder}: --fresh replaces it and what was done in it; without the option it opens as you left it",
        )


def _write_reports(settings: Settings, folder: Path) -> None:
    """Write the example reports that README's walk works on."""
    from ordertui.operations.demo.example_files import write_example_reports

    try:
        write_example_reports(folder, settings.clock().now())
    except OSError as error:
        why = error.strerror or error
        fail(Exit.BAD_INPUT, f"no example reports can be written into {folder}: {why}; name a new folder")
    say(f"example reports of made-up orders, dated today: {folder}. Import them into a store apart from your own:")
    say(f"  ordertui --store {folder / 'orders.db'} import {folder / 'us' / 'reports'}")
