"""No answer of either service fills the memory, however it is encoded."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devtrail_tui.core.bounded_body import BodyRefused, BoundedBody
from devtrail_tui.core.job import Status
from devtrail_tui.demo.answers import HttpResponse
from tests.doubles.faults import Fault
from tests.doubles.server import FaultyServer
from tests.faults.small_world import Written, small_world
from tests.house.desk import Desk

ZEROS = 300 * 2**20


def encoded(encoding: str, body: bytes) -> Fault:
    headers = (("content-type", "application/json"), ("content-encoding", encoding))
    return Fault(f"encoded {encoding}", change=lambda answer: replace(answer, body=body, headers=headers))


def bomb() -> bytes:
    """Zeros, 300 MiB of them, in 300 kB."""
    packer = zlib.compressobj(wbits=31)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(ZEROS // 2**20)) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", bomb()),
        ("gzip, gzip", gzip.compress(bomb())),
        ("br", b"x"),
        ("gzip", b"no gzip"),
        ("gzip", bomb()[:1000]),
    ],
    ids=["bomb", "nested", "not asked for", "damaged", "incomplete"],
)
@pytest.mark.parametrize("route", ["search", "messages"])
def test_a_hostile_encoding_ends_in_a_sentence(route: str, encoding: str, body: bytes, tmp_path: Path) -> None:
    with FaultyServer(small_world([Written("Retry with backoff")])).unlimited() as server:
        desk = Desk(server, tmp_path)
        server.faults.always(route, encoded(encoding, body))
        job = desk.sync("acme/shop")
        log = desk.log(job)
        if route == "search":
            assert job.status is Status.PENDING
            assert "'s answer " in (job.error or "")
        else:
            assert "not from Claude" in log
            assert server.count("messages") == 1, "it may have been billed"
        server.faults.clear()
        desk.close()


def test_an_answer_in_gzip_is_read(tmp_path: Path) -> None:
    def pack(answer: HttpResponse) -> HttpResponse:
        return replace(answer, body=gzip.compress(answer.body), headers=(*answer.headers, ("content-encoding", "gzip")))

    with FaultyServer(small_world([Written("Retry with backoff")])).unlimited() as server:
        desk = Desk(server, tmp_path)
        server.faults.always(lambda _: True, Fault("gzip", change=pack))
        assert desk.sync("acme/shop").status is Status.COMPLETED
        desk.close()


@given(st.binary(max_size=4000), st.integers(1, 50), st.booleans(), st.integers(0, 4000))
def test_the_body_is_whole_or_refused(content: bytes, size: int, packed: bool, limit: int) -> None:  # noqa: FBT001 - generated
    raw = gzip.compress(content) if packed else content
    body = BoundedBody("gzip" if packed else "", limit)
    try:
        for start in range(0, len(raw), size):
            body.add(raw[start : start + size])
        assert body.whole() == content
        assert len(content) <= limit
    except BodyRefused:
        assert len(content) > limit
