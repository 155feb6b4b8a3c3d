"""What a person excluded by pattern; where it is in doubt, it fits."""

from __future__ import annotations

import pytest

from devtrail_tui.core.exclusions import Exclusions


@pytest.mark.parametrize(
    ("pattern", "name", "excluded"),
    [
        ("acme/secret", "acme/secret", True),
        ("acme/secret", "Acme/Secret", True),
        ("acme/secret-*", "acme/secret-plans", True),
        ("acme/*", "acme/shop", True),
        ("*/secret", "other/secret", True),
        ("acme/secret", "acme/secret-plans", False),
        ("acme/*", "acme2/shop", False),
    ],
)
def test_repositories(pattern: str, name: str, excluded: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert Exclusions(repositories=(pattern,)).repository(name) is excluded


@pytest.mark.parametrize(
    ("pattern", "path", "excluded"),
    [
        ("secrets.yml", "secrets.yml", True),
        ("secrets.yml", "deploy/prod/secrets.yml", True),
        ("*.pem", "keys/prod.PEM", True),
        ("legal/", "legal/a/b.md", True),
        ("legal", "legal/a/b.md", True),
        ("legal/**", "legal/a.md", True),
        ("**/legal/*", "legal/a.md", True),
        ("src/legal", "src/legal/a.md", True),
        ("/legal/", "legal/a.md", True),
        ("./legal/*", "legal/a.md", True),
        ("legal/", "src/legal.py", False),
        ("secrets.yml", "secrets.yml.example", False),
        ("src/*.py", "lib/a.py", False),
    ],
)
def test_paths(pattern: str, path: str, excluded: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert Exclusions(paths=(pattern,)).path(path) is excluded
