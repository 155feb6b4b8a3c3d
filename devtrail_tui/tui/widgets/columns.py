"""Table columns and their widths."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from devtrail_tui.tui.widgets.cells import Part

R = TypeVar("R")
CURSOR, GAP, MARGIN = 3, 2, 1
"""Cells of the cursor sign, of a column gap, and of the right margin."""


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """One column. A table has several layouts, tried from widest to narrowest until one fits.

    `widths`: cells in each layout, the last one repeated; 0 hides the column. Exactly one column of a table stretches: it
    takes the remaining cells, and its widths are minimums.
    `cell`: draws a row in the given cells; the last segment is cut or padded.
    """

    title: str
    widths: Sequence[int]
    cell: Callable[[R, int], Sequence[Part]]
    right: bool = False
    stretch: bool = False


def share_out(columns: Sequence[Column[R]], width: int, needs: Mapping[str, int]) -> dict[str, int]:
    """Cells of each column by title in a line of `width` cells. `needs` caps columns at the cells their content needs."""
    (stretch,) = (column for column in columns if column.stretch)
    cells: dict[str, int] = {}
    for layout, minimum in enumerate(stretch.widths):
        for column in columns:
            maximum = column.widths[min(layout, len(column.widths) - 1)]
            cells[column.title] = 0 if column.stretch else min(maximum, needs.get(column.title, maximum))
        cells[stretch.title] = width - CURSOR - MARGIN - sum(size + GAP for size in cells.values() if size)
        if cells[stretch.title] >= minimum:
            break
    cells[stretch.title] = max(cells[stretch.title], 0)
    return cells
