"""Promise 18: whatever GitHub or Claude answers, at whatever call, the job ends as designed and the evidence is whole.

A small sync makes eleven calls, one after another but for the last three, which are under way together. Each fault is put at each
call, once or from there on for good. Afterwards the services are well again, and what is missing is made up for without paying
for any answer twice.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from devtrail_tui.clients.github.limiter import REJECTED
from devtrail_tui.core.evidence import AnalysisState, EvidenceDetail
from devtrail_tui.core.job import Job, Status
from tests.doubles.server import FaultyServer
from tests.faults.longest_jitter import use_longest_jitter
from tests.faults.service_fault_cases import (
    CASES,
    CLAUDE,
    CLAUDE_FAULTS,
    GITHUB,
    ONLY_MESSAGES,
    SAMPLE,
    Case,
    Kind,
    designed,
)
from tests.faults.small_world import Written, small_world
from tests.house.desk import PATIENCE_S, Desk


@pytest.fixture(scope="module")
def server() -> Iterator[FaultyServer]:
    """Three pull requests; the first needs a second page of files and one of its review's comments."""
    first = Written(
        "Retry with backoff",
        paths=tuple(f"services/retry_{number}.py" for number in range(101)),
        line_comments=tuple(f"Remark {number}: explain the reason for it" for number in range(51)),
    )
    with FaultyServer(
        small_world([first, Written("Cache the prices"), Written("Explain the incident")])
    ).unlimited() as running:
        yield running


@pytest.fixture(scope="module")
def clean(server: FaultyServer, tmp_path_factory: pytest.TempPathFactory) -> Mapping[int, EvidenceDetail]:
    """What a sync on a good day stores."""
    desk = Desk(server, tmp_path_factory.mktemp("clean"))
    job = desk.sync()
    assert job.status is Status.COMPLETED
    calls = [request.operation_name or request.path.split("/")[-1] for request in server.requests]
    assert [call for call in calls if not call.startswith("claude") and call != "messages"] == list(GITHUB)
    stored = _stored(desk)
    desk.close()
    return stored


@pytest.fixture
def desk(server: FaultyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    use_longest_jitter(monkeypatch)
    server.faults.clear()
    server.recorder.clear()
    made = Desk(server, tmp_path)
    yield made
    made.close()
    server.faults.clear()


def check(case: Case, desk: Desk, clean: Mapping[int, EvidenceDetail]) -> None:
    """One row of the table, then a good day."""
    server, ending = desk.server, designed(case)
    server.faults.next(case.matches, case.fault, times=10_000 if case.lasting else 1, after=case.index)
    job = desk.sync()
    met = [request for request in server.requests if request.fault]
    assert met or case.kind is Kind.PART
    assert job.status is ending.status, job
    assert ending.words in f"{job.error}\n{desk.log(job)}"
    if ending.calls is not None:
        assert len(met) == ending.calls
    stored = _stored(desk)
    assert len(stored) == ending.stored
    _assert_whole(stored, clean)
    states = Counter(detail.entry.analysis_state for detail in stored.values())
    if ending.analysed is not None:
        assert states[AnalysisState.ANALYSED] == ending.analysed
    assert states[AnalysisState.FAILED] == ending.useless
    if case.kind is Kind.LONG_LIMIT:
        assert job.run_at - desk.clock.now() > timedelta(seconds=86_000)
    if job.status is Status.FAILED:
        assert desk.work(job).status is Status.FAILED

    server.faults.clear()
    again = _once_more(desk, job)
    assert again.status is Status.COMPLETED, again
    assert _paid_twice(server) == []
    made_up = _stored(desk)
    assert made_up.keys() == clean.keys()
    _assert_whole(made_up, clean)
    if case.kind not in ONLY_MESSAGES:
        assert {number: _judged(detail) for number, detail in made_up.items()} == {
            number: _judged(detail) for number, detail in clean.items()
        }


def _once_more(desk: Desk, job: Job) -> Job:
    """The same job where it may go on, else a new one."""
    if job.status is Status.FAILED:
        job = desk.work(desk.services.queue.retry(job.id).result())
        if job.status is not Status.PENDING:
            return job
        desk.clock.advance(REJECTED.total_seconds())
    if job.status is Status.PENDING:
        desk.clock.advance(max((job.run_at - desk.clock.now()).total_seconds(), 0) + 1)
        return desk.work(job)
    return desk.sync()


def _stored(desk: Desk) -> dict[int, EvidenceDetail]:
    return {number: detail for (_, number), detail in desk.evidence().items()}


def _assert_whole(stored: Mapping[int, EvidenceDetail], clean: Mapping[int, EvidenceDetail]) -> None:
    """No entry with a part missing, none without its figures."""
    for number, detail in stored.items():
        assert detail.content == clean[number].content
        assert detail.entry.figures == clean[number].entry.figures
        assert detail.entry.components == clean[number].entry.components
        assert detail.entry.roles == clean[number].entry.roles


def _judged(detail: EvidenceDetail) -> tuple[object, ...]:
    return detail.entry.analysis_state, detail.entry.matches, detail.model


def _paid_twice(server: FaultyServer) -> list[bytes]:
    """Requests with a useful answer, which was paid for, more than once. A useless one is asked for once more by the next job."""
    damaged = {"close", "cut", "truncated JSON"}
    useless = {fault.name for kind, fault in CLAUDE_FAULTS.values() if kind is Kind.USELESS}
    answered = Counter(
        request.body
        for request in server.requests
        if "messages" in request.routes
        and request.status == 200
        and request.fault not in damaged
        and not (request.fault or "").startswith(("status", "html"))
        and request.fault not in useless
    )
    return [body for body, times in answered.items() if times > 1]


@pytest.mark.parametrize("case", SAMPLE, ids=lambda case: case.id)
def test_some_faults_at_some_calls(case: Case, desk: Desk, clean: Mapping[int, EvidenceDetail]) -> None:
    check(case, desk, clean)


@pytest.mark.full
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_fault_at_every_call(case: Case, desk: Desk, clean: Mapping[int, EvidenceDetail]) -> None:
    check(case, desk, clean)


HANGING = [("github", index) for index in range(len(GITHUB))] + [("claude", index) for index in range(len(CLAUDE))]


def _hangs(desk: Desk, clean: Mapping[int, EvidenceDetail], service: str, index: int) -> None:
    """While a call hangs the job runs on; when the answer comes it goes on as if nothing had been."""
    gate = desk.server.faults.hang(lambda request: request.service == service, after=index)
    job = desk.launch()
    running = threading.Thread(target=desk.work, args=(job,))
    running.start()
    gate.wait(PATIENCE_S)
    assert desk.job(job).status is Status.RUNNING
    gate.release()
    running.join(PATIENCE_S)
    assert desk.job(job).status is Status.COMPLETED
    assert {number: _judged(each) for number, each in _stored(desk).items()} == {
        number: _judged(each) for number, each in clean.items()
    }
    assert _paid_twice(desk.server) == []


@pytest.mark.parametrize(("service", "index"), HANGING[2::5])
def test_some_late_answers(service: str, index: int, desk: Desk, clean: Mapping[int, EvidenceDetail]) -> None:
    _hangs(desk, clean, service, index)


@pytest.mark.full
@pytest.mark.parametrize(("service", "index"), HANGING)
def test_every_late_answer(service: str, index: int, desk: Desk, clean: Mapping[int, EvidenceDetail]) -> None:
    _hangs(desk, clean, service, index)
