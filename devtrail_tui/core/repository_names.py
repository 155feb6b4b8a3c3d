"""Repository names as people type and paste them: owner/name, owner/* for all of an owner, or an address of the repository.

By GitHub's rules an owner has up to 39 letters, digits and hyphens; the users of an enterprise have an underscore besides
(octocat_acme).
"""

from __future__ import annotations

import re
from typing import Any

from devtrail_tui.core.text import safe_line

ALL = "*"
_OWNER = r"[A-Za-z0-9][A-Za-z0-9_-]{0,38}"
_REPOSITORY = re.compile(rf"{_OWNER}/(?:[A-Za-z0-9._-]{{1,100}}|\*)")
_ADDRESS = re.compile(
    r"(?:[a-z+]+://(?:[^/@\s]*@)?(?P<host>[^/\s]+)/|[^/@:\s]+@(?P<ssh_host>[^/:\s]+):/?|(?P<bare_host>[\w-]+(?:\.[\w-]+)+)/(?=[^/]+/.))"
    r"(?:api/v3/)?(?:repos/)?(?P<path>[^?#\s]*)\S*",
    re.IGNORECASE,
)
_NO_OWNER = re.compile(
    r"account|apps|collections|dashboard|enterprises|explore|features|issues|login|marketplace|notifications|organizations|orgs"
    r"|pulls|search|settings|sponsors|stars|topics|trending|users",
    re.IGNORECASE,
)
"""First parts of GitHub's own pages."""
_OTHER_SITES = ("gitlab.com", "bitbucket.org", "codeberg.org", "dev.azure.com", "gist.github.com")


def repository_name(text: Any) -> str:
    """One repository's owner/name, out of a name or an address. Raises ValueError with a sentence for anything else."""
    if not isinstance(text, str):
        raise ValueError("A repository is text such as acme/shop.")
    name, shown_text = text.strip(), safe_line(text, limit=60)
    if address := _ADDRESS.fullmatch(name):
        name = _addressed(address)
    if re.fullmatch(r"[A-Za-z0-9._-]+", name):
        raise ValueError(f"“{shown_text}” lacks its owner; write owner/{shown_text}.")
    if not _REPOSITORY.fullmatch(name) or name.rsplit("/", 1)[1] in (".", ".."):
        raise ValueError(f"“{shown_text}” is not a repository; write owner/name, such as acme/shop.")
    return name


def _addressed(address: re.Match[str]) -> str:
    """The owner/name in an address; "" for another page, or another site."""
    host = (address["host"] or address["ssh_host"] or address["bare_host"]).lower()
    owner, *names = address["path"].split("/")
    if host.endswith(_OTHER_SITES) or _NO_OWNER.fullmatch(owner) or not names:
        return ""
    return f"{owner}/{names[0].removesuffix('.git')}"
