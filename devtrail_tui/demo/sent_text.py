"""Reads the pull request inside a request to Claude: plain text in parts, each with a marked heading."""

from __future__ import annotations

import re
from typing import Any

_FENCED = re.compile(r"<<<BEGIN PULL REQUEST (\w+)>>>\n(.*)\n<<<END PULL REQUEST \1>>>", re.DOTALL)
_FACTS = re.compile(
    r"(?P<repository>.*)#(?P<number>\d+), written by (?P<author>.*?)(?: \(bot\))?, merged (?P<merged_on>.*)\n"
    r"work of: (?P<work_of>.*) \((?P<roles>[a-z, ]*)\)"
)
_WRITTEN = re.compile(
    r"(?P<number>\d+)\. (?P<kind>review|comment)(?: on (?P<path>.*))? by (?P<author>.*?)(?P<bot> \(bot\))?, "
    r"(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d)(?:, answers (?P<answers>\d+)|, (?P<state>\w+))?"
)
_LISTS = {"changed files with added and removed lines": "files", "left out": "left_out"}


def sent_pull_request(text: str) -> dict[str, Any]:
    """The facts, `title`, `description`, `files`, `conversation` (each with `author`, `text` and what its heading names) and
    `left_out` of the pull request; empty if there is none."""
    fenced = _FENCED.search(text)
    if fenced is None:
        return {}
    heading = re.compile(rf"^== {fenced[1][:12]} (.*) ==$\n?", re.MULTILINE)
    _, *pieces = heading.split(fenced[2])
    pull: dict[str, Any] = {"title": "", "description": "", "files": [], "left_out": [], "conversation": []}
    for name, part in zip(pieces[::2], pieces[1::2], strict=True):
        part_text = part.removesuffix("\n")
        if name == "pull request":
            pull |= _facts(part_text)
        elif name in _LISTS:
            pull[_LISTS[name]] = part_text.split("\n")
        elif (written := _WRITTEN.fullmatch(name)) is not None:
            pull["conversation"].append({**written.groupdict(), "text": part_text})
        else:
            pull[name.partition(" by ")[0]] = part_text
    return pull


def _facts(text: str) -> dict[str, Any]:
    facts = _FACTS.match(text)
    if facts is None:
        return {}
    more = dict(line.partition(": ")[::2] for line in text.split("\n")[2:])
    return {**facts.groupdict(), "number": int(facts["number"]), "roles": facts["roles"].split(", "), **more}
