"""What the keys of a preview ask: a number of orders, a reason, the name of a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ordertui.messages import _, join_texts, translate
from ordertui.operations.paths import typed_path
from ordertui.operations.planning.plan import Plan
from ordertui.operations.session import Session
from ordertui.tui.render.format import action_text, orders_text, reason_choices
from ordertui.tui.screens.task_runner import Task

from .dialogs import ChoiceScreen, FormScreen, filled, no_file_name

Say = Callable[[str], object]


async def ask_budget(task: Task) -> int | None:
    """Ask how many orders may newly count; None when the operator leaves."""

    def check(values: Mapping[str, str]) -> Mapping[str, str]:
        typed = values["budget"].strip()
        is_number = typed.isascii() and typed.isdigit() and len(typed) < 8
        return {} if is_number else {"budget": _("'{typed}' is not a whole number", typed=typed)}

    title = _("How many orders may newly count?")
    note = _("The least harmful are kept; orders that do not count are kept in any case. The target is not looked at.")
    answer = await task.ask(FormScreen(title, [("budget", _("Orders"), "")], note, done=_("keep so many"), check=check))
    return None if answer is None else int(answer["budget"])


async def ask_reason(task: Task, title: str, allowed: Sequence[str], current: str = "") -> str | None:
    """Ask for one of the reasons, beginning with the current one; None when the operator leaves."""
    at = current if current in allowed else None
    return await task.ask(ChoiceScreen(title, reason_choices(allowed), at=at))


async def ask_count(task: Task, plan: Plan, count: int) -> str | None:
    """Ask for the number of orders of a plan until it is typed right; None when the operator leaves."""
    orders = orders_text(count)

    def check(values: Mapping[str, str]) -> Mapping[str, str]:
        typed = values["count"].strip()
        if typed == str(count):
            return {}
        return {"count": _("{value} was typed; the batch has {orders}", value=typed or _("nothing"), orders=orders)}

    title = _(
        "{action} in {marketplace}: type {count}",
        action=action_text(plan.action, orders),
        marketplace=plan.marketplace,
        count=count,
    )
    why = _("Asked because {typed_why}.", typed_why=join_texts(map(translate, plan.typed_why), "; "))
    form = FormScreen(title, [("count", _("Number of orders"), "")], why, done=_("commit"), check=check)
    answer = await task.ask(form, discard_typeahead=True)
    return None if answer is None else answer["count"]


async def save_plan(task: Task, session: Session, plan: Plan, say: Say) -> None:
    """Write a plan as a file that `ordertui commit` takes, under the name that is typed."""
    target = await _ask_file(task, _("Save the plan"), session.directory / f"plan-{plan.id}.json")
    if target is not None:
        await task.work(session.batches.save_plan, [plan], target)
        say(_("saved: {target}", target=target))


async def save_sheet(task: Task, session: Session, plan: Plan, say: Say) -> None:
    """Write the sheet of a plan under the name that is typed: every order with reason, rule, amount."""
    title = _("Save the sheet (.csv, .tsv or .json)")
    target = await _ask_file(task, title, session.directory / f"sheet-{plan.id}.csv")
    if target is not None:
        await task.work(session.batches.export_sheet, plan, target)
        say(_("saved: {target}", target=target))


async def _ask_file(task: Task, title: str, path: Path) -> Path | None:
    form = FormScreen(title, [("path", _("File"), str(path))], done=_("save"), check=filled("path", no_file_name()))
    answer = await task.ask(form)
    return typed_path(answer["path"]) if answer is not None else None
