"""Evidence: one entry for a pull request and a person, saved whole or not at all, found again in every way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from devtrail_tui.core.errors import ClaimLost, NotFound
from devtrail_tui.core.evidence import (
    Analysis,
    AnalysisState,
    Criterion,
    KnownPullRequest,
    NewEvidence,
    Role,
)
from devtrail_tui.core.job import Claim, Level, NewJob
from devtrail_tui.store.analyses import Analyses
from devtrail_tui.store.criteria_store import CriteriaStore
from devtrail_tui.store.evidence_store import EvidenceStore
from devtrail_tui.store.job_log import JobLog
from devtrail_tui.store.queue import JobQueue
from devtrail_tui.store.sqlite.engine import SqliteDatabase
from tests.doubles.clock import START, ManualClock
from tests.store.store_examples import Judged, judged, match, new_evidence, pull_request, save


def test_what_is_saved_comes_back_whole(evidence: EvidenceStore, running: Claim, analyses: Analyses) -> None:
    paid = Analysis("k1", "claude-sonnet-5-5", "{}", "end_turn", {"input_tokens": 9}, 0.01, "req", START)
    analyses.keep(paid).result()
    new = judged(matches=(match("CALM", 0.5), match("DEBUG", 0.9)), analysis_key="k1", roles=(Role.REVIEWER,))
    (number,) = save(evidence, running, new)
    detail = evidence.detail(number)
    assert evidence.pull_request(number) == new.new.pull_request
    assert detail.entry == evidence.rows([number])[number]
    assert (detail.entry.title, detail.entry.repository, detail.entry.pr_number) == (
        "Fix retry storm 7",
        "acme/shop",
        7,
    )
    assert detail.entry.merged_at == new.new.pull_request.merged_at
    assert (detail.entry.roles, detail.entry.components) == ((Role.REVIEWER,), ("services/queue",))
    assert [(each.criterion_id, each.confidence) for each in detail.entry.matches] == [("DEBUG", 0.9), ("CALM", 0.5)]
    assert detail.entry.figures == {
        "additions": 10,
        "deletions": 4,
        "changed_files": 1,
        "days_open": 3.0,
        "hours_to_first_review": None,
        "review_rounds": 1,
    }
    assert (detail.model, detail.analysed_at) == ("claude-sonnet-5-5", START)
    assert detail.content["files"][0]["path"] == "services/queue.py"


def test_a_pull_request_is_kept_once_for_each_person(
    evidence: EvidenceStore, running: Claim, clock: ManualClock
) -> None:
    (first,) = save(evidence, running, new_evidence(title="Old", repository="acme/shop"))
    clock.advance(60)
    later = START + timedelta(days=1)
    again = new_evidence(title="New", repository="acme/renamed", updated_at=later)
    assert save(evidence, running, again) == [first]
    (other,) = save(evidence, running, replace(again, login="bob"))
    (elsewhere,) = save(evidence, running, new_evidence(host="ghe.acme.test"))
    assert len({first, other, elsewhere}) == 3
    assert evidence.count() == 3
    entry = evidence.rows([first])[first]
    assert (entry.title, entry.repository, entry.login) == ("New", "acme/renamed", "ada")
    assert evidence.known_nodes("github.com", None, "Ada", ["PR_7"]) == {
        "PR_7": KnownPullRequest("PR_7", later, AnalysisState.NOT_ANALYSED, first)
    }


def test_matches_are_replaced_only_if_given(evidence: EvidenceStore, running: Claim) -> None:
    (number,) = save(evidence, running, judged(matches=(match("A"), match("B"))))
    save(evidence, running, new_evidence())
    assert {each.criterion_id for each in evidence.rows([number])[number].matches} == {"A", "B"}
    save(evidence, running, judged(matches=(match("C"),)))
    assert [each.criterion_id for each in evidence.rows([number])[number].matches] == ["C"]
    save(evidence, running, judged(matches=()))
    entry = evidence.rows([number])[number]
    assert (entry.matches, entry.analysis_state) == ((), AnalysisState.ANALYSED)


def test_a_persons_verdict_is_never_touched(evidence: EvidenceStore, running: Claim, database: SqliteDatabase) -> None:
    (number,) = save(evidence, running, judged(matches=(match("A"),)))
    verdict = (number, "A", "rejected", None, "not my work", 1, 1)
    insert = text("INSERT INTO verdicts VALUES (:a, :b, :c, :d, :e, :f, :g)")
    database.write(lambda c: c.execute(insert, dict(zip("abcdefg", verdict, strict=True)))).result()
    save(evidence, running, judged(matches=(match("A", 0.99), match("B"))))
    save(evidence, running, judged(matches=()))
    with database.read() as connection:
        assert [tuple(row) for row in connection.execute(text("SELECT * FROM verdicts"))] == [verdict]


def test_retired_criteria_keep_their_matches(evidence: EvidenceStore, running: Claim, criteria: CriteriaStore) -> None:
    criteria.import_([Criterion("A", "area", "", "text")]).result()
    (number,) = save(evidence, running, judged(matches=(match("A"),)))
    criteria.import_([Criterion("B", "area", "", "text")]).result()
    assert [each.criterion_id for each in evidence.rows([number])[number].matches] == ["A"]


def test_evidence_cursor_and_log_go_together_or_not_at_all(
    evidence: EvidenceStore, running: Claim, log: JobLog, queue: JobQueue, database: SqliteDatabase
) -> None:
    line = (START, Level.INFO, "#7 found")
    save(evidence, running, new_evidence(7), cursor={"acme/shop": {"page": 1}}, log=[line])
    with pytest.raises(TypeError):
        save(evidence, running, new_evidence(8), cursor={"acme/shop": object()}, log=[line])
    queue.release(running).result()
    with pytest.raises(ClaimLost, match="no longer this worker's"):
        save(evidence, running, new_evidence(9), cursor={"acme/shop": {"page": 3}}, log=[line])
    assert evidence.count() == 1
    assert evidence.cursor(running.job_id) == {"acme/shop": {"page": 1}}
    assert log.bounds(running.job_id) == (1, 1)


def test_cursors_belong_to_one_job_and_repository(evidence: EvidenceStore, running: Claim, queue: JobQueue) -> None:
    other = queue.claim("w", lease_s=30, job_id=queue.enqueue(NewJob("T")).result().id).result()
    assert other is not None
    save(evidence, Claim(other.id, other.claim_no, "w"), cursor={"acme/shop": 9})
    save(evidence, running, cursor={"": {"login": "ada"}, "acme/shop": [1]})
    save(evidence, running, cursor={"acme/shop": [2]})
    assert evidence.cursor(running.job_id) == {"": {"login": "ada"}, "acme/shop": [2]}
    assert evidence.cursor(other.id) == {"acme/shop": 9}
    assert evidence.cursor(99) == {}


def test_known_nodes_survive_renames_and_many_ids(evidence: EvidenceStore, running: Claim) -> None:
    save(evidence, running, *(new_evidence(number, repository="acme/old") for number in range(1200)))
    nodes = [f"PR_{number}" for number in range(1300)]
    found = evidence.known_nodes("github.com", None, "ada", nodes)
    assert found.keys() == set(nodes[:1200])
    assert evidence.known_nodes("ghe.acme.test", None, "ada", nodes) == {}
    assert evidence.known_nodes("github.com", None, "bob", nodes) == {}


@pytest.fixture
def shelf(evidence: EvidenceStore, running: Claim) -> EvidenceStore:
    saved: list[NewEvidence | Judged] = [
        judged(1, title="Fix ÄRGER in queue", matches=(match("DEBUG", 0.9),)),
        judged(2, title="Add search", repository="acme/api", roles=(Role.REVIEWER,), matches=(match("DESIGN", 0.4),)),
        new_evidence(3, title="100% coverage", body="a_b", roles=(Role.AUTHOR, Role.COMMENTER)),
        judged(4, title="Tidy", state=AnalysisState.FAILED),
    ]
    save(evidence, running, *saved)
    return evidence


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ("", [4, 3, 2, 1]),
        ("ärger", [1]),
        ("queue FIX", [1]),
        ("acme/api", [2]),
        ("0%", [3]),
        ("a_b", [3]),
        ("axb", []),
        ("repo:API", [2]),
        ("repo:api,shop", [4, 3, 2, 1]),
        ("criterion:debug", [1]),
        ("criterion:debug,design", [2, 1]),
        ("role:reviewer", [2]),
        ("role:comm", [3]),
        ("state:failed", [4]),
        ("state:not", [3]),
        ("state:analysed role:author", [1]),
        ("nothing:here", [4, 3, 2, 1]),
    ],
)
def test_lists_are_narrowed(shelf: EvidenceStore, wanted: str, numbers: list[int]) -> None:
    ids = shelf.ids(text=wanted)
    assert [entry.pr_number for entry in shelf.rows(ids).values()] == numbers
    assert [entry.pr_number for entry in shelf.entries(text=wanted)] == numbers
    assert shelf.count(text=wanted) == len(numbers)


def test_the_newest_come_first(evidence: EvidenceStore, running: Claim) -> None:
    same_time = [new_evidence(number, merged_at=START + timedelta(hours=number // 3)) for number in range(20)]
    save(evidence, running, *same_time)
    entries = evidence.entries(limit=7)
    assert [entry.pr_number for entry in entries] == [19, 18, 17, 16, 15, 14, 13]
    assert [entry.id for entry in entries] == list(evidence.ids())[:7]
    assert len(set(evidence.ids())) == 20


def test_rows_keep_the_order_asked_for_and_pass_over_the_unknown(shelf: EvidenceStore) -> None:
    ids = list(shelf.ids())
    asked = [ids[2], 999, ids[0]]
    assert list(shelf.rows(asked)) == [ids[2], ids[0]]


def test_an_entry_that_does_not_exist(evidence: EvidenceStore) -> None:
    for ask in (evidence.detail, evidence.pull_request):
        with pytest.raises(NotFound, match="no evidence entry 5"):
            ask(5)


def test_foreign_text_is_harmless_once_stored(evidence: EvidenceStore, running: Claim) -> None:
    awkward = pull_request(1, title="a\x1b[2Jb\nc", body="d\x00e\ud800", branch="\u202ex")
    bad_match = match(explanation="f\x9bg", quotes=("h\x1b]0;i\x07",))
    new = replace(new_evidence(1), pull_request=awkward, components=("j\x07",))
    (number,) = save(evidence, running, Judged(new, AnalysisState.ANALYSED, matches=(bad_match,)))
    detail = evidence.detail(number)
    assert (detail.entry.title, detail.entry.description) == ("ab c", "de\ufffd")
    assert detail.entry.components == ("j",)
    assert "\x9b" not in detail.entry.matches[0].explanation
    assert detail.entry.matches[0].quotes == ("h",)
    assert evidence.pull_request(number).branch == "x"


def test_evidence_outlives_its_job(evidence: EvidenceStore, running: Claim, queue: JobQueue) -> None:
    save(evidence, running, new_evidence(), cursor={"": 1})
    queue.finish(running, {}).result()
    queue.delete(running.job_id).result()
    assert evidence.count() == 1
    assert evidence.cursor(running.job_id) == {}
