"""What goes wrong on the way to GitHub, and the sentence a person gets for it."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from devtrail_tui.clients.github import transport
from devtrail_tui.clients.github.client import GitHubClient
from devtrail_tui.core.errors import AuthenticationError, DevTrailError, PermanentError, TemporaryError, UsageError
from devtrail_tui.demo.server import GITHUB_TOKEN
from tests.clients.github.conftest import MakeClient, Said
from tests.doubles.clock import ManualClock
from tests.doubles.faults import Fault
from tests.doubles.github_faults import GitHubFault
from tests.doubles.server import FaultyServer


async def test_whose_token_it_is(client: GitHubClient, server: FaultyServer) -> None:
    account = await client.account()
    assert (account.login, account.scopes) == (server.world.viewer.login, ("read:org", "repo"))
    assert account.name == server.world.viewer.name


async def test_a_token_that_lists_no_scopes(client: GitHubClient, server: FaultyServer) -> None:
    server.scopes = None
    assert (await client.account()).scopes == ()


async def test_a_bad_token_is_one_call(make_client: MakeClient, server: FaultyServer, clock: ManualClock) -> None:
    client = make_client(server.url, "wrong-token")
    with pytest.raises(AuthenticationError, match="rejected the GitHub token") as caught:
        await client.account()
    assert caught.value.service == "github"
    assert "wrong-token" not in str(caught.value)
    with pytest.raises(AuthenticationError):
        await client.repository("acme/shop")
    assert (len(server.requests), clock.slept) == (1, [])


@pytest.mark.parametrize("token", ["", "  ", "ghp_\nabc", "ghp_\u043f", "ghp abc", "ghp_\x1b[31m"])
def test_what_cannot_be_a_token_is_never_sent_nor_shown(make_client: MakeClient, token: str) -> None:
    with pytest.raises(AuthenticationError, match="copy it again") as caught:
        make_client("http://127.0.0.1:9", token)
    assert "abc" not in str(caught.value)


async def test_white_space_around_a_token_is_forgiven(make_client: MakeClient, server: FaultyServer) -> None:
    await make_client(server.url, f" {GITHUB_TOKEN}\n").account()


def test_a_token_is_never_sent_in_clear(make_client: MakeClient) -> None:
    with pytest.raises(UsageError, match="would send your token unencrypted"):
        make_client("http://ghe.acme.example/api/v3")


async def test_single_sign_on_says_where_to_go(client: GitHubClient, server: FaultyServer, clock: ManualClock) -> None:
    server.faults.always("user", GitHubFault.sso("acme"))
    with pytest.raises(PermanentError, match=r"single sign-on at https://github\.example/orgs/acme/sso"):
        await client.account()
    assert (server.count("user"), clock.slept) == (1, [])


@pytest.mark.parametrize(
    "header",
    [
        "required; url=javascript:alert(1)",
        "required; url=https://user@evil.example/",
        "required; url=https://[x",
        "required",
    ],
)
async def test_a_single_sign_on_address_that_is_none_is_left_out(
    client: GitHubClient, server: FaultyServer, header: str
) -> None:
    server.faults.next("user", Fault.status(403, {"message": "SAML"}, x_github_sso=header))
    with pytest.raises(PermanentError, match=r"Configure SSO") as caught:
        await client.account()
    assert "evil" not in str(caught.value)
    assert "javascript" not in str(caught.value)


async def test_partial_results_of_single_sign_on_are_said_once(
    client: GitHubClient, server: FaultyServer, said: Said
) -> None:
    whole = {"data": {"repository": {"id": "R", "nameWithOwner": "acme/shop", "isPrivate": True}}}
    server.faults.always("repo", Fault.status(200, whole, x_github_sso="partial-results; organizations=21955855"))
    await client.repository("acme/shop")
    await client.repository("acme/shop")
    assert said.text.count("single sign-on this token is not authorised for") == 1


async def test_a_wrong_path_on_the_right_host(client: GitHubClient, server: FaultyServer) -> None:
    server.faults.next("user", Fault.status(404, {"message": "Not Found"}))
    with pytest.raises(PermanentError, match="check DEVTRAIL_GITHUB_URL"):
        await client.account()


async def test_any_other_refusal_is_quoted_harmlessly(client: GitHubClient, server: FaultyServer) -> None:
    server.faults.next("user", Fault.status(422, {"message": "Validation \x1b]0;x\x07failed\n\u202e!"}))
    with pytest.raises(PermanentError) as caught:
        await client.account()
    assert str(caught.value).endswith("refused the request (422): Validation failed !")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
async def test_trouble_passes(
    client: GitHubClient, server: FaultyServer, said: Said, clock: ManualClock, status: int
) -> None:
    server.faults.next("user", Fault.html(status), times=2)
    await client.account()
    assert server.count("user") == 3
    assert len(clock.slept) == 2
    assert said.text.count(f"{status}") == said.text.count("Retrying in") == 2


async def test_trouble_that_stays_is_a_temporary_error(client: GitHubClient, server: FaultyServer) -> None:
    server.faults.always("user", Fault.status(503, {"message": "Service unavailable"}))
    with pytest.raises(TemporaryError, match=r"is not available now \(503\)"):
        await client.account()
    assert server.count("user") == 4


@pytest.mark.parametrize("fault", [Fault.close(), Fault.cut(), Fault.truncated_json()])
async def test_a_broken_answer_is_asked_for_again(client: GitHubClient, server: FaultyServer, fault: Fault) -> None:
    server.faults.next("user", fault)
    await client.account()
    server.faults.always("repo", fault)
    with pytest.raises(TemporaryError, match=r"127\.0\.0\.1"):
        await client.repository("acme/shop")


async def test_a_login_page_instead_of_github(client: GitHubClient, server: FaultyServer, clock: ManualClock) -> None:
    server.faults.always("graphql", Fault.html(200))
    with pytest.raises(TemporaryError, match=r"127\.0\.0\.1:\d+ answered with a web page.*log in to the network"):
        await client.repository("acme/shop")
    assert (server.count("graphql"), clock.slept) == (1, [])


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"x"', b"[" * 100_000])
async def test_json_of_another_shape(
    client: GitHubClient, server: FaultyServer, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(client._transport, "exchange", answering(200, body))
    for call in (client.account, client.limits, lambda: client.repository("acme/shop")):
        with pytest.raises((PermanentError, TemporaryError)):
            await call()


def answering(status: int, body: bytes) -> Callable[..., Any]:
    async def exchange(method: str, url: str, content: bytes | None = None) -> transport.HttpAnswer:
        return transport.HttpAnswer(status, httpx.Headers(), body)

    return exchange


async def test_a_body_that_drips_meets_the_deadline(make_client: MakeClient, server: FaultyServer, said: Said) -> None:
    """httpx's own timeout starts anew with every byte; ours is for the whole answer."""
    client = make_client(server.url, timeout_s=0.1)
    server.faults.always("user", Fault.drip(interval=0.02))
    with pytest.raises(TemporaryError, match=r"127\.0\.0\.1:\d+ did not finish its answer within 0\.1 s"):
        await client.account()
    assert server.count("user") == 4
    assert said.text.count("Retrying in") == 3


