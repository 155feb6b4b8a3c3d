"""How the demo's Claude reads a request and finds the criteria that a pull request speaks for.

Nothing is written down per pull request: the criteria are scored by the words they share with the pull request (directly, or
through a theme such as "performance"), and every quote is cut out of the text that was sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from devtrail_tui.demo.themes import THEMES

REFUSAL, NOT_JSON, INVENTED = "refusal", "not_json", "invented"
"""Oddities: no content with `stop_reason: refusal`; prose instead of JSON; a good match beside an invented quote, a
confidence of 140 and an unknown criterion."""

MOST_MATCHES = 3
_WORD = re.compile(r"[a-z][a-z0-9]{2,}")
_SENTENCE = re.compile(r"[^\s][^.!?\n]{24,200}[.!?]?")
_STOP = frozenset(
    "the and for that with this from are was were has have had not but its into than then they their them which when "
    "what who how all any can could would should will may one two our you your his her also each every other others "
    "more most less only over under after before between about because where while there here does did done make makes "
    "made use uses used using get gets work works working code change changes changed pull request new now add adds".split()
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood of a request. `schema` is the wanted shape; `criteria` maps an id to its words."""

    schema: Mapping[str, Any]
    criteria: Mapping[str, str]
    title: str
    texts: Sequence[str]
    spoken: str


@dataclass(frozen=True, slots=True)
class Found:
    criterion_id: str
    confidence: int
    explanation: str
    quotes: tuple[str, ...]


def read_request(data: Mapping[str, Any]) -> Reading:
    """Take criteria from the system text, the pull request from the user's turn and the shape from the schema."""
    schema = ((data.get("output_config") or {}).get("format") or {}).get("schema") or {}
    system = "\n".join(_blocks(data.get("system") or ""))
    user = "\n".join(text for message in data["messages"] for text in _blocks(message.get("content") or ""))
    pull = _pull_request(user)
    texts = list(_texts(pull)) if pull else [user]
    title = str(pull.get("title", "")) if pull else ""
    return Reading(schema, _criteria(system, _enum(schema)), title, texts, user)


def answer_for(reading: Reading, oddities: Mapping[str, str]) -> tuple[str, str]:
    """The text of the answer and its `stop_reason`."""
    oddity = oddities.get(reading.title, "")
    if oddity == REFUSAL:
        return "", "refusal"
    if oddity == NOT_JSON:
        return f"I looked at “{reading.title}”. It shows solid engineering, mostly in how the team prepared it.", "end_turn"
    found = find(reading)
    if oddity == INVENTED:
        found = [*found[:1], *_inventions(reading, found)]
    rows = [_row(reading.schema, item) for item in found]
    return json.dumps(_wrapped(reading.schema, rows), ensure_ascii=False), "end_turn"


def find(reading: Reading) -> list[Found]:
    """Up to three criteria, strongest first."""
    words = _stems(" ".join(reading.texts))
    lead = _stems(reading.title)
    themes = _themes(" ".join(reading.texts))
    scored = [
        (_score(_stems(text), words, lead) + 2.5 * len(_themes(text) & themes), identifier, text)
        for identifier, text in reading.criteria.items()
    ]
    scored.sort(key=lambda item: (-item[0], item[1]))
    best = scored[0][0] if scored else 0.0
    chosen = [item for item in scored[:MOST_MATCHES] if item[0] >= 2.0 and item[0] >= best * 0.5]
    return [_found(reading, identifier, text, score, rank) for rank, (score, identifier, text) in enumerate(chosen)]


def _found(reading: Reading, identifier: str, criterion: str, score: float, rank: int) -> Found:
    quotes = _quotes(reading, criterion, rank)
    spread = sum(map(ord, reading.title + identifier)) % 9
    confidence = max(35, min(96, round(44 + 5.2 * score - 6 * rank) + spread))
    return Found(identifier, confidence, _explanation(reading, criterion, quotes, rank), quotes)


def _score(criterion: frozenset[str], words: frozenset[str], lead: frozenset[str]) -> float:
    shared = criterion & words
    return (len(shared) + 1.5 * len(criterion & lead)) * 4 / (3 + len(criterion) ** 0.5)


# --- explanation and quotes ---


_OPENINGS = (
    "The pull request shows this directly: {fact}",
    "This is visible in the work itself. {fact}",
    "A good example, because it goes past the change alone: {fact}",
    "The conversation and the description agree here: {fact}",
    "Concrete evidence, in the author's own words: {fact}",
)


def _explanation(reading: Reading, criterion: str, quotes: Sequence[str], rank: int) -> str:
    fact = quotes[0].rstrip(".!?") if quotes else reading.title
    pick = (sum(map(ord, reading.title)) + 3 * rank) % len(_OPENINGS)
    subject = _subject(criterion)
    closing = f" It speaks for “{subject}”." if subject else ""
    return _OPENINGS[pick].format(fact=fact[:220]) + "." + closing


def _subject(criterion: str) -> str:
    """A few words that name the criterion."""
    plain = re.sub(r"[\"{}\[\]|*#`<>]+", " ", criterion).strip(" :-—,.")
    plain = re.split(r"[:.;—|\n]", plain)[0].strip()
    return " ".join(plain.split()[:8])


def _quotes(reading: Reading, criterion: str, rank: int) -> tuple[str, ...]:
    """One or two sentences, verbatim, that share the most words with the criterion."""
    wanted = _stems(criterion)
    themes = _themes(criterion)
    ranked: list[tuple[float, int, str]] = []
    for order, sentence in enumerate(_sentences(reading.texts)):
        score = len(_stems(sentence) & wanted) + 1.5 * len(_themes(sentence) & themes)
        ranked.append((-score, order, sentence))
    ranked.sort()
    if not ranked:
        return (reading.title,) if reading.title else ()
    start = min(rank, len(ranked) - 1) if ranked[0][0] == 0 else 0
    strong = [item[2] for item in ranked[start : start + 2] if item[0] < 0]
    return tuple(strong or [ranked[start][2]])


