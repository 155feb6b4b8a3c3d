"""A handler of a plugin may do what it likes: it ends its own job, with a sentence, and neither its neighbour nor the program."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from devtrail_tui.core.job import Job, Status
from devtrail_tui.core.job_type import JobType
from tests.faults import bad_handlers
from tests.faults.processes import Site
from tests.faults.worker_processes import AppWorker, WorkerProcess

NOT_PLAIN = "a handler returns a dict of plain values. This is an error in the job type."
ENDS: Mapping[str, str] = {
    "RETURNS_NONE": f"The job type RETURNS_NONE returned None; {NOT_PLAIN}",
    "RETURNS_NAN": f"The job type RETURNS_NAN returned a dict in which ratio is nan; {NOT_PLAIN}",
    "RETURNS_DATE": f"The job type RETURNS_DATE returned a date; {NOT_PLAIN}",
    "RETURNS_LIST": f"The job type RETURNS_LIST returned a list; {NOT_PLAIN}",
    "RAISES_WEIRD": "Unexpected Weird: out of the ordinary. This is an error in DevTrail or a plugin;",
    "RAISES_MUTE": "Unexpected Mute: (its text cannot be shown). This is an error in DevTrail or a plugin;",
    "EXITS": "The job type EXITS called sys.exit(3); a handler ends by returning or raising. This is an error in the job type.",
    "PART_EXITS": "The job type PART_EXITS called sys.exit('enough'); a handler ends by returning or raising.",
    "LOGS_A_NUMBER": "Unexpected TypeError: A log line is a str, not an int.",
    "PROGRESS_IS_NAN": "Unexpected ValueError: A percentage must be a finite number or None, not nan.",
}
"""How each job that ends by itself is said to have ended."""
BLOCKS = ("SLEEPS", "SPINS", "DEAF", "THREAD_SLEEPS")
CANCEL_S, STOP_S = 1.0, 2.0
SLACK_S = 1.0
"""What a busy test machine may add."""
WORKERS: Mapping[str, Callable[[Site], WorkerProcess]] = {
    "headless": lambda site: site.headless("work", "--concurrency", "2"),
    "app": lambda site: site.app(),
}
in_both = pytest.mark.parametrize("worker", WORKERS)


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:
    """A site with the plugin."""
    names = [name for name, each in vars(bad_handlers).items() if isinstance(each, JobType)]
    return open_site(job_types=[f"{bad_handlers.__name__}:{name}" for name in names], claude=False, concurrency=2)


@pytest.fixture
def finish(tmp_path: Path) -> Path:
    """The file that lets healthy jobs end."""
    return tmp_path / "finish"


def healthy(site: Site, finish: Path) -> Job:
    return site.enqueue("HEALTHY", config={"path": str(finish)})


def cancel(site: Site, job: Job) -> float:
    """Cancel it; the seconds until it is recorded as cancelled."""
    began = time.monotonic()
    site.services.queue.cancel(job.id).result()
    site.wait_for_status("CANCELLED", job.id)
    return time.monotonic() - began


def end(worker: WorkerProcess) -> tuple[int, float]:
    """Stop it as a person would; its exit code, and the seconds it took."""
    began = time.monotonic()
    if isinstance(worker, AppWorker):
        worker.send(signal.SIGTERM)
    else:
        worker.send(signal.SIGINT)
    return worker.wait(), time.monotonic() - began


def assert_alone_at_fault(site: Site, job: Job, sentence: str) -> None:
    """It failed by its own fault, tried once, and is not said to have crashed."""
    ended = site.job(job.id)
    assert (ended.status, ended.claim_no, ended.crashes) == (Status.FAILED, 1, 0), ended.error
    assert sentence in (ended.error or "")


def assert_unharmed(site: Site, job: Job, finish: Path) -> None:
    """It still runs in its first try, and ends well when it is let."""
    running = site.job(job.id)
    assert (running.status, running.claim_no, running.crashes) == (Status.RUNNING, 1, 0), running.error
    finish.touch()
    site.wait_for_status("COMPLETED", job.id)
    finish.unlink()


def wait_for_end(site: Site, job: Job) -> None:
    site.wait_until(lambda: site.job(job.id).status.finished, f"the end of {job.type}", seconds=15)


def ended_by(site: Site, process: WorkerProcess, job: Job) -> bool:
    """Whether the job ended the process; False once the job has ended instead."""
    site.wait_until(lambda: not process.alive or site.job(job.id).status.finished, "a death or the end")
    return not process.alive and process.wait() == 9


def wait_for_line(site: Site, job: Job, line: str) -> None:
    """Until its log shows the line."""
    site.wait_until(lambda: any(line == each for each in lines(site, job)), f"“{line}” of job {job.id}")


def lines(site: Site, job: Job) -> list[str]:
    return [each.message for each in site.services.job_log.page(job.id, first_seq=1, limit=1000)]


@in_both
def test_a_handler_that_goes_wrong_ends_its_own_job(worker: str, site: Site, finish: Path) -> None:
    """One after the other beside the same healthy job."""
    neighbour = healthy(site, finish)
    process = WORKERS[worker](site)
    site.wait_for_status("RUNNING", neighbour.id)
    for name, sentence in ENDS.items():
        job = site.enqueue(name)
        wait_for_end(site, job)
        assert_alone_at_fault(site, job, sentence)
        if name.startswith("RETURNS"):
            assert "About to return." in lines(site, job)
    assert_unharmed(site, neighbour, finish)
    neighbour = healthy(site, finish)
    site.wait_for_status("RUNNING", neighbour.id)
    cancelled_s = cancel(site, neighbour)
    assert cancelled_s < CANCEL_S + SLACK_S
    code, took = end(process)
    print(f"{worker}: a healthy neighbour cancelled in {cancelled_s:.2f} s, stopped in {took:.2f} s")
    assert (code, took < STOP_S + SLACK_S) == (0 if worker == "app" else 130, True), site.said_by(process)
    assert "Traceback" not in site.said_by(process)
    assert "never retrieved" not in site.said_by(process)


@in_both
@pytest.mark.parametrize("name", [BLOCKS[0], *(pytest.param(each, marks=pytest.mark.full) for each in BLOCKS[1:])])
def test_a_handler_that_blocks_holds_up_nobody(worker: str, name: str, site: Site, finish: Path) -> None:
    """Its neighbours work, are cancelled and begin; it is cancelled itself; and a stop gives it back."""
    blocked, first = site.enqueue(name), healthy(site, finish)
    process = WORKERS[worker](site)
    site.wait_for_status("RUNNING", blocked.id, first.id)
    wait_for_line(site, blocked, "About to block.")
    cancelled_s = cancel(site, first)
    assert cancelled_s < CANCEL_S + SLACK_S
    second = healthy(site, finish)
    site.wait_for_status("RUNNING", second.id, seconds=5)
    assert_unharmed(site, second, finish)
    ended_s = cancel(site, blocked)
    assert ended_s < CANCEL_S + SLACK_S
    ended = site.job(blocked.id)
    assert (ended.error, ended.claim_no, ended.crashes) == ("Cancelled by you.", 1, 0)
    again, third = site.enqueue(name), healthy(site, finish)
    site.wait_for_status("RUNNING", again.id, third.id, seconds=5)
    wait_for_line(site, again, "About to block.")
    code, took = end(process)
    assert (code, took < STOP_S + SLACK_S) == (0 if worker == "app" else 130, True), site.said_by(process)
    print(f"{name}, {worker}: cancelled {ended_s:.2f} s, its neighbour {cancelled_s:.2f} s, stopped {took:.2f} s")
    for job in (site.job(again.id), site.job(third.id)):
        assert (job.status, job.attempt, job.crashes, job.error) == (Status.PENDING, 0, 0, None)


def test_a_blocked_job_has_a_bound_on_its_time(site: Site, finish: Path) -> None:
    """Nothing in its own loop could tell: that is blocked. The command ends although the thread does not."""
    finish.touch()
    blocked, neighbour = site.enqueue("SLEEPS", timeout_s=0.5, max_attempts=1), healthy(site, finish)
    began = time.monotonic()
    process = site.headless("work", "--once", "--concurrency", "2")
    assert process.wait() == 1
    assert time.monotonic() - began < 10
    assert_alone_at_fault(site, blocked, "The job did not end within 0.5 s. Given up after 1 tries.")
    assert "job-" in "\n".join(lines(site, blocked))
    assert site.job(neighbour.id).status is Status.COMPLETED
    assert "Processed 1 job successfully, 1 failed" in site.said_by(process)


def test_a_third_thread_that_does_not_end_is_the_last(site: Site) -> None:
    jobs = [site.enqueue("SLEEPS") for _ in range(4)]
    process = site.headless("work", "--concurrency", "1")
    for job in jobs[:3]:
        wait_for_line(site, job, "About to block.")
        cancel(site, job)
    site.wait_until(lambda: "restart the program" in site.said_by(process), "the sentence")
    assert site.job(jobs[3].id).status is Status.PENDING
    code, took = end(process)
    assert (code, took < STOP_S + SLACK_S) == (130, True)


def test_only_the_job_that_ends_programs_is_given_up(site: Site) -> None:
    """Others that ran beside it are next run alone: they show that it was not them."""
    guilty = site.enqueue("ENDS_THE_PROCESS")
    others = [site.enqueue("QUIET") for _ in range(2)]
    deaths = 0
    while not site.job(guilty.id).status.finished:
        process = site.headless("work", "--concurrency", "2")
        if ended_by(site, process, guilty):
            deaths += 1
        else:
            site.wait_for_status("COMPLETED", *(each.id for each in others))
            end(process)
    assert deaths == 3
    assert site.job(guilty.id).status is Status.FAILED
    assert [site.job(each.id).status for each in others] == [Status.COMPLETED] * 2
    assert max(site.job(each.id).crashes for each in others) <= 1
