"""Parses a request to the demo's Claude and finds the criteria that match its pull request.

Nothing is precomputed per pull request: criteria are scored by the words they share with the pull request (directly, or through
a theme such as "performance", see themes.py), and every quote is cut from the text of the request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from devtrail_tui.demo.sent_text import sent_pull_request
from devtrail_tui.demo.themes import THEMES

REFUSAL, NOT_JSON, INVENTED = "refusal", "not_json", "invented"
"""Unusual answers: no content with `stop_reason: refusal`; prose instead of JSON; a good match beside an invented quote, a
confidence of 140 and an unknown criterion."""

MOST_MATCHES = 3
WEAKEST = 1.7
"""Minimum score of a match."""
_WORD = re.compile(r"[a-z][a-z0-9]{2,}")
_SENTENCE = re.compile(r"[`“\"(\-]{0,3}[^\W_](?:[^.!?\n]|[.](?=\w)){23,220}[.!?]?")
_STOP = frozenset(
    re.findall(
        r"\w+",
        """the and for that with this from are was were has have had not but its into than then they their them which when
        what who how all any can could would should will may one two our you your his her also each every other others more
        most less only over under after before between about because where while there here does did done make makes made
        use uses used using get gets work works working code change changes changed pull request new now add adds""",
    )
)


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """The parsed request.

    `criteria` maps an id to its words. `texts` are the texts that may count and be quoted: for an author the whole pull request,
    for others their own words, if the request says whose work it is about (`who`).
    """

    criteria: Mapping[str, str]
    title: str
    texts: Sequence[str]
    who: str = ""
    is_author: bool = True


@dataclass(frozen=True, slots=True)
class ScoredMatch:
    criterion_id: str
    confidence: int
    explanation: str
    quotes: tuple[str, ...]


def read_request(data: Mapping[str, Any]) -> ParsedRequest:
    """Take the criteria from the system text and the pull request from the user turn."""
    schema = ((data.get("output_config") or {}).get("format") or {}).get("schema") or {}
    system = "\n".join(_blocks(data.get("system") or ""))
    pull = sent_pull_request("\n".join(text for message in data["messages"] for text in _blocks(message["content"])))
    who = str(pull.get("work_of") or "")
    is_author = not who or "author" in pull["roles"]
    conversation = [entry for entry in pull.get("conversation", ()) if not entry["bot"]]
    own_texts = [entry["text"] for entry in conversation if entry["author"] == who]
    texts = [pull.get("title", ""), pull.get("description", ""), *(entry["text"] for entry in conversation)]
    if not is_author:
        texts = own_texts or texts
    return ParsedRequest(_criteria(system, schema), pull.get("title", ""), texts, who, is_author)


def answer_for(reading: ParsedRequest, oddities: Mapping[str, str]) -> tuple[str, str]:
    """The text of the answer and its `stop_reason`."""
    oddity = oddities.get(reading.title, "")
    if oddity == REFUSAL:
        return "", "refusal"
    if oddity == NOT_JSON:
        text = f"I looked at “{reading.title}”. It shows solid engineering, mostly in how the team prepared it."
        return text, "end_turn"
    matches = find(reading)
    if oddity == INVENTED:
        matches = [*matches[:1], *_inventions(reading, matches)]
    return json.dumps({"matches": [asdict(match) for match in matches]}, ensure_ascii=False), "end_turn"


def find(reading: ParsedRequest) -> list[ScoredMatch]:
    """Up to three criteria, strongest first."""
    strengths = _strengths(reading)
    stems = _stems(" ".join(reading.texts))
    rarity = _rarity(reading.criteria)
    scored = [
        (_score(identifier, text, strengths, stems, rarity), identifier, text)
        for identifier, text in reading.criteria.items()
    ]
    scored.sort(key=lambda item: (-item[0], item[1]))
    best = scored[0][0] if scored else 0.0
    chosen = [item for item in scored[:MOST_MATCHES] if item[0] >= WEAKEST and item[0] >= best * 0.3]
    return [_match(reading, identifier, text, score, rank) for rank, (score, identifier, text) in enumerate(chosen)]


def _strengths(reading: ParsedRequest) -> list[float]:
    """The strength of each theme in the texts: distinct signs count, more in the title, up to a limit."""
    text = "\n".join(reading.texts)
    title = reading.title if reading.is_author else ""
    strengths = []
    for theme in THEMES:
        signs = {match.lower() for match in theme.signs.findall(text)}
        in_title = {match.lower() for match in theme.signs.findall(title)}
        strength = len(signs) + 1.5 * len(in_title)
        if theme.is_reviewing:
            strength = 0.0 if reading.is_author else strength + 1.0
        strengths.append(min(4.0, strength))
    return strengths


def _rarity(criteria: Mapping[str, str]) -> dict[str, float]:
    """The weight of a word; lower if more criteria use it."""
    counts: dict[str, int] = {}
    for text in criteria.values():
        for stem in _stems(text):
            counts[stem] = counts.get(stem, 0) + 1
    return {stem: 1 / count for stem, count in counts.items()}


def _score(
    identifier: str, text: str, strengths: Sequence[float], stems: frozenset[str], rarity: Mapping[str, float]
) -> float:
    name = f"{identifier} {_subject(text)}"
    called = [strength for theme, strength in zip(THEMES, strengths, strict=True) if theme.names.search(name)]
    shared = sum(rarity[stem] for stem in _stems(text) & stems)
    return 1.6 * max(called, default=0.0) + 0.35 * shared


def _match(reading: ParsedRequest, identifier: str, criterion: str, score: float, rank: int) -> ScoredMatch:
    quotes = _quotes(reading, criterion, rank)
    spread = sum(map(ord, reading.title + identifier)) % 9
    confidence = max(40, min(96, round(46 + 5 * score - 5 * rank) + spread))
    return ScoredMatch(identifier, confidence, _explanation(reading, criterion, quotes, rank), quotes)


# --- explanation and quotes ---


_OPENINGS = (
    "The description shows it: {fact}.",
    "This is visible in the work itself. {fact}.",
    "A good example because it goes past the change alone: {fact}.",
    "The result can be checked: {fact}.",
    "In the author's own words: {fact}.",
)
_OPENINGS_OF_OTHERS = (
    "In the review {who} wrote: {fact}.",
    "{who} made a difference to somebody else's change: {fact}.",
    "The conversation shows what {who} contributed. {fact}.",
    "The author took it up after {who} had written: {fact}.",
)


def _explanation(reading: ParsedRequest, criterion: str, quotes: Sequence[str], rank: int) -> str:
    fact = quotes[0].rstrip(".!?:") if quotes else reading.title
    openings = _OPENINGS if reading.is_author else _OPENINGS_OF_OTHERS
    pick = (sum(map(ord, reading.title)) + 3 * rank) % len(openings)
    subject = _subject(criterion)
    closing = f" It demonstrates “{subject}”." if subject else ""
    return openings[pick].format(fact=fact[:220], who=reading.who) + closing


def _subject(criterion: str) -> str:
    """A few words that name the criterion: the beginning of its line."""
    return " ".join(re.split(r"[:.;—|]", criterion)[0].split()[:8])


def _quotes(reading: ParsedRequest, criterion: str, rank: int) -> tuple[str, ...]:
    """One or two sentences, verbatim, that share the most words with the criterion."""
    criterion_stems = _stems(criterion)
    themes = [theme for theme in THEMES if theme.names.search(_subject(criterion))]
    ranked: list[tuple[float, int, str]] = []
    for order, sentence in enumerate(_sentences(reading.texts)):
        signs = sum(len(set(theme.signs.findall(sentence))) for theme in themes)
        ranked.append((-(2.0 * signs + 0.5 * len(_stems(sentence) & criterion_stems)), order, sentence))
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


def _inventions(reading: ParsedRequest, matches: Sequence[ScoredMatch]) -> list[ScoredMatch]:
    identifiers = [match.criterion_id for match in matches[1:]] or list(reading.criteria)[-1:]
    invented, quotes = ("We measured this for six weeks in every region.",), (reading.title,)
    return [
        ScoredMatch(identifiers[0], 71, "The author explains the trade-off at length.", invented),
        ScoredMatch(identifiers[-1], 140, "Beyond any doubt.", quotes),
        ScoredMatch("no-such-criterion", 66, "A criterion that nobody asked about.", quotes),
    ]


# --- reading texts ---


def _blocks(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [str(block.get("text", "")) for block in content if block.get("type") == "text"]


def _criteria(system: str, schema: Mapping[str, Any]) -> dict[str, str]:
    """The system text on each id that the schema allows: the rest of its line."""
    identifiers: Sequence[str] = ()
    if schema:
        identifiers = schema["properties"]["matches"]["items"]["properties"]["criterion_id"]["enum"]
    lines = ((name, re.search(rf"^- {re.escape(name)}:(.*)", system, re.MULTILINE)) for name in identifiers)
    return {name: line.group(1)[:600] if line is not None else "" for name, line in lines}


@lru_cache(maxsize=512)
def _stems(text: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in _WORD.findall(text.lower()) if word not in _STOP)


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ings", "ing", "ions", "ion", "ities", "ity", "ed", "es", "s", "ly", "ment"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word
