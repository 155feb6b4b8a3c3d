"""Names the components of a product that a pull request changed, from the paths of its files.

Names read like `components/Cart`, `controllers/orders`, `tokio: fs`. A path is named by core/component_names.py; how many levels
of it are used is decided by the repository's layout (core/repository_layout.py) where it is known. Tests count for the code
beside them or the code they mirror. Documentation, CI, dependencies, build, generated and vendored files are named as such.
Settings files count for their package, otherwise as `settings`.

How names are ranked: every file is one vote. A vote weighs 1000 for an area, 700 for a vague area, 400 for plain folders;
divided by 1 + 1/4 per folder between source root and area, because structure near the root is more significant; multiplied by
the kind of file: 1 for code, 3/10 for tests, 1/5 for documentation, 3/20 for CI and settings, 1/50 for lock files, generated and
vendored files. The result is the ten names with the highest sums; ties are ordered by name. All weights are integers, so the
order of the files does not matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from devtrail_tui.core.component_names import component_path, package_of
from devtrail_tui.core.evidence import ChangedFile
from devtrail_tui.core.path_kinds import kind_of
from devtrail_tui.core.repository_layout import RepositoryLayout

MOST_COMPONENTS = 10
_FILE_WEIGHTS = {  # in hundredths of a vote
    "code": 100,
    "test": 30,
    "docs": 20,
    "ci": 15,
    "build": 15,
    "site": 15,
    "settings": 15,
    "dependencies": 2,
    "generated": 2,
    "vendored": 2,
}
_OWN_NAME = frozenset(_FILE_WEIGHTS) - {"code", "test", "settings"}


def components(files: Sequence[ChangedFile], layout: RepositoryLayout | None = None) -> tuple[str, ...]:
    """At most ten names, strongest first; empty if no path yields a name. The order of `files` does not matter."""
    votes: Counter[str] = Counter()
    for path in {file.path for file in files}:
        name, weight = _vote(path, layout)
        if name:
            votes[name] += weight
    return tuple(sorted(votes, key=lambda name: (-votes[name], name))[:MOST_COMPONENTS])


def _vote(path: str, layout: RepositoryLayout | None) -> tuple[str, int]:
    segments = [segment for segment in path.split("/") if segment not in ("", ".", "..")]
    if not segments:
        return "", 0
    kind = kind_of(segments)
    weight = _FILE_WEIGHTS[kind]
    if kind in _OWN_NAME:
        return kind, 4 * weight
    if kind == "settings":
        package, inner = package_of(segments)
        return (package if package and len(inner) == 1 else kind), 4 * weight
    component = component_path(segments)
    name = layout.name(component, is_test=kind == "test") if layout else component.name()
    return name, max(1, component.worth * 4 * weight // (100 * (4 + component.depth)))
