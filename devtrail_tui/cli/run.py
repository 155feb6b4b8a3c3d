"""Runs or follows one job from the command line until it ends, and turns its end into output and an exit code."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from devtrail_tui.actions import Services
from devtrail_tui.actions.logs import log_lines
from devtrail_tui.cli.follow import Follower, Narrator, PatientLooks, Teller, narrator
from devtrail_tui.cli.interruption import INTERRUPTED, Bell, Interruption
from devtrail_tui.cli.output import narrate, print_json, say, status_words, table
from devtrail_tui.core.job import Job, Status, job_json
from devtrail_tui.core.text import safe_line

EXIT_CODES = {Status.COMPLETED: 0, Status.FAILED: 1, Status.CANCELLED: 3}
_LACKS_SOMETHING = 2
"""The exit code where a job cannot run here: its token is not found, say."""
_STOP_S = 3.0
"""How long a stop waits for the worker's thread; the worker itself gives up earlier and leaves the rest to its lease."""
_PAUSE = timedelta(seconds=1)
LOOK_S = 1.0
"""How often a command looks although nothing was committed: at countdowns, and at its worker."""


class WorkerThread:
    """This process's worker in a thread of its own, so that the main thread stays free for signals and narration."""

    def __init__(
        self,
        services: Services,
        *,
        job_id: int | None,
        once: bool,
        concurrency: int | None,
        bell: Bell,
        teller: Teller,
    ) -> None:
        self._worker = services.worker(job_id=job_id, once=once, concurrency=concurrency)
        self._bell = bell
        self._teller = teller
        self._error: BaseException | None = None
        self._told = ""
        self.ended: list[int] = []
        self.lost: list[int] = []
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()
        services.start_weekly_backup()

    @property
    def alive(self) -> bool:
        """Whether it still works. Raises what ended it, where that was an error."""
        if self._error is not None:
            raise self._error
        return self._thread.is_alive()

    def look(self) -> bool:
        """Say on stderr what the worker waits for (a full disk, say), once; then as `alive`."""
        trouble = self._worker.trouble
        if trouble != self._told:
            self._told = trouble
            self._teller.tell(trouble or "What waited is stored; going on.")
        return self.alive

    def stop(self) -> None:
        """Give running jobs back, and wait for that. Raises what ended the worker, where that was an error."""
        self._worker.stop()
        self._thread.join(_STOP_S)
        _ = self.alive

    def _run(self) -> None:
        try:
            summary = self._worker.run()
            self.ended, self.lost = list(summary.ended), list(summary.lost)
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread, which is the one that reports
            self._error = error
        finally:
            self._bell.ring()


class InPlace:
    """Keeps a worker of this process on one job: it starts again when a retry is due, and stands back where another worker
    has taken the job."""

    def __init__(self, services: Services, job_id: int, bell: Bell, teller: Teller) -> None:
        self._services = services
        self._job_id = job_id
        self._bell = bell
        self._teller = teller
        self._thread: WorkerThread | None = None
        self._attempt_before = 0
        self._not_before = services.clock.now()

    def keep_going(self, job: Job) -> bool:
        """Start a worker where the job is due and none of ours is at work; False where waiting will not help.

        Raises StoreError.
        """
        now = self._services.clock.now()
        if self._at_work():
            return True
        if job.status is Status.RUNNING and now >= self._not_before:
            self._not_before = now + _PAUSE
            self._services.rescue()  # its worker may have been killed, and nobody else may be there to notice
        if job.status is not Status.PENDING:
            return True
        if job.needs_worker not in (None, self._services.worker_id):
            return False
        if job.run_at > now:
            # A retry has spent its attempt and comes of itself; what was given back unspent lacks something we do not have.
            return self._thread is None or job.attempt > self._attempt_before
        if now >= self._not_before:
            self._not_before = (
                now + _PAUSE
            )  # whoever holds the job (a pause, a dependency) is not asked in a tight loop
            self._attempt_before = job.attempt
            self._thread = WorkerThread(
                self._services, job_id=self._job_id, once=False, concurrency=1, bell=self._bell, teller=self._teller
            )
        return True

    def wait_s(self, job: Job) -> float:
        """Seconds until `keep_going` is to be asked again, where nothing is committed before."""
        ahead_s = (job.run_at - self._services.clock.now()).total_seconds()
        return min(ahead_s, LOOK_S) if ahead_s > 0 else LOOK_S

    def stop(self) -> None:
        """Give the job back if it is ours."""
        if self._thread is not None:
            self._thread.stop()

    def _at_work(self) -> bool:
        return self._thread is not None and self._thread.look()


