"""Criteria as CSV: one criterion per row, the columns of COLUMNS, UTF-8 (a byte order mark is accepted).

Spreadsheets evaluate a cell that begins with `=`, `+`, `-` or `@` as a formula. `dump` therefore prefixes such a cell with an
apostrophe, which marks it as text, and `parse` removes that apostrophe, so the round trip is lossless.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

from devtrail_tui.core.errors import InvalidInput
from devtrail_tui.core.evidence import Criterion
from devtrail_tui.core.text import safe, safe_line

COLUMNS = ("criterion_id", "area_of_concentration", "subarea", "description", "pr_detectable")
MOST_CRITERIA = 200
"""The whole rubric is sent to the model with every pull request; a longer one costs more than it is worth."""
LONGEST_NAME = 120
LONGEST_DESCRIPTION = 2_000
LONGEST_ID = 40

_LARGEST_FILE = 2_000_000
_MOST_PROBLEMS = 20
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_FORMULA = re.compile(r"'*[=+\-@＝＋－＠]")
_ESCAPED_FORMULA = re.compile(r"'+[=+\-@＝＋－＠]")
_TRUE = frozenset({"true", "yes", "y", "1"})
_FALSE = frozenset({"false", "no", "n", "0"})


def parse(source: str | bytes) -> list[Criterion]:
    """Parse a rubric.

    Raises InvalidInput with one sentence per wrong line (the first 20), keyed by "line N".
    """
    text = _decode(source) if isinstance(source, bytes) else source.removeprefix("\ufeff")
    if len(text) > _LARGEST_FILE:
        raise InvalidInput({"": f"The file has {len(text):,} characters; a rubric has at most {_LARGEST_FILE:,}."})
    rows = _rows(text)
    line, header = next(rows, (1, []))
    order = _column_order(line, header)
    return _criteria(rows, order)


def dump(criteria: Iterable[Criterion]) -> str:
    """Serialise a rubric; `parse` restores the same criteria."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for criterion in criteria:
        texts = (criterion.id, criterion.area_of_concentration, criterion.subarea, criterion.description)
        writer.writerow([*map(without_formula, texts), "true" if criterion.pr_detectable else "false"])
    return out.getvalue()


def without_formula(cell: str) -> str:
    """The cell, escaped with an apostrophe if a spreadsheet would evaluate it as a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _as_written(cell: str) -> str:
    return cell[1:] if _ESCAPED_FORMULA.match(cell) else cell


def _decode(source: bytes) -> str:
    if source.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InvalidInput({"": "The file is UTF-16; save it as “CSV UTF-8” and import it again."})
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        byte = source[error.start]
        raise InvalidInput(
            {f"line {line}": f"The byte 0x{byte:02X} is not UTF-8; save the file as “CSV UTF-8” and import it again."}
        ) from None


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with its first line number (a quoted cell may span several lines)."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield begins, row
            begins = reader.line_num + 1
    except csv.Error as error:
        reason = safe_line(str(error), limit=120)
        raise InvalidInput(
            {f"line {begins}": f"This is not well-formed CSV ({reason}); check its quotation marks."}
        ) from None


def _column_order(line: int, header: Sequence[str]) -> list[int]:
    names = [cell.strip().lower() for cell in header]
    column_names = ", ".join(COLUMNS)
    if not names:
        raise InvalidInput({"": f"The file is empty; its first line names the columns {column_names}."})
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        raise InvalidInput(
            {f"line {line}": "The columns are not separated by commas; save the file as comma-separated."}
        )
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        plural = "columns are" if len(missing) > 1 else "column is"
        raise InvalidInput(
            {f"line {line}": f"The {plural} missing: {', '.join(missing)}. The columns are {column_names}."}
        )
    extra = [name for name in names if name not in COLUMNS]
    if extra:
        extra_names = ", ".join(f"“{safe_line(name, limit=40)}”" for name in extra[:5])
        raise InvalidInput(
            {f"line {line}": f"There is no column {extra_names}; remove it. The columns are {column_names}."}
        )
    if len(names) > len(COLUMNS):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInput({f"line {line}": f"The column {twice} occurs twice; keep one."})
    return [names.index(name) for name in COLUMNS]


def _criteria(rows: Iterable[tuple[int, list[str]]], order: Sequence[int]) -> list[Criterion]:
    criteria: list[Criterion] = []
    first_line: dict[str, int] = {}
    problems: dict[str, str] = {}
    for line, row in rows:
        try:
            criterion = _criterion(row, order)
        except ValueError as error:
            problems[f"line {line}"] = str(error)
            if len(problems) >= _MOST_PROBLEMS:
                problems[""] = "The lines after that were not checked."
                break
            continue
        earlier = first_line.setdefault(criterion.id.lower(), line)
        if earlier != line:
            problems[f"line {line}"] = f"The criterion_id {criterion.id} is already on line {earlier}; use each once."
        criteria.append(criterion)
        if len(criteria) > MOST_CRITERIA:
            problems[""] = f"There are more than {MOST_CRITERIA} criteria; a rubric has at most that many."
            break
    if not problems and not criteria:
        problems[""] = "The file has no criteria, only the column names."
    if problems:
        raise InvalidInput(problems)
    return criteria


def _criterion(row: Sequence[str], order: Sequence[int]) -> Criterion:
    if len(row) != len(order):
        raise ValueError(f"This line has {len(row)} cells; there are {len(order)} columns.")
    identifier, area, subarea, description, detectable = (_as_written(row[index].strip()) for index in order)
    if not identifier:
        raise ValueError("The criterion_id is empty.")
    if not _ID.fullmatch(identifier):
        shown_id = safe_line(identifier, limit=60)
        raise ValueError(
            f"The criterion_id “{shown_id}” is not usable; use up to {LONGEST_ID} letters A-Z, digits, dots, dashes and"
            " underscores, beginning with a letter or digit."
        )
    return Criterion(
        id=identifier,
        area_of_concentration=_name("area_of_concentration", area, needed=True),
        subarea=_name("subarea", subarea, needed=False),
        description=_description(description),
        pr_detectable=_boolean(detectable),
    )


def _name(column: str, cell: str, *, needed: bool) -> str:
    name = safe_line(cell)
    if needed and not name:
        raise ValueError(f"The {column} is empty.")
    if len(name) > LONGEST_NAME:
        raise ValueError(f"The {column} has {len(name):,} characters; the maximum is {LONGEST_NAME}.")
    return name


def _description(cell: str) -> str:
    description = safe(cell).strip()
    if not description:
        raise ValueError("The description is empty.")
    if len(description) > LONGEST_DESCRIPTION:
        raise ValueError(
            f"The description has {len(description):,} characters; the maximum is {LONGEST_DESCRIPTION:,}."
        )
    return description


def _boolean(cell: str) -> bool:
    word = cell.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(f"pr_detectable must be true or false, not “{safe_line(cell, limit=30)}”.")
    return word in _TRUE
