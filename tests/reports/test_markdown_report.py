"""The Markdown document as a whole: the summary first, then each pull request once."""

from __future__ import annotations

import re
from dataclasses import replace

from devtrail_tui.core.evidence import AnalysisState, Criterion
from devtrail_tui.core.quotes import QuotePlace
from devtrail_tui.reports.evidence_report import confident
from devtrail_tui.reports.markdown_report import markdown
from tests.reports.report_examples import CRITERIA, make_entry, make_report, match

DOCUMENT = """# Evidence by criterion

Pull requests that **ada** wrote, commented on or reviewed, as collected by DevTrail.

- Filter: repository acme/shop
- Merged: 2026-03-01 to 2026-03-04 (UTC)
- 4 entries: 2 matched, 1 matched below 60 %, 0 analysed without a match, 1 not analysed, 0 whose analysis failed.
- Matches: with a confidence of at least 60 %
- Model: claude-sonnet-5-5
- Each confidence is the model's own estimate, not a measurement. Quotes were verified to be verbatim in the pull request; \
whether they prove the criterion is yours to judge.
- Created: 2026-11-20 09:30 UTC

## Summary

### Strongest entries

1. [Fix retry storm](<https://github.com/acme/shop/pull/101>) · acme/shop \\#101 · 5 · Debugging (88 %), 12 · Risk (70 %)
2. [Two phases](<https://github.com/acme/shop/pull/103>) · acme/shop \\#103 · 12 · Risk (80 %)

### Entries per criterion

| Criterion | Entries | Best confidence |
|---|---:|---:|
| 5 · Debugging | 1 | 88 % |
| 12 · Risk | 2 | 80 % |

### Criteria without evidence

- 13 · Scope
- Not looked for, because pull requests cannot show it: 20 · Mentoring

### What was not analysed or left out

- Not analysed: 1 of 4; listed at the end.
- 2 matches below 60 %.

## Technical execution

### Criterion 5 · Debugging

Finds root causes.

#### [Fix retry storm](<https://github.com/acme/shop/pull/101>)

acme/shop \\#101 · author · merged 2026-03-01 · +30 −4 in 2 files · backend/orders

**5 · model's confidence 88 %**: Found the cause.

> the retry storm\\
> came from the pool\\
> — carol, review

**12 · model's confidence 70 %**: Weighed it.

> one

## Judgement

### Criterion 12 · Risk

Weighs risks.

#### [Two phases](<https://github.com/acme/shop/pull/103>)

acme/shop \\#103 · author · merged 2026-03-03 · +30 −4 in 2 files · backend/orders

**12 · model's confidence 80 %**: Found the cause.

> the retry storm came from the pool

Also:

- acme/shop \\#101 Fix retry storm, 70 %: see criterion 5

## Without a match

These match no criterion above; “not analysed” says nothing about their value.

- [Weak](<https://github.com/acme/shop/pull/104>) · acme/shop \\#104 · author · merged 2026-03-04 · +30 −4 in 2 files \
· backend/orders · matched below 60 %
- [Later](<https://github.com/acme/shop/pull/102>) · acme/shop \\#102 · author · merged 2026-03-02 · +30 −4 in 2 files \
· backend/orders · not analysed (no Claude key)
"""
"""Four entries in Markdown, whole."""


def test_markdown_says_what_it_is_and_what_it_is_not() -> None:
    place = QuotePlace("review", 0, "carol", 0, 9)
    cause = replace(match("5", 0.88, "the retry storm\ncame from the pool"), quote_places=(place,))
    entries, below = confident(
        (
            make_entry(1, title="Fix retry storm", matches=(cause, match("12", 0.7, "one", explanation="Weighed it."))),
            make_entry(2, title="Later", analysis_state=AnalysisState.NOT_ANALYSED, analysis_note="no Claude key"),
            make_entry(3, title="Two phases", matches=(match("12", 0.8), match("13", 0.59))),
            make_entry(4, title="Weak", matches=(match("5", 0.4),)),
        ),
        60,
    )
    report = make_report(
        *entries,
        chosen="repository acme/shop",
        criteria=(*CRITERIA, Criterion("20", "People", "Mentoring", "", pr_detectable=False)),
        current={"5", "12", "13", "20"},
        min_confidence=60,
        below=below,
        models=dict.fromkeys((1, 3, 4), "claude-sonnet-5-5"),
    )
    assert markdown(report) == DOCUMENT


def test_each_pull_request_stands_once_with_the_strongest_ten_first() -> None:
    entries = [make_entry(key, matches=(match("5", 0.6 + key / 100), match("12", 0.9))) for key in range(1, 13)]
    text = markdown(make_report(*entries))
    assert [text.count(f"#### [Change {key}]") for key in range(1, 13)] == [1] * 12
    summary = text.split("## Technical")[0].split("## Judgement")[0]
    assert len(re.findall(r"^[0-9]+\. \[", summary, re.MULTILINE)) == 10