class Onlooker:
    """Stands in for `InPlace` where the job is somebody else's to run."""

    def keep_going(self, _job: Job) -> bool:
        """Nothing to do; what it waits for may come at any time."""
        return True

    def wait_s(self, _job: Job) -> float:
        """Seconds until the next look, where nothing is committed before."""
        return LOOK_S

    def stop(self) -> None:
        """Nothing is ours to give back."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A job as it stood when the command let go of it, and whether the person (or a signal) asked for that."""

    job: Job
    interrupted: bool


def run_job(services: Services, job_id: int, *, from_seq: int = 1) -> Followed:
    """Run a job in this process and follow it until it is finished, cannot go on here, or is interrupted."""
    bell, shown_by = Bell(), narrator()
    teller = Teller(shown_by)
    follower = Follower(services, job_id, shown_by, from_seq=from_seq)
    return _follow(services, follower, InPlace(services, job_id, bell, teller), bell, teller)


def wait_for_job(services: Services, job_id: int, shown_by: Narrator | None = None, *, from_seq: int = 1) -> Followed:
    """Follow a job that somebody else runs until it is finished or the person has seen enough."""
    shown_by = shown_by or narrator()
    follower = Follower(services, job_id, shown_by, from_seq=from_seq)
    return _follow(services, follower, Onlooker(), Bell(), Teller(shown_by))


def _follow(services: Services, follower: Follower, hand: InPlace | Onlooker, bell: Bell, teller: Teller) -> Followed:
    looks = PatientLooks(teller)
    unsubscribe = services.database.on_commit(bell.ring)
    with Interruption(bell) as interruption:
        try:
            try:
                job = follower.look()
                while not (job.status.finished or interruption.requested) and hand.keep_going(job):
                    bell.wait(hand.wait_s(job))
                    job = looks.at(follower.look) or job
                if interruption.requested:
                    teller.tidy()
                    interruption.say_stopping()
            finally:  # also where the terminal has gone and nothing can be said any more
                hand.stop()
                unsubscribe()
            return Followed(follower.look(), interruption.requested)
        finally:
            teller.tidy()


def report_end(services: Services, followed: Followed, *, as_json: bool) -> int:
    """Say how a job ended (or why this command leaves it), and return the exit code."""
    job = followed.job
    if as_json:
        print_json(job_json(job, log_lines(services, job.id)))
    if job.status.finished:
        if not as_json:
            say(end_sentence(job))
            for line in result_tables(job):
                say(line)
        return EXIT_CODES[job.status]
    narrate(how_to_go_on(job, services.worker_id))
    return INTERRUPTED if followed.interrupted else _LACKS_SOMETHING


def end_sentence(job: Job) -> str:
    """How a finished job ended, in a line: its result's own message, or its error."""
    words = f"{status_words(job.status)} · job {job.id}"
    if job.status is Status.COMPLETED:
        message = (job.result or {}).get("message", "")
        return f"{words}: {safe_line(message)}" if isinstance(message, str) and message else f"{words}."
    return f"{words}: {safe_line(job.error)}" if job.error else f"{words}."


def result_tables(job: Job) -> Iterator[str]:
    """The lists in a result (a repository a row, say) as tables; what is plain text or a number stands in the sentence above."""
    for value in (job.result or {}).values():
        if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
            names = [name for name in value[0] if any(row.get(name) not in (None, "") for row in value)]
            yield ""
            yield from table(
                [_words(name) for name in names], [[_cell(row.get(name)) for name in names] for row in value]
            )


def _words(key: str) -> str:
    """A JSON key as a heading: `alreadyStored` is `already stored`."""
    return "".join(f" {each.lower()}" if each.isupper() else each for each in key)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,}"
    return "" if value is None else str(value)


def how_to_go_on(job: Job, worker_id: str) -> str:
    """What a person does with a job that is not finished. `worker_id` is this process's own worker."""
    if job.status is Status.RUNNING and job.worker_id == worker_id:
        return (
            f"Job {job.id} did not stop in time; it goes back to the queue when its lease runs out, in under a minute."
        )
    if job.status is Status.RUNNING:
        return (
            f"Job {job.id} goes on in another worker. Follow it: devtrail-tui jobs wait {job.id}. "
            f"Cancel it: devtrail-tui jobs cancel {job.id}."
        )
    if job.needs_worker:
        return (
            f"Job {job.id} is kept, but the token it was given lived in this command only. Cancel it with "
            f"devtrail-tui jobs cancel {job.id}, and start it again; what was saved is not fetched twice."
        )
    why = f" It waits: {safe_line(job.waiting_for)}" if job.waiting_for else " Nothing that was saved is lost."
    return f"Job {job.id} is kept.{why} Go on with: devtrail-tui work --job {job.id} (or open the app)."
