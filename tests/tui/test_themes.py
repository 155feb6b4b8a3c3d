"""Text can be read in both themes (WCAG 2.2, contrast 4.5:1), and every widget can be drawn in Textual's own."""

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from devtrail_tui.tui.themes import THEMES
from devtrail_tui.tui.widgets.header_bar import HeaderBar
from devtrail_tui.tui.widgets.job_table import JobTable
from tests.tui.widget_host import NOW, Host, seen, table_data

INKS = ("foreground", "foreground-muted", "primary", "success", "warning", "error", "accent", "secondary")
GROUNDS = ("background", "surface", "panel", "block-cursor-background", "block-cursor-blurred-background")


def contrast(one: Color, other: Color) -> float:
    """The contrast ratio of WCAG 2.2."""

    def luminance(color: Color) -> float:
        channels = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized]
        return sum(weight * channel for weight, channel in zip((0.2126, 0.7152, 0.0722), channels, strict=True))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_ink_can_be_read_on_every_ground(theme: Theme) -> None:
    colors = {**theme.to_color_system().generate(), **theme.variables}
    low = {
        (ink, ground): round(ratio, 2)
        for ink in INKS
        for ground in GROUNDS
        if (ratio := contrast(Color.parse(colors[ink]), Color.parse(colors[ground]))) < 4.5
    }
    assert not low


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_words_on_coloured_grounds_can_be_read(theme: Theme) -> None:
    colors = {**theme.to_color_system().generate(), **theme.variables}
    for ink, ground in (
        ("background", "warning"),
        ("foreground", "screen-selection-background"),
        ("foreground", "input-selection-background"),
        ("footer-description-foreground", "footer-background"),
        ("footer-key-foreground", "footer-background"),
        ("button-color-foreground", "primary"),
        ("button-color-foreground", "error"),
        ("button-color-foreground", "success"),
    ):
        assert contrast(Color.parse(colors[ink]), Color.parse(colors[ground])) >= 4.5, (ink, ground)


@pytest.mark.parametrize("name", ["devtrail-dark", "devtrail-light", *sorted(BUILTIN_THEMES)])
async def test_widgets_draw_in_any_theme(name: str) -> None:
    table = JobTable()
    async with Host(table, theme=name).run_test(size=(100, 12)) as pilot:
        table.update(table_data(4), NOW)
        await pilot.app.mount(HeaderBar(demo=True))
        await pilot.pause()
        assert "acme/service-4" in seen(table)[1]