async def test_an_answer_without_end_is_cut_off(
    client: GitHubClient, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LARGEST_BODY", 200)
    with pytest.raises(TemporaryError, match="answer is larger than"):
        await client.account()


async def test_network_down(make_client: MakeClient, said: Said) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with pytest.raises(TemporaryError, match=rf"127\.0\.0\.1:{port} cannot be reached: check the network"):
            await make_client(f"http://127.0.0.1:{port}").account()
    assert said.text.count("Retrying in") == 3


async def test_host_not_found(make_client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*arguments: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    client = make_client("https://ghe.invalid/api/v3")
    with pytest.raises(
        TemporaryError, match=r"The host ghe\.invalid was not found: check the network and DEVTRAIL_GITHUB_URL"
    ):
        await client.account()


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (httpx.ConnectTimeout("x"), TemporaryError, "does not answer"),
        (httpx.ReadTimeout("x"), TemporaryError, "did not finish its answer"),
        (httpx.PoolTimeout("x"), TemporaryError, "did not finish its answer"),
        (httpx.ProxyError("407"), TemporaryError, "The proxy for"),
        (httpx.ReadError("x"), TemporaryError, "was lost during"),
        (httpx.DecodingError("x"), TemporaryError, "was lost during"),
    ],
)
async def test_every_failure_of_httpx_is_a_sentence(
    client: GitHubClient, monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[DevTrailError], sentence: str
) -> None:
    async def failing(*arguments: object) -> httpx.Response:
        raise error

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", failing)
    with pytest.raises(kind, match=sentence):
        await client.account()


