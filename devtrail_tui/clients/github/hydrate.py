"""Hydration: fetches complete pull requests in batches that shrink when GitHub finds them too heavy and grow back slowly.

One batch is one request (documents.PULL_REQUESTS); files, comments or reviews beyond the first page cost one more request per
page. Maximum nodes of a batch: 20 x (20 labels + 100 files + 100 comments + 30 reviews x (1 + 50 comments)) is about 35,000 of
the 500,000 that GitHub allows, for 7 points.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from devtrail_tui.clients.github import parsing
from devtrail_tui.clients.github.answers import FORBIDDEN, NOT_FOUND, GraphAnswer, GraphError, failure_of
from devtrail_tui.clients.github.calls import Calls
from devtrail_tui.clients.github.changed_files import with_files
from devtrail_tui.clients.github.failures import RequestRefused, TooHeavy, UnexpectedAnswer
from devtrail_tui.clients.github.limiter import Narrate
from devtrail_tui.clients.github.shapes import Node, child, children, next_cursor, text
from devtrail_tui.core.errors import ServiceUnavailable, TemporaryError
from devtrail_tui.core.evidence import PullRequestRef
from devtrail_tui.core.job import Level
from devtrail_tui.core.left_out import LeftOut
from devtrail_tui.core.pull_request_source import FetchedPullRequest

LARGEST_BATCH = 20
GROW_AFTER = 3
"""Successful batches in a row before the batch size is doubled."""
MOST_IN_TROUBLE = 3
"""Failed single pull requests in a row after which others are tried; as many failures again mean that GitHub is down."""
_REFUSALS = frozenset({FORBIDDEN, "INSUFFICIENT_SCOPES"})
_Sized = Callable[["PageSizes"], dict[str, int]]
_CONNECTIONS = {"files": "moreFiles", "comments": "moreComments", "reviews": "moreReviews"}


@dataclass(frozen=True, slots=True)
class PageSizes:
    """Items per page: files and comments, reviews, and line comments within one review."""

    page: int
    reviews: int
    in_review: int

    def variables(self) -> dict[str, int]:
        """The variables of the documents."""
        return {"page": self.page, "reviews": self.reviews, "inReview": self.in_review}


SIZES = (PageSizes(100, 30, 50), PageSizes(50, 15, 20), PageSizes(20, 5, 10))
"""Tried in this order for one pull request that is too heavy."""


class Hydration:
    """One run over a list of refs.

    A pull request that fails beside others is fetched again at the end, so that it holds up none of them. GitHub itself counts as
    down only if single pull requests fail one after another, from several places of the list, and nothing succeeds in between.
    """

    def __init__(self, calls: Calls, narrate: Narrate, web_host: str) -> None:
        self._calls = calls
        self._narrate = narrate
        self._web_host = web_host
        self._size = LARGEST_BATCH
        self._successes = 0
        self._in_trouble = 0
        self._without_answer = 0
        self._deferred: list[PullRequestRef] = []

    async def batches(self, refs: Sequence[PullRequestRef]) -> AsyncGenerator[list[FetchedPullRequest]]:
        """Every ref exactly once. Raises AuthenticationError, RequestRefused, TemporaryError."""
        waiting = deque(refs)
        while waiting:
            batch = [waiting.popleft() for _ in range(min(self._size, len(waiting)))]
            if len(batch) == 1:
                yield [await self._single(batch[0], others_wait=bool(waiting))]
                self._grow()
                if self._in_trouble >= MOST_IN_TROUBLE:
                    waiting.rotate(len(waiting) // 2 + 1)  # look elsewhere before GitHub counts as down
                continue
            try:
                answer = await self._ask_batch(batch)
            except TooHeavy as error:
                waiting.extendleft(reversed(batch))
                self._shrink(len(batch))
                await self._calls.back_off(1, error)
                continue
            results, missing = await self._read(batch, answer)
            if any(error.too_large for error in answer.errors):
                waiting.extendleft(reversed(missing))
                self._shrink(len(batch))
            else:
                self._deferred += missing
                self._grow()
            yield results
        for ref in self._deferred:
            yield [await self._single(ref, others_wait=False)]
        if 1 < self._without_answer == len(refs):
            raise ServiceUnavailable("GitHub did not answer for any of the pull requests; it may be in trouble.")

    async def _read(
        self, batch: Sequence[PullRequestRef], answer: GraphAnswer
    ) -> tuple[list[FetchedPullRequest], list[PullRequestRef]]:
        """The usable results of a batch, and the refs that must be asked for again."""
        results, missing = [], []
        for index, ref in enumerate(batch):
            hydrated = await self._from_node(ref, answer, index)
            if hydrated is None:
                missing.append(ref)
            else:
                results.append(hydrated)
        if results:
            self._in_trouble = 0
        return results, missing

    async def _single(self, ref: PullRequestRef, *, others_wait: bool) -> FetchedPullRequest:
        """One pull request, with ever smaller pages."""
        trouble: TemporaryError | None = None
        answered = False
        for failures, sizes in enumerate(SIZES, start=1):
            try:
                answer = await self._calls.graph("PullRequests", {"ids": [ref.node_id], **sizes.variables()}, tries=1)
                hydrated = await self._from_node(ref, answer, 0)
                if hydrated is not None:
                    self._in_trouble = 0
                    return hydrated
                answered = True
                reason = next((error.message for error in answer.errors), "no reason given")
                trouble = TooHeavy(f"GitHub does not return it: {reason.rstrip('.')}.")
            except TooHeavy as error:
                trouble = error
            if failures < len(SIZES):
                await self._calls.back_off(failures, trouble)
        self._in_trouble += 1
        self._without_answer += not answered
        if others_wait and self._in_trouble == 2 * MOST_IN_TROUBLE:
            raise ServiceUnavailable(f"GitHub failed on {self._in_trouble} pull requests in a row: {trouble}")
        return FetchedPullRequest(ref, None, str(trouble))

    async def _ask_batch(self, batch: Sequence[PullRequestRef]) -> GraphAnswer:
        variables = {"ids": [ref.node_id for ref in batch], **SIZES[0].variables()}
        return await self._calls.graph("PullRequests", variables, tries=1)

    async def _from_node(self, ref: PullRequestRef, answer: GraphAnswer, index: int) -> FetchedPullRequest | None:
        """The result for one node; None if the node must be asked for again. A field that the token may not see is left out."""
        errors = [error for error in answer.errors if error.path[:2] == ("nodes", index) or not error.path]
        nodes = answer.data.get("nodes")
        node = nodes[index] if isinstance(nodes, list) and index < len(nodes) else None
        problem = _problem(node, errors)
        if problem:
            return FetchedPullRequest(ref, None, problem)
        refused = [error for error in errors if error.kind in _REFUSALS]
        if len(refused) < len(errors) or not isinstance(node, Mapping):
            return None
        try:
            complete_node = await self._completed(node)
            pull_request = parsing.pull_request(complete_node, self._web_host)
            if node.get("files") is None:
                hidden = any("files" in error.path for error in refused)
                pull_request = (
                    replace(pull_request, files_unknown=True) if hidden else await with_files(self._calls, pull_request)
                )
        except (UnexpectedAnswer, RequestRefused, TooHeavy) as error:
            return FetchedPullRequest(ref, None, f"It could not be read: {error}")
        return FetchedPullRequest(ref, pull_request, left_out=[_hidden_field(error) for error in refused])

    async def _completed(self, node: Node) -> Node:
        """The node with all pages of its connections."""
        complete_node: dict[str, Any] = dict(node)
        node_id = text(node, "id")
        cursors = {name: _cursor(complete_node, name) for name in _CONNECTIONS}
        while any(cursors.values()):
            next_page = await self._more_of_pull_request(node_id, cursors)
            for name in [name for name, cursor in cursors.items() if cursor]:
                complete_node[name] = _joined(complete_node[name], child(next_page, name), cursors[name])
                cursors[name] = _cursor(complete_node, name)
        if complete_node.get("reviews") is not None:
            reviews = [await self._whole_review(review) for review in children(child(complete_node, "reviews"))]
            complete_node["reviews"] = {**complete_node["reviews"], "nodes": reviews}
        return complete_node

    async def _whole_review(self, review: Node) -> Node:
        if review.get("comments") is None:  # hidden from the token
            return review
        comments = child(review, "comments")
        while (cursor := next_cursor(comments)) is not None:
            variables = {"id": text(review, "id"), "after": cursor}
            next_page = await self._node("MoreOfReview", variables, lambda sizes: {"page": sizes.page})
            comments = _joined(comments, child(next_page, "comments"), cursor)
        return {**review, "comments": comments}

    async def _more_of_pull_request(self, node_id: str, cursors: Mapping[str, str | None]) -> Node:
        variables: dict[str, Any] = {"id": node_id}
        for name, include in _CONNECTIONS.items():
            variables[include] = cursors[name] is not None
            variables[f"{name}After"] = cursors[name]
        return await self._node("MoreOfPullRequest", variables, PageSizes.variables)

    async def _node(self, name: str, variables: Mapping[str, Any], sized: _Sized) -> Node:
        """The node of a follow-up document, with smaller pages if it is too heavy."""
        for failures, sizes in enumerate(SIZES[:-1], start=1):
            try:
                return await self._node_once(name, {**variables, **sized(sizes)})
            except TooHeavy as error:
                await self._calls.back_off(failures, error)
        return await self._node_once(name, {**variables, **sized(SIZES[-1])})

    async def _node_once(self, name: str, variables: Mapping[str, Any]) -> Node:
        answer = await self._calls.graph(name, variables, tries=1)
        if answer.errors:
            raise failure_of(answer.errors, self._calls.endpoint.api_host)
        return child(answer.data, "node")

    def _shrink(self, size: int) -> None:
        self._size = max(1, size // 2)
        self._successes = 0
        self._narrate(Level.INFO, f"Too heavy for GitHub: fetching {self._size} pull requests at a time.")

    def _grow(self) -> None:
        self._successes += 1
        if self._successes >= GROW_AFTER and self._size < LARGEST_BATCH:
            self._size = min(LARGEST_BATCH, self._size * 2)
            self._successes = 0


def _cursor(node: Node, name: str) -> str | None:
    return next_cursor(child(node, name)) if node.get(name) is not None else None


def _joined(sofar: Node, page: Node, after: str | None) -> Node:
    """Two pages as one connection. Raises UnexpectedAnswer for a repeated cursor, which would loop for ever."""
    if next_cursor(page) == after:
        raise UnexpectedAnswer("GitHub's pages repeat.")
    return {**page, "nodes": [*children(sofar), *children(page)]}


def _problem(node: object, errors: Sequence[GraphError]) -> str:
    """The sentence for a pull request that GitHub does not return; empty if a retry may help."""
    if isinstance(node, Mapping):
        return "" if node.get("__typename") == "PullRequest" else "It is no longer a pull request."
    for error in errors:
        if error.kind == NOT_FOUND:
            return "It was deleted, or the token can no longer see it."
        if error.kind == FORBIDDEN:
            return f"The token cannot read it: {error.message}"
    return "" if errors else "It was deleted: GitHub does not know its id."


def _hidden_field(error: GraphError) -> LeftOut:
    """What GitHub withheld: the field at the error's path, without list indexes, and the reason."""
    names = [step for step in error.path[2:] if isinstance(step, str) and step != "nodes"]
    return LeftOut(
        f"{' of '.join(reversed(names)) or 'a field'} of pull requests", f"The token cannot read it: {error.message}"
    )
