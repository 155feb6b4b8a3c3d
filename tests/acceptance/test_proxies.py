"""Proxies from the environment: loopback is direct, what cannot be used is named, and doctor says what is used."""

from __future__ import annotations

import json
import subprocess

import pytest

from devtrail_tui.core.proxies import Proxy, proxy_for
from tests.doubles.server import FaultyServer
from tests.house.program import PROGRAM

CLOSED = "http://127.0.0.1:9"
ENVIRONMENTS = (
    {"HTTP_PROXY": CLOSED, "HTTPS_PROXY": CLOSED},
    {"ALL_PROXY": "socks5://127.0.0.1:9"},
    {"ALL_PROXY": "gopher://nowhere"},
    {"HTTPS_PROXY": "http://proxy:port", "NO_PROXY": "localhost,::1"},
    {"https_proxy": "://", "no_proxy": "*"},
)


def run(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *arguments], env=environ, capture_output=True, text=True, check=False, timeout=90)


@pytest.mark.parametrize("proxies", ENVIRONMENTS, ids=str)
def test_loopback_is_direct_behind_any_proxy(
    proxies: dict[str, str], environ: dict[str, str], server: FaultyServer
) -> None:
    done = run({**environ, **proxies}, "sync", "acme/web", "--max-pull-requests", "1", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["result"]["matched"] + json.loads(done.stdout)["result"]["withoutMatch"] == 1
    assert server.count("messages") == 1


@pytest.mark.parametrize("proxies", [ENVIRONMENTS[0], ENVIRONMENTS[2]], ids=str)
def test_the_demo_runs_behind_any_proxy(proxies: dict[str, str], environ: dict[str, str]) -> None:
    done = run({**environ, **proxies}, "demo", "--headless", "--fast")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("proxies", "words"),
    [
        (
            {"ALL_PROXY": "gopher://nowhere"},
            "ALL_PROXY names no usable proxy (“gopher://nowhere”); write http://HOST:PORT",
        ),
        ({"HTTPS_PROXY": "http://me:secret@proxy:port"}, "HTTPS_PROXY names no usable proxy (“proxy:port”)"),
        ({"https_proxy": "http://"}, "https_proxy names no usable proxy"),
        ({"ALL_PROXY": "socks5://localhost:1080"}, "ALL_PROXY names a SOCKS proxy"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named(proxies: dict[str, str], words: str, environ: dict[str, str]) -> None:
    far = {**environ, "DEVTRAIL_GITHUB_URL": "https://ghe.example.com/api/v3", **proxies}
    done = run(far, "sync", "acme/web", "--no-analyse")
    assert done.returncode == 1
    assert words in done.stdout
    assert "secret" not in done.stdout + done.stderr
    assert words in run(far, "doctor", "--offline").stdout


def test_doctor_says_what_is_used(environ: dict[str, str]) -> None:
    far = {
        **environ,
        "DEVTRAIL_GITHUB_URL": "https://ghe.example.com/api/v3",
        "HTTPS_PROXY": "http://me:word@proxy:3128",
    }
    said = run(far, "doctor", "--offline").stdout
    assert "GitHub through proxy:3128 (HTTPS_PROXY)" in said
    assert "word@" not in said


@pytest.mark.parametrize(
    ("url", "environ", "host"),
    [
        ("https://api.github.com", {"HTTPS_PROXY": "proxy:3128"}, "proxy:3128"),
        ("https://api.github.com", {"ALL_PROXY": "http://proxy:1"}, "proxy:1"),
        ("https://api.github.com", {"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "example.com, .github.com"}, None),
        ("https://api.github.com", {"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "hub.com"}, "proxy:1"),
        ("https://api.github.com", {"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "*"}, None),
        ("https://[::1]:8080", {"HTTPS_PROXY": "http://proxy:1"}, None),
        ("https://[2001:db8::1]", {"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "localhost,2001:db8::1"}, None),
        ("http://gateway.corp", {"HTTP_PROXY": "http://proxy:1", "ALL_PROXY": "http://proxy:1"}, None),
        ("https://api.github.com", {}, None),
    ],
)
def test_the_rule(url: str, environ: dict[str, str], host: str | None) -> None:
    proxy = proxy_for(url, environ)
    assert (proxy.host if isinstance(proxy, Proxy) else None) == host
