"""The rubric a new database begins with; it ships with the package as default_criteria.csv."""

from __future__ import annotations

from importlib.resources import files

from devtrail_tui.core.criteria_csv import parse
from devtrail_tui.core.evidence import Criterion


def default_criteria() -> list[Criterion]:
    """The default criteria, in the order in which they are shown."""
    return parse(files("devtrail_tui.store").joinpath("default_criteria.csv").read_bytes())
