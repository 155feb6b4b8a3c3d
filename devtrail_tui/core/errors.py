"""Errors whose message is shown to people: what happened, to what, and what to do next.

Every error that can reach a person is a `DevTrailError`. The runtime decides by its class:
`TemporaryError` is retried with backoff, `ServiceUnavailable` and `SecretMissing` make the job wait, any other class fails the
job at once.
"""

from __future__ import annotations

from collections.abc import Mapping


class DevTrailError(Exception):
    """An error with a message for people. `exit_code` is the exit code of a headless command."""

    exit_code = 1


class UsageError(DevTrailError):
    """The command, a setting or an id is invalid; nothing was stored."""

    exit_code = 2


class InvalidInput(UsageError):
    """One or more fields are invalid; nothing was stored.

    `problems` maps the field's JSON key to a sentence; the key `""` holds problems of no single field.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__(" ".join(f"{key}: {text}" if key else text for key, text in self.problems.items()))


class NotFound(UsageError):
    """No object has the requested id or name."""


class NotPossible(UsageError):
    """The object's state does not allow the request, for example cancelling a finished job."""


class AlreadyQueued(NotPossible):
    """An active job, `job_id`, does the same work."""

    def __init__(self, message: str, *, job_id: int) -> None:
        self.job_id = job_id
        super().__init__(message)


class PermanentError(DevTrailError):
    """Not worth retrying: bad credentials, a refused request, a missing repository."""


class AuthenticationError(PermanentError):
    """A service rejected the credential (HTTP 401) or all requests of its account (Claude's 402 and 403). Never retried:
    repeated failed logins lock accounts, and the next request of the account would fail too."""

    def __init__(self, message: str, *, service: str) -> None:
        self.service = service
        super().__init__(message)


class UnknownModel(PermanentError):
    """The model does not exist (any more); every request to it would fail."""


class RepositoryNotFound(PermanentError):
    """The repository does not exist or the token cannot see it (GitHub answers 404 to both)."""

    def __init__(self, message: str, *, repository: str) -> None:
        self.repository = repository
        super().__init__(message)


class RepositoryExcluded(RepositoryNotFound):
    """The settings exclude the repository: nothing of it is fetched or sent."""

    def __init__(self, repository: str) -> None:
        super().__init__(
            f"{repository} is excluded by exclude_repositories in config.toml; nothing of it is fetched or sent.",
            repository=repository,
        )


class TemporaryError(DevTrailError):
    """Worth retrying: the network is down, a limit was reached, or the server has trouble. `retry_after_s` is the wait the
    service asked for."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class ServiceUnavailable(TemporaryError):
    """The network or the service is down: the job waits for it without spending a try, for hours if need be."""


class LimitReached(TemporaryError):
    """A limit that the service announced, with its end in `retry_after_s`: the job waits for it without spending a try."""


class OutcomeUnknown(TemporaryError):
    """A paid call was sent and no answer came, so it may have been billed and counts at its worst case. Not raised if nothing
    was sent or the service refused the call."""


class SecretMissing(DevTrailError):
    """A secret that the job refers to is not available now; the job waits and says so."""

    exit_code = 2

    def __init__(self, message: str, *, name: str) -> None:
        self.name = name
        super().__init__(message)


class SecretRejected(SecretMissing):
    """The service rejected this secret a short while ago, so it is not sent again now; the job waits."""


class ClaimLost(DevTrailError):
    """Another worker owns the job now; all further writes of this claim are refused."""


class CancelRequested(ClaimLost):
    """The job was asked to cancel: nothing more may be paid for it. It ends as cancelled, not as a lost claim."""


class JobEnded(DevTrailError):
    """A handler called its context after the job had ended; the call is refused."""


class StoreError(DevTrailError):
    """The database cannot do the requested operation."""

    exit_code = 2


class DatabaseUnusable(StoreError):
    """The file is not a DevTrail database, is damaged, from a newer version, read-only, or missing."""


class DatabaseBusy(StoreError):
    """Another program held the write lock for longer than the busy timeout."""

    exit_code = 1


class DatabaseFull(StoreError):
    """The disk is full or reported an error: nothing of the change was stored; it can be retried."""
