"""Where a GitHub is, and where no token is sent."""

from __future__ import annotations

import pytest

from devtrail_tui.clients.github.endpoint import endpoint
from devtrail_tui.core.errors import UsageError


@pytest.mark.parametrize(
    ("url", "rest", "graphql", "web"),
    [
        ("https://api.github.com", "https://api.github.com", "https://api.github.com/graphql", "github.com"),
        ("https://API.github.com/", "https://api.github.com", "https://api.github.com/graphql", "github.com"),
        (
            "https://ghe.acme.example/api/v3",
            "https://ghe.acme.example/api/v3",
            "https://ghe.acme.example/api/graphql",
            "ghe.acme.example",
        ),
        (
            "https://ghe.acme.example:8443/api/v3/",
            "https://ghe.acme.example:8443/api/v3",
            "https://ghe.acme.example:8443/api/graphql",
            "ghe.acme.example",
        ),
        ("https://api.acme.ghe.com", "https://api.acme.ghe.com", "https://api.acme.ghe.com/graphql", "acme.ghe.com"),
        ("http://127.0.0.1:4711", "http://127.0.0.1:4711", "http://127.0.0.1:4711/graphql", "127.0.0.1"),
        (
            "http://127.0.0.1:4711/api/v3",
            "http://127.0.0.1:4711/api/v3",
            "http://127.0.0.1:4711/api/graphql",
            "127.0.0.1",
        ),
        ("http://[::1]:4711", "http://[::1]:4711", "http://[::1]:4711/graphql", "::1"),
        ("http://localhost:4711", "http://localhost:4711", "http://localhost:4711/graphql", "localhost"),
    ],
)
def test_addresses(url: str, rest: str, graphql: str, web: str) -> None:
    found = endpoint(url)
    assert (found.rest, found.graphql, found.web_host) == (rest, graphql, web)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.github.com",
        "http://ghe.acme.example/api/v3",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "https://robin:s3cret@api.github.com",
        "https://s3cret@api.github.com",
        "https://github.com",
        "https://ghe.acme.example",
        "https://ghe.acme.example/api/v3/user",
        "https://api.github.com/?token=s3cret",
        "https://api.github.com/#x",
        "https://[::1",
        "https://api.github.com:port",
        "https://api.git hub.com",
        "https://api.githu\u0432.com",
        "ftp://api.github.com",
        "api.github.com",
        "",
        "\x1b]0;x\x07",
    ],
)
def test_refused_with_what_to_do_and_without_the_secret(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        endpoint(url)
    message = str(caught.value)
    assert "s3cret" not in message
    assert "\x1b" not in message
    assert "https" in message or "remove it" in message
