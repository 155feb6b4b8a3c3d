"""The repositories in which a person took part, to choose from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from devtrail_tui.core.errors import InvalidInput, UsageError
from devtrail_tui.core.pull_request_source import GITHUB, Participation
from devtrail_tui.core.setting import Kind, read_values
from devtrail_tui.core.wording import count_of

if TYPE_CHECKING:
    from devtrail_tui.actions import Services
    from devtrail_tui.core.job_type import JobType

DEFAULT_DAYS = 365


@dataclass(frozen=True, slots=True)
class TakenPart:
    """The repositories of `login` from `start` to `end`, both inclusive."""

    login: str
    start: date
    end: date
    participation: Participation

    @property
    def summary(self) -> str:
        """How many there are, and what is not shown."""
        repositories = count_of(len(self.participation.repositories), "repository", "repositories")
        notes = [f"Not shown: {item.what} ({item.reason.rstrip('.')})." for item in self.participation.left_out]
        return " ".join([f"{repositories} with pull requests of {self.login}, {self.start} to {self.end}.", *notes])

    def to_json(self) -> dict[str, Any]:
        return {
            "login": self.login,
            "since": self.start.isoformat(),
            "until": self.end.isoformat(),
            "repositories": [
                {
                    "repository": each.repository,
                    "pullRequests": each.pull_requests,
                    "reviews": each.reviews,
                    "comments": each.comments,
                }
                for each in self.participation.repositories
            ],
            "leftOut": [item.to_json() for item in self.participation.left_out],
        }


def described(pull_requests: int, reviews: int, comments: int) -> str:
    """The counts of a repository: `12 pull requests, 3 reviews, 4 commented on`; zeros are omitted."""
    phrases = [count_of(pull_requests, "pull request"), count_of(reviews, "review"), f"{comments:,} commented on"]
    return ", ".join(phrase for phrase, n in zip(phrases, (pull_requests, reviews, comments), strict=True) if n)


async def repositories_for_form(services: Services, job_type: JobType[Any], raw: Mapping[str, Any]) -> TakenPart:
    """Those of a form's days and token; `raw` as in `parse_config`. Raises InvalidInput for its days or token, and as
    `repositories_taken_part`."""
    described_settings = {setting.key: setting for setting in job_type.settings}
    needed = {key: setting for key, setting in described_settings.items() if setting.kind in (Kind.DAY, Kind.SECRET)}
    typed, problems = read_values(needed, {key: raw.get(key) for key in needed})
    if problems:
        raise InvalidInput(problems)
    days = [typed.get(setting.name) for setting in needed.values() if setting.kind is Kind.DAY]
    secrets = {setting.secret_name: typed.get(setting.name, "") for setting in needed.values() if setting.secret}
    first, last = [*days, None, None][:2]
    return await repositories_taken_part(services, first, last, secrets)


async def repositories_taken_part(
    services: Services, start: date | None, end: date | None, typed_secrets: Mapping[str, str] | None = None
) -> TakenPart:
    """Ask GitHub for the repositories of the token's owner; by default of the last 12 months. Stores nothing.

    Raises UsageError for days in the wrong order, and the errors of the GitHub client.
    """
    last = end or services.surroundings.today
    first = start or last - timedelta(days=DEFAULT_DAYS)
    if first > last:
        raise UsageError(f"The first day, {first}, is after the last day, {last}.")
    from devtrail_tui.actions.preview import PreviewServices  # loads the database layer

    async with PreviewServices(services, typed_secrets or {}) as context:
        source = await context.source(GITHUB)
        login = (await source.account()).login
        begin, finish = (datetime.combine(day, time.min).astimezone() for day in (first, last + timedelta(days=1)))
        return TakenPart(login, first, last, await source.participation(login, begin, finish))
