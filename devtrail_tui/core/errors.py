"""Errors as people read them: what happened, to what, and what to do next.

Every error that may reach a person is a `DevTrailError`. Its class says what the runtime does with it:
`TemporaryError` is retried with backoff, `SecretMissing` makes the job wait, anything else fails the job at once.
"""

from __future__ import annotations

from collections.abc import Mapping


class DevTrailError(Exception):
    """A sentence for a person. `exit_code` is what a headless command ends with."""

    exit_code = 1


class UsageError(DevTrailError):
    """The command, a setting or an id does not fit; nothing was stored."""

    exit_code = 2


class InvalidInput(UsageError):
    """One or more fields were refused before anything was stored.

    `problems` maps the field's JSON key to a sentence; the key `""` holds what belongs to no one field.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__(" ".join(f"{key}: {text}" if key else text for key, text in self.problems.items()))


class NotFound(UsageError):
    """Something was asked for by an id or a name that does not exist."""


class NotPossible(UsageError):
    """The thing exists but its state does not allow the request (cancelling a finished job, say)."""


class AlreadyQueued(NotPossible):
    """An active job, `job_id`, does the same."""

    def __init__(self, message: str, *, job_id: int) -> None:
        self.job_id = job_id
        super().__init__(message)


class PermanentError(DevTrailError):
    """No retry mends this: bad credentials, a refused request, a repository that is not there."""


class AuthenticationError(PermanentError):
    """A service refused the credential (HTTP 401), or lets it do nothing that is asked (Claude's 402 and 403). Never repeated:
    repeated bad logins lock accounts out, and what holds for the account holds for the next request too."""

    def __init__(self, message: str, *, service: str) -> None:
        self.service = service
        super().__init__(message)


class UnknownModel(PermanentError):
    """A model does not exist (any more): whatever else would be asked of it is turned away too."""


class RepositoryNotFound(PermanentError):
    """A repository does not exist or the token may not see it (GitHub answers 404 to both)."""

    def __init__(self, message: str, *, repository: str) -> None:
        self.repository = repository
        super().__init__(message)


class RepositoryExcluded(RepositoryNotFound):
    """The person's settings exclude a repository: nothing of it is fetched or sent."""

    def __init__(self, repository: str) -> None:
        super().__init__(
            f"{repository} is excluded by exclude_repositories in config.toml; nothing of it is fetched or sent.",
            repository=repository,
        )


class TemporaryError(DevTrailError):
    """Worth retrying: network down, a limit, a server in trouble. `retry_after_s` is the service's own word."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class OutcomeUnknown(TemporaryError):
    """A call that costs money was sent and its answer did not come: nobody knows whether it was billed, so it counts at its worst
    case. Not raised where nothing was sent, or where the service answered with a refusal."""


class SecretMissing(DevTrailError):
    """A secret that a job refers to cannot be found now; the job waits and says so."""

    exit_code = 2

    def __init__(self, message: str, *, name: str) -> None:
        self.name = name
        super().__init__(message)


class ClaimLost(DevTrailError):
    """Another worker owns the job now: every later write of this claim is refused and nothing more may be done for it."""


class CancelRequested(ClaimLost):
    """Somebody asked to cancel the job: nothing more may be paid for it. It is the cancel, not a lost claim."""


class JobEnded(DevTrailError):
    """A handler went on after its job had ended (it did not stop when it was told to); nothing is done for it any more."""


class StoreError(DevTrailError):
    """The database cannot do what was asked."""

    exit_code = 2


class DatabaseUnusable(StoreError):
    """The database is not one of ours, is damaged, is from a newer version, cannot be written, or is gone."""


class DatabaseBusy(StoreError):
    """Another program held the write lock longer than the busy timeout."""

    exit_code = 1


class DatabaseFull(StoreError):
    """The disk has no room, or reported an error: nothing of the change was stored, and it can be tried again."""