async def test_a_certificate_nobody_trusts_is_not_tried_again(
    client: GitHubClient, monkeypatch: pytest.MonkeyPatch, clock: ManualClock
) -> None:
    async def failing(*arguments: object) -> httpx.Response:
        raise httpx.ConnectError("x") from ssl.SSLCertVerificationError("self-signed certificate")

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", failing)
    with pytest.raises(PermanentError, match=r"is not trusted: .* SSL_CERT_FILE"):
        await client.account()
    assert clock.slept == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    "place",
    ["https://evil.example/user", "//evil.example/user", "http://127.0.0.1:1/user", "https://evil.example@127.0.0.1/"],
)
async def test_the_token_follows_no_redirect_to_another_origin(
    client: GitHubClient, server: FaultyServer, monkeypatch: pytest.MonkeyPatch, status: int, place: str
) -> None:
    server.faults.always("user", Fault.status(status, {}, location=place))
    with pytest.raises(PermanentError, match="the token was not sent there"):
        await client.account()
    assert len(server.requests) == 1


async def test_a_redirect_within_the_origin_is_followed(client: GitHubClient, server: FaultyServer) -> None:
    server.faults.next("user", Fault.status(301, {}, location="/user"))
    assert (await client.account()).login == server.world.viewer.login
    server.faults.next("graphql", Fault.status(308, {}, location=f"{server.url}/graphql"))
    assert (await client.repository("acme/shop")).name == "acme/shop"


async def test_a_post_that_would_become_a_get_is_not(client: GitHubClient, server: FaultyServer) -> None:
    server.faults.next("graphql", Fault.status(302, {}, location="/graphql"))
    with pytest.raises(PermanentError, match="has moved its API"):
        await client.repository("acme/shop")


async def test_redirects_in_circles_end(client: GitHubClient, server: FaultyServer) -> None:
    server.faults.always("user", Fault.status(307, {}, location="/user"))
    with pytest.raises(PermanentError, match="has a redirect loop"):
        await client.account()
    assert server.count("user") == transport.MOST_REDIRECTS + 1


async def test_enterprise_paths(make_client: MakeClient, server: FaultyServer) -> None:
    client = make_client(server.url + "/api/v3")
    await client.account()
    await client.repository("acme/shop")
    assert [each.path for each in server.requests] == ["/api/v3/user", "/api/graphql"]


async def test_loopback_is_direct_whatever_the_environment_says(
    make_client: MakeClient, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    await make_client(server.url).account()


async def test_a_proxy_of_the_environment_is_used_for_other_hosts(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{closed.getsockname()[1]}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(TemporaryError, match=r"api\.github\.com cannot be reached"):
            await make_client("https://api.github.com").account()


async def test_the_token_is_in_no_log_no_error_and_no_repr(
    make_client: MakeClient, server: FaultyServer, said: Said, caplog: pytest.LogCaptureFixture
) -> None:
    for library in ("", "httpx", "httpcore"):  # whoever else runs in this process may have quieted them
        caplog.set_level(logging.DEBUG, logger=library or None)
    client = make_client(server.url)
    await client.account()
    server.faults.always("user", Fault.close())
    with pytest.raises(TemporaryError) as caught:
        await client.account()
    whole = caplog.text + said.text + repr(client) + repr(vars(client)) + "".join(map(str, chain(caught.value)))
    assert caplog.text
    assert GITHUB_TOKEN not in whole


def chain(error: BaseException | None) -> list[BaseException]:
    return [] if error is None else [error, *chain(error.__cause__)]
