"""The app's two themes. Every text colour has a contrast of at least 4.5:1 on each of its backgrounds."""

from __future__ import annotations

from textual.theme import BUILTIN_THEMES, Theme

from devtrail_tui.core.errors import UsageError

DARK = Theme(
    name="devtrail-dark",
    dark=True,
    background="#12161d",
    surface="#12161d",
    panel="#1b212b",
    foreground="#d3dae6",
    primary="#7fb0f5",
    secondary="#9aa9c2",
    accent="#6cc7b9",
    success="#7cc492",
    warning="#e2b765",
    error="#f2868c",
    variables={
        "foreground-muted": "#949fb2",
        "foreground-disabled": "#5d6778",
        "border": "#5d8fd6",
        "border-blurred": "#313a48",
        "secondary-muted": "#3a4556",
        "block-cursor-foreground": "#e8edf5",
        "block-cursor-background": "#22334d",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-foreground": "#d3dae6",
        "block-cursor-blurred-background": "#1c232e",
        "block-hover-background": "#1b212b",
        "footer-background": "#12161d",
        "footer-foreground": "#949fb2",
        "footer-key-foreground": "#7fb0f5",
        "footer-description-foreground": "#949fb2",
        "scrollbar": "#313a48",
        "scrollbar-hover": "#465266",
        "scrollbar-active": "#5d8fd6",
        "scrollbar-background": "#12161d",
        "scrollbar-background-hover": "#12161d",
        "scrollbar-background-active": "#12161d",
        "scrollbar-corner-color": "#12161d",
        "input-selection-background": "#2c4770",
        "screen-selection-background": "#2c4770",
        "link-color": "#7fb0f5",
        "button-color-foreground": "#12161d",
    },
)

LIGHT = Theme(
    name="devtrail-light",
    dark=False,
    background="#fbfaf8",
    surface="#fbfaf8",
    panel="#f0eeea",
    foreground="#262b33",
    primary="#1f5fb8",
    secondary="#4d5b70",
    accent="#0f6f64",
    success="#1c7040",
    warning="#855300",
    error="#b02a2a",
    variables={
        "foreground-muted": "#5b6472",
        "foreground-disabled": "#9aa1ab",
        "border": "#4d84cf",
        "border-blurred": "#d6d3cc",
        "secondary-muted": "#cbc8c1",
        "block-cursor-foreground": "#171b21",
        "block-cursor-background": "#dbe7f8",
        "block-cursor-text-style": "none",
        "block-cursor-blurred-foreground": "#262b33",
        "block-cursor-blurred-background": "#efede8",
        "block-hover-background": "#f0eeea",
        "footer-background": "#fbfaf8",
        "footer-foreground": "#5b6472",
        "footer-key-foreground": "#1f5fb8",
        "footer-description-foreground": "#5b6472",
        "scrollbar": "#d6d3cc",
        "scrollbar-hover": "#b9b5ab",
        "scrollbar-active": "#4d84cf",
        "scrollbar-background": "#fbfaf8",
        "scrollbar-background-hover": "#fbfaf8",
        "scrollbar-background-active": "#fbfaf8",
        "scrollbar-corner-color": "#fbfaf8",
        "input-selection-background": "#bcd4f5",
        "screen-selection-background": "#bcd4f5",
        "link-color": "#1f5fb8",
        "button-color-foreground": "#fbfaf8",
    },
)

THEMES = (DARK, LIGHT)
"""The themes to register, the default first."""


def checked(name: str) -> str:
    """The name if the theme exists. Raises UsageError with the known names."""
    theme_names = {*BUILTIN_THEMES, *(theme.name for theme in THEMES)}
    if name not in theme_names:
        raise UsageError(f"There is no theme “{name}”. The themes are: {', '.join(sorted(theme_names))}.")
    return name
