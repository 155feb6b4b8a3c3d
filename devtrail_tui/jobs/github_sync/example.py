"""The Claude request of a sync for the newest pull request found; nothing is sent to Claude, stored or paid."""

from __future__ import annotations

from datetime import timedelta

from devtrail_tui.core.components import components
from devtrail_tui.core.context import Preview, PreviewContext
from devtrail_tui.core.errors import AuthenticationError, NotPossible, PermanentError
from devtrail_tui.core.evidence import PullRequest
from devtrail_tui.core.involvement import roles
from devtrail_tui.core.pull_request_source import GITHUB, PullRequestSource
from devtrail_tui.core.repository_layout import RepositoryLayout
from devtrail_tui.core.repository_names import ALL
from devtrail_tui.core.time_zones import day_begins
from devtrail_tui.jobs.github_sync.config import DEFAULT_RANGE_DAYS, GithubSyncConfig
from devtrail_tui.jobs.github_sync.layouts import layout_of
from devtrail_tui.jobs.github_sync.owners import expanded
from devtrail_tui.jobs.github_sync.wording import name_of


async def preview(config: GithubSyncConfig, context: PreviewContext) -> Preview:
    """The request for the newest pull request of the first repository that has one.

    Raises NotPossible if nothing would be sent or there is no example; and the source's errors.
    """
    if not config.analyse:
        raise NotPossible("Matching with Claude is off, so nothing would be sent to Claude.")
    source = await context.source(GITHUB)
    login = (await source.account()).login
    pull_request, layout = await _newest(config, context, source, login)
    analyser = await context.analyser(model=config.model, about=config.user_context)
    request = analyser.prepare(
        pull_request,
        components(pull_request.files, layout),
        await context.criteria(),
        login=login,
        roles=roles(pull_request, login),
    )
    price = "" if request.price is None else f", about ${request.price.expected_usd:.4f}"
    head = (
        f"This would be sent for {name_of(pull_request)}, the newest found, with all its texts. Each pull request is one such "
        f"request (this one about {request.input_tokens:,} tokens{price}). Nothing was sent now."
    )
    example = {"repository": pull_request.repository, "number": pull_request.number, "request": dict(request.body)}
    return Preview(f"{head}\n\n{analyser.preview(request)}", example)


async def _newest(
    config: GithubSyncConfig, context: PreviewContext, source: PullRequestSource, login: str
) -> tuple[PullRequest, RepositoryLayout | None]:
    today = context.clock.now().astimezone().date()
    start = day_begins(config.start_date or today - timedelta(days=DEFAULT_RANGE_DAYS), None)
    end = day_begins((config.end_date or today) + timedelta(days=1), None)
    problems, names = [], config.repositories
    if any(name.endswith(ALL) for name in names):
        names = tuple(expanded(names, await source.participation(login, start, end)))
    for name in names:
        try:
            repository = await source.repository(name)
            refs = (await source.discover(repository, login, start, end)).refs
        except AuthenticationError:
            raise
        except PermanentError as error:
            problems.append(str(error))
            continue
        async for hydrated in source.hydrate(refs[:1]):
            if hydrated.pull_request is None:
                raise PermanentError(f"{name} #{hydrated.ref.number}: {hydrated.problem}")
            return hydrated.pull_request, await layout_of(source, repository)
    found_nothing = f"No merged pull request of {login} was found in these days, so there is no example."
    raise NotPossible(" ".join(problems) or found_nothing)