def _sentences(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for match in _SENTENCE.finditer(text):
            sentence = match.group().strip()
            if sentence.count("/") < 4 and " " in sentence:
                yield sentence


def _inventions(reading: Reading, found: Sequence[Found]) -> list[Found]:
    known = [item.criterion_id for item in found[1:]] or list(reading.criteria)[-1:]
    quote = (reading.title,)
    return [
        Found(known[0], 71, "The author explains the trade-off at length.", ("We measured this for six weeks in every region.",)),
        Found(known[-1], 140, "Beyond any doubt.", quote),
        Found("no-such-criterion", 66, "A criterion that nobody asked about.", quote),
    ]


# --- the shape that was asked for ---


def _wrapped(schema: Mapping[str, Any], rows: list[dict[str, Any]]) -> Any:
    for name, inner in (schema.get("properties") or {}).items():
        if inner.get("type") == "array":
            rest = {key: "" for key, item in schema["properties"].items() if key != name and item.get("type") == "string"}
            return {name: rows, **rest}
    return {"matches": rows}


def _row(schema: Mapping[str, Any], found: Found) -> dict[str, Any]:
    """One match, its values put under the names that the schema gives them."""
    properties = _item_properties(schema)
    if not properties:
        return {
            "criterion_id": found.criterion_id,
            "confidence": found.confidence,
            "explanation": found.explanation,
            "quotes": list(found.quotes),
        }
    return {name: _value(name, kind, found) for name, kind in properties.items()}


def _value(name: str, kind: Mapping[str, Any], found: Found) -> Any:
    if "enum" in kind or name.endswith("id"):
        return int(found.criterion_id) if kind.get("type") == "integer" else found.criterion_id
    if kind.get("type") == "array":
        return list(found.quotes)
    if kind.get("type") in ("integer", "number"):
        return found.confidence
    return found.quotes[0] if "quote" in name and found.quotes else found.explanation


def _item_properties(schema: Any) -> Mapping[str, Any]:
    if not isinstance(schema, dict):
        return {}
    if schema.get("type") == "array":
        properties: Mapping[str, Any] = (schema.get("items") or {}).get("properties") or {}
        return properties
    for inner in (schema.get("properties") or {}).values():
        found = _item_properties(inner)
        if found:
            return found
    return {}


def _enum(schema: Any) -> list[str]:
    """The first enum found anywhere in the schema: the criterion ids."""
    if isinstance(schema, dict):
        if isinstance(schema.get("enum"), list):
            return [str(item) for item in schema["enum"]]
        return next((found for inner in schema.values() if (found := _enum(inner))), [])
    if isinstance(schema, list):
        return next((found for inner in schema if (found := _enum(inner))), [])
    return []


# --- reading texts ---


def _blocks(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [str(block.get("text", "")) for block in content if block.get("type") == "text"]


def _criteria(system: str, identifiers: Sequence[str]) -> dict[str, str]:
    """What the system text says about each id: from where it stands to where the next one does."""
    places: list[tuple[int, int, str]] = []
    for identifier in identifiers:
        match = _criterion_place(system, identifier)
        if match is not None:
            places.append((match.start(), match.end(), identifier))
    places.sort()
    texts = dict.fromkeys(identifiers, "")
    for place, (_start, end, identifier) in enumerate(places):
        stop = places[place + 1][0] if place + 1 < len(places) else len(system)
        texts[identifier] = system[end : min(stop, end + 600)]
    return texts


def _criterion_place(system: str, identifier: str) -> re.Match[str] | None:
    word = rf"(?<![\w.-]){re.escape(identifier)}(?![\w-])"
    return re.search(rf"^\W*(?:id\W+|criterion\W+)?{word}", system, re.MULTILINE | re.IGNORECASE) or re.search(word, system)


def _pull_request(text: str) -> dict[str, Any]:
    """The largest JSON object in the text."""
    decoder = json.JSONDecoder(strict=False)
    best: dict[str, Any] = {}
    longest = place = 0
    while (place := text.find("{", place)) != -1:
        try:
            value, end = decoder.raw_decode(text, place)
        except json.JSONDecodeError:
            place += 1
            continue
        if isinstance(value, dict) and end - place > longest:
            best, longest = value, end - place
        place = end
    inner = best.get("pull_request")
    return inner if isinstance(inner, dict) else best


_NOT_PROSE = ("url", "id", "author", "login", "path", "branch", "repository", "state", "time", "at", "date", "components")


def _texts(value: Any, name: str = "") -> Iterator[str]:
    """Every piece of prose in the pull request, title first."""
    if isinstance(value, str):
        if len(value) > 12 and not name.lower().endswith(_NOT_PROSE):
            yield value
    elif isinstance(value, dict):
        for key in sorted(value, key=lambda key: (key != "title", key not in ("body", "description"))):
            if key not in ("files", "components", "labels"):
                yield from _texts(value[key], key)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, name)


def _stems(text: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in _WORD.findall(text.lower()) if word not in _STOP)


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ings", "ing", "ions", "ion", "ities", "ity", "ed", "es", "s", "ly", "ment"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _themes(text: str) -> frozenset[str]:
    lowered = text.lower()
    return frozenset(name for name, words in THEMES.items() if any(word in lowered for word in words))
