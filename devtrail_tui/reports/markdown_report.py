"""Writes the evidence report as Markdown: a summary of one page, then each pull request once, by criterion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from devtrail_tui.core.evidence import OUTDATED, Criterion, EvidenceEntry, Match
from devtrail_tui.core.figures import phrases
from devtrail_tui.core.wording import count_of
from devtrail_tui.reports.evidence_report import CONFIDENCE_NOTE, EvidenceReport, MatchedEntry, Section, best, percent
from devtrail_tui.reports.markdown_text import inline, link, quoted

TITLE = "Evidence by criterion"


def markdown(report: EvidenceReport) -> str:
    """A document with a header that explains its content and limits. An entry stands under its strongest criterion; its other
    criteria refer to it."""
    blocks = [f"# {TITLE}", *_header(report), *_summary(report)]
    places = _places(report)
    area = None
    for section in report.sections:
        if section.criterion.area_of_concentration != area:
            area = section.criterion.area_of_concentration
            blocks.append(f"## {inline(area) or 'Other'}")
        blocks.extend(_section(section, places))
    if report.unmatched:
        blocks.append("## Without a match")
        blocks.append("These match no criterion above; “not analysed” says nothing about their value.")
        blocks.append("\n".join(_listed(report, entry) for entry in report.unmatched))
    return "\n\n".join(blocks) + "\n"


def _header(report: EvidenceReport) -> Iterator[str]:
    if report.demo:
        yield "**Demo data: people, repositories and pull requests are made up.**"
    whose = ", ".join(f"**{inline(login)}**" for login in report.logins) or "nobody yet"
    yield f"Pull requests that {whose} wrote, commented on or reviewed, as collected by DevTrail."
    period, (first, last) = report.period, report.days
    models = ", ".join(inline(name) for name in report.model_names) or "none: nothing was analysed"
    lines = [
        f"- Filter: {inline(report.chosen)}" if report.chosen else "",
        f"- Period: {first or 'the first entry'} to {last or 'the last entry'}" if first or last else "",
        f"- Merged: {period[0]:%Y-%m-%d} to {period[1]:%Y-%m-%d} (UTC)" if period else "- Merged: no evidence",
        f"- {report.counts_words()}",
        f"- Matches: with a confidence of at least {report.min_confidence} %" if report.min_confidence else "",
        f"- Model: {models}",
        f"- {CONFIDENCE_NOTE}",
        f"- Created: {report.generated_at:%Y-%m-%d %H:%M} UTC",
    ]
    yield "\n".join(filter(None, lines))


def _summary(report: EvidenceReport) -> Iterator[str]:
    yield "## Summary"
    if strongest := report.strongest:
        yield "### Strongest entries"
        names = {section.criterion.id: _name(section.criterion) for section in report.sections}
        yield "\n".join(f"{rank}. {_in_summary(entry, names)}" for rank, entry in enumerate(strongest, start=1))
        yield "### Entries per criterion"
        yield "\n".join(("| Criterion | Entries | Best confidence |", "|---|---:|---:|", *_table_rows(report)))
    if report.without_evidence:
        yield "### Criteria without evidence"
        yield from _without_evidence(report.without_evidence)
    yield "### What was not analysed or left out"
    yield _left_out(report)


def _in_summary(entry: EvidenceEntry, names: Mapping[str, str]) -> str:
    criteria = ", ".join(
        f"{names[match.criterion_id]} ({percent(match.confidence)} %)" for match in _strongest_matches(entry)
    )
    return f"{link(entry.title or 'Untitled', entry.pr_url)} · {_reference(entry)} · {criteria}"


def _table_rows(report: EvidenceReport) -> Iterator[str]:
    for section in report.sections:
        confidence = percent(section.supports[0].match.confidence)
        yield f"| {_name(section.criterion)} | {len(section.supports):,} | {confidence} % |"


def _without_evidence(criteria: tuple[Criterion, ...]) -> Iterator[str]:
    asked = [_name(each) for each in criteria if each.pr_detectable]
    unasked = [_name(each) for each in criteria if not each.pr_detectable]
    lines = [f"- {name}" for name in asked]
    if unasked:
        lines.append(f"- Not looked for, because pull requests cannot show it: {'; '.join(unasked)}")
    yield "\n".join(lines)


def _left_out(report: EvidenceReport) -> str:
    counts = report.counts
    lines = [
        f"- Not analysed: {counts.not_analysed + counts.failed:,} of {counts.entries:,}"
        + (f", of which {counts.failed:,} failed" if counts.failed else "")
        + ("; listed at the end" if counts.not_analysed + counts.failed else "")
        + "."
    ]
    if matches := sum(report.below.values()):
        lines.append(f"- {count_of(matches, 'match', 'matches')} below {report.min_confidence} %.")
    return "\n".join(lines)


def _section(section: Section, places: Mapping[int, str]) -> Iterator[str]:
    criterion = section.criterion
    yield f"### Criterion {_name(criterion)}"
    if criterion.description:
        yield inline(criterion.description)
    for support in section.supports:
        if places[support.entry.id] == criterion.id:
            yield from _entry(support.entry)
    elsewhere = [support for support in section.supports if places[support.entry.id] != criterion.id]
    if elsewhere:
        yield "\n".join(("Also:", "", *(_referred(support, places) for support in elsewhere)))


def _entry(entry: EvidenceEntry) -> Iterator[str]:
    yield f"#### {link(entry.title or 'Untitled', entry.pr_url)}"
    yield f"{_facts(entry)}{f' · {OUTDATED}' if entry.outdated else ''}"
    for match in _strongest_matches(entry):
        explanation = f": {inline(match.explanation)}" if match.explanation else ""
        yield f"**{inline(match.criterion_id)} · model's confidence {percent(match.confidence)} %**{explanation}"
        for quote, source in match.attributed_quotes():
            yield quoted(quote, source)


def _referred(support: MatchedEntry, places: Mapping[int, str]) -> str:
    entry = support.entry
    confidence = percent(support.match.confidence)
    return f"- {_reference(entry)} {inline(entry.title)}, {confidence} %: see criterion {inline(places[entry.id])}"


def _places(report: EvidenceReport) -> dict[int, str]:
    """The criterion under which each entry stands: its strongest, the first of the document if several are equal."""
    places: dict[int, str] = {}
    for section in report.sections:
        for support in section.supports:
            if support.match.confidence == best(support.entry):
                places.setdefault(support.entry.id, section.criterion.id)
    return places


def _strongest_matches(entry: EvidenceEntry) -> list[Match]:
    return sorted(entry.matches, key=lambda match: -match.confidence)


def _name(criterion: Criterion) -> str:
    return " · ".join(inline(name_part) for name_part in (criterion.id, criterion.subarea) if name_part)


def _reference(entry: EvidenceEntry) -> str:
    number = f"\\#{entry.pr_number}" if entry.pr_number else ""
    return " ".join(filter(None, (inline(entry.repository or ""), number)))


def _facts(entry: EvidenceEntry) -> str:
    facts = [
        _reference(entry),
        ", ".join(str(role) for role in entry.roles),
        f"merged {entry.merged_at:%Y-%m-%d}" if entry.merged_at else "",
        *phrases(entry.figures),
        ", ".join(inline(component) for component in entry.components),
    ]
    return " · ".join(fact for fact in facts if fact)


def _listed(report: EvidenceReport, entry: EvidenceEntry) -> str:
    note = f" ({inline(entry.analysis_note)})" if entry.analysis_note else ""
    heading = link(entry.title or "Untitled", entry.pr_url)
    return f"- {heading} · {_facts(entry)} · {report.state_words(entry)}{note}"
