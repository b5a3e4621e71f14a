"""The saved views: open, save, rename, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from ordertui.messages import _
from ordertui.operations.errors import UnknownChoice
from ordertui.operations.query.queues import BY_KEY
from ordertui.operations.query.sort_order import read_sorting
from ordertui.operations.workspace import SavedView, Workspace
from ordertui.tui.render.format import MUTED
from ordertui.tui.screens.view_request import COLUMN_OF, ViewRequest
from ordertui.tui.widgets.option_list import SafeOptionList
from ordertui.tui.widgets.order_table.columns import BY_KEY as COLUMN_BY_KEY

from .base import Dialog, WrappedText
from .dialogs import FormScreen, filled
from .errors import shows_errors


class ViewsScreen(Dialog[SavedView | None]):
    """List the saved views; answers with the one to open, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", show=False),
        Binding("s", "save", show=False),
        Binding("d", "delete", show=False),
        Binding("r", "rename", show=False),
        *(Binding(str(number), f"open({number})", show=False) for number in range(1, 10)),
    ]

    def __init__(self, workspace: Workspace, views: Sequence[SavedView], current: ViewRequest) -> None:
        super().__init__(
            _("Saved views"), _("Enter or 1 to 9 open   s save this one   r rename   d delete   Esc leave")
        )
        self._workspace = workspace
        self._views = list(views)
        self._current = current

    def _compose_body(self) -> ComposeResult:
        yield SafeOptionList()
        yield WrappedText(
            _("Kept in {views_file} beside the store.", views_file=self._workspace.views_file.name),
            classes="dialog-note",
            markup=False,
        )

    def on_mount(self) -> None:
        """List the views."""
        self._show(0)
        self.query_one(OptionList).focus()

    def _show(self, place: int) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        for number, view in enumerate(self._views, start=1):
            queue = _(BY_KEY[view.queue].title) if view.queue in BY_KEY else view.queue
            words = _(
                "  {queue} · {value} · by {sort}",
                queue=queue,
                value=view.filter or _("no filter"),
                sort=_sort_text(view),
            )
            options.add_option(
                Option(
                    Content.assemble((f"{number:>2} ", "bold $text-accent"), view.name, (words, MUTED)),
                    id=f"{number} {view.name}",
                )
            )
        if not self._views:
            options.add_option(
                Option(
                    Content(_("None yet: s saves what is shown now, with its filter, sort and columns.")), disabled=True
                )
            )
        else:
            options.highlighted = min(place, len(self._views) - 1)

    @property
    def _place(self) -> int | None:
        place = self.query_one(OptionList).highlighted
        return place if place is not None and place < len(self._views) else None

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        number = event.option_index + 1
        if number <= len(self._views) and event.option_id == f"{number} {self._views[number - 1].name}":
            self.action_open(number)  # else the list changed since the click

    def action_open(self, number: int) -> None:
        """Open the view of this number, from 1."""
        if number <= len(self._views):
            self.dismiss(self._views[number - 1])

    @work(exclusive=True, group="views")
    async def action_save(self) -> None:
        """Save what is shown now; a view of the same name is replaced."""
        answer = await self.app.push_screen_wait(
            FormScreen(_("Save this view as"), [("name", _("Name"), "")], done=_("save"), check=_named)
        )
        if answer:
            name = answer["name"].strip()
            self._views = [view for view in self._views if view.name != name] + [self._current.saved(name)]
            self._save_all(len(self._views) - 1)

    @work(exclusive=True, group="views")
    async def action_rename(self) -> None:
        """Another name."""
        place = self._place
        if place is None:
            return
        view = self._views[place]

        def check(values: Mapping[str, str]) -> Mapping[str, str]:
            name = values["name"].strip()
            if any(one.name == name for one in self._views if one is not view):
                return {"name": _("there is a view named {name} already", name=name)}
            return _named(values)

        answer = await self.app.push_screen_wait(
            FormScreen(_("Rename"), [("name", _("Name"), view.name)], done=_("rename"), check=check)
        )
        if answer:
            self._views[place] = msgspec.structs.replace(view, name=answer["name"].strip())
            self._save_all(place)

    def action_delete(self) -> None:
        """Delete the view; no order is touched."""
        place = self._place
        if place is not None:
            self.notify(_("{name} deleted", name=self._views.pop(place).name))
            self._save_all(place)

    @shows_errors
    def _save_all(self, place: int) -> None:
        self._workspace.keep_views(self._views)
        self._show(place)


def _named(values: Mapping[str, str]) -> Mapping[str, str]:
    return filled("name", _("type a name for the view"))(values)


def _sort_text(view: SavedView) -> str:
    """Return what a view is sorted by: the headers of columns, other keys as they are typed, as it is written where it
    is wrong.
    """
    try:
        order = read_sorting(view.sort, down=view.reverse)
    except UnknownChoice:
        return view.sort
    return " ".join(f"{_sort_name(by.key)}{'▼' if by.down else '▲'}" for by in order)


def _sort_name(key: str) -> str:
    return _(COLUMN_BY_KEY[COLUMN_OF[key]].label) if key in COLUMN_OF else key.replace("_", "-")
