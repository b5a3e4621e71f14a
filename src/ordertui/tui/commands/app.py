"""Commands about the application itself."""

from __future__ import annotations

from ordertui.messages import LANGUAGES, N_, _, current_language, use
from ordertui.tui.actions import Command, format_key
from ordertui.tui.main.command_context import CommandContext
from ordertui.tui.screens.task_runner import Task
from ordertui.tui.themes import DARK, LIGHT

OTHER_HABITS = {
    "tab": N_("1 to 9 open the queues, {find_filter} filters"),
    "shift+tab": N_("1 to 9 open the queues, {find_filter} filters"),
    "asterisk": N_("{mark_same} marks what shares a value with this order, {table_all} all that are shown"),
    "Z": N_("{app_quit} leaves; marks, views and columns are kept by themselves"),
    "Q": N_("{app_quit} leaves; marks, views and columns are kept by themselves"),
    "W": N_("nothing has to be saved: marks, views and columns are kept by themselves"),
    "ctrl+s": N_("nothing has to be saved: marks, views and columns are kept by themselves"),
    "U": N_("U is a key of the outbox ({batch_outbox}): there it marks a file as uploaded"),
    "ctrl+f": N_("{table_half_down} {table_half_up} scroll half a page; {find_filter} filters"),
    "ctrl+b": N_("{table_half_down} {table_half_up} scroll half a page; {find_filter} filters"),
    "ctrl+r": N_("{see_refresh} reads the store again; {change_undo} undoes marks and facts"),
    "f5": N_("{see_refresh} reads the store again; {change_undo} undoes marks and facts"),
    "delete": N_("{order_cancel} previews a cancellation, {mark_clear} removes the marks"),
    "backspace": N_("{order_cancel} previews a cancellation, {mark_clear} removes the marks"),
}
"""What does here what a key does in vim, less, mutt, lazygit or a file manager, by that key."""


def tell_unbound_key(context: CommandContext, key: str, sign: str) -> None:
    """Say what a key that does nothing may have been meant for. `sign`: what it types, if anything."""
    text = OTHER_HABITS.get(key, N_("{key} has no action here; {app_help} lists all keys"))
    context.notify(_(text, key=sign or format_key(key), **context.keymap.names))


async def show_help(context: CommandContext, task: Task) -> None:
    """Show all keys."""
    from ordertui.tui.screens.help import HelpScreen

    await task.ask(HelpScreen(context.keymap.commands))


async def show_messages(context: CommandContext, task: Task) -> None:
    """Show the last messages."""
    from ordertui.tui.screens.message_log import MessageLogScreen

    await task.ask(MessageLogScreen(context.messages, context.session.orders.zone))


def switch_theme(context: CommandContext) -> None:
    """Switch between dark and light."""
    app = context.screen.app
    app.theme = LIGHT.name if app.current_theme.dark else DARK.name


def switch_language(context: CommandContext, language: str = "") -> None:
    """Show the screen in a language of `messages.LANGUAGES` until it is left; empty: in the next one."""
    codes = list(LANGUAGES)
    chosen = language or codes[(codes.index(current_language()) + 1) % len(codes)]
    use(chosen)
    context.relabel()
    context.notify(
        _('{language}; to keep it: language = "{code}" in the settings', language=LANGUAGES[chosen], code=chosen)
    )


def start_tour(context: CommandContext) -> None:
    """Begin the tour; in a store with real orders, offer the practice store."""
    context.tour.start_or_offer()


def suspend(context: CommandContext) -> None:
    """Go back to the shell; `fg` returns."""
    context.screen.app.action_suspend_process()


def leave(context: CommandContext) -> None:
    """Leave; what is held stays held."""
    context.screen.app.exit()


async def open_palette(context: CommandContext, task: Task) -> None:
    """Choose an action by name or type a command, and do it."""
    from ordertui.tui.screens.command_palette import PaletteScreen
    from ordertui.tui.screens.typed_commands import CommandReader, TypedCommand

    from .typed import do_typed

    session = context.session
    views, _ = session.workspace.views()
    reader = CommandReader(session.orders.condition, [view.name for view in views])
    chosen: Command | TypedCommand | None = await task.ask(
        PaletteScreen(context.keymap.commands, reader, session.workspace.commands())
    )
    if isinstance(chosen, TypedCommand):
        session.workspace.remember_command(chosen.text)
        await do_typed(context, task, chosen)
    elif chosen is not None:
        owner = context.table if chosen.is_of_table else context.screen
        context.screen.call_later(owner.run_action, chosen.action)
