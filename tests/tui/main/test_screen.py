"""The look: what is written can be read in both themes, on every background a row can have."""

import pytest
from textual.color import Color

from ordertui.operations.session import Session
from ordertui.tui.themes import DARK, LIGHT, THEMES
from ordertui.tui.widgets.order_table.row_renderer import TONES, LineState
from support.colours import READABLE, ratio
from support.pilot import press, running, table


@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name])
async def test_every_tone_can_be_read_on_every_row(session: Session, theme: str) -> None:
    async with running(session) as pilot:
        pilot.app.theme = theme
        await pilot.pause()
        view = table(pilot)
        for state in LineState:
            style = view.get_component_rich_style(f"order-table--{state}")
            back = Color.from_rich_color(style.bgcolor)
            for tone in (None, *TONES):
                front = style if tone is None else view.get_component_rich_style(f"order-table--{tone}")
                contrast = ratio(Color.from_rich_color(front.color), back)
                assert contrast >= READABLE, f"{theme}: {tone or 'text'} on {state} is {contrast:.2f}"


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_words_on_panels_can_be_read(theme: object) -> None:
    variables = theme.variables | {"text": theme.foreground}  # type: ignore[attr-defined]
    for name in ("text", "foreground-muted", "text-accent", "text-success", "text-warning", "text-error"):
        for ground in ("background", "surface", "panel"):
            contrast = ratio(Color.parse(variables[name]), Color.parse(getattr(theme, ground)))
            assert contrast >= READABLE, f"{name} on {ground} is {contrast:.2f}"


async def test_t_turns_the_light_on_and_off(session: Session) -> None:
    async with running(session) as pilot:
        await press(pilot, "T")
        assert pilot.app.theme == LIGHT.name
        await press(pilot, "T")
        assert pilot.app.theme == DARK.name


@pytest.mark.parametrize("theme", ["nord", "textual-light", "ansi-dark"])
async def test_textuals_own_themes_work_too(session: Session, theme: str) -> None:
    async with running(session) as pilot:
        pilot.app.theme = theme
        await press(pilot, "j", "space")
        assert table(pilot).marks.count == 1
