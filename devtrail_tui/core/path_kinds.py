"""Tells what kind of file a path is: code, test, docs, ci, build, site, settings, dependencies, generated or vendored.

Only the path is known. Names that build tools, package managers and generators prescribe decide; a folder such as `build`, `gen`,
`out` or `target` makes its files generated only if they look so, because people keep source there too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


TEST_FOLDERS = words(
    "test tests __tests__ spec specs __mocks__ __snapshots__ fixtures e2e cypress testdata testing-fixtures testfixtures"
)
_TEST_SOURCES = re.compile(r"^(?:\w+[tT]est|test\w*|Tests)$")
"""Test source sets below `src` (Gradle, Xcode): `dockerTest`, `testFixtures`, `androidTest`."""
_TEST_FILE = re.compile(
    r"(^test_|_test\.|_spec\.|\.(test|spec|stories|cy|e2e)\.|Tests?\.(java|kt|cs|swift|scala|php)$|^conftest\.py$)"
)
_VENDORED_FOLDERS = words("node_modules third_party bower_components .yarn")
_OWN_FOLDERS = words("internal src app lib pkg core domain modules")
"""A `vendor` below one of these is about vendors, not a copy of their code."""
_GENERATED_FOLDERS = words("dist generated __generated__ .next")
_OUTPUT = re.compile(
    r"(^|/)(build/(generated|outputs|intermediates|tmp)|target/(classes|debug|release|generated[^/]*)|out/production)/"
)
_GENERATED = re.compile(
    r"\.min\.(js|css)$|\.(pb|g|gen|generated)\.[a-z]+$|_pb2(_grpc)?\.pyi?$|\.snap$|\.map$|(^|_)generated\.[a-z]+$|\.designer\.cs$"
    r"|^zz_generated",
    re.IGNORECASE,
)
_DOC_FOLDERS = words("docs doc documentation")
_DOC_SUFFIXES = (".md", ".mdx", ".markdown", ".rst", ".adoc")
_DOC_FILE = re.compile(
    r"^(readme|license|licence|copying|notice|authors|contributors|contributing|changelog|changes|history|news|todo|thanks)\b",
    re.IGNORECASE,
)
_CI_FOLDERS = words(".github .circleci .buildkite .gitlab .ci .azure-pipelines .husky")
_CI_FILES = words(
    "jenkinsfile .gitlab-ci.yml .travis.yml azure-pipelines.yml bitbucket-pipelines.yml .pre-commit-config.yaml appveyor.yml"
)
_BUILD = re.compile(r"^cmakelists\.txt$|\.cmake$|^meson\.build$|^configure(\.ac)?$", re.IGNORECASE)
_SITE_FILES = words("robots.txt humans.txt security.txt sitemap.xml favicon.ico")
_SETTINGS_SUFFIXES = words("json toml yaml yml ini cfg conf properties props targets")
_SETTINGS = re.compile(
    r"\.config\.[cm]?[jt]s$|\.([a-z]+proj|sln|slnx|dotsettings|props|targets|gradle|gradle\.kts|sbt|pbxproj|xcconfig|xcscheme"
    r"|xcworkspacedata|plist|entitlements|podspec|gemspec|tfvars|bzl|bazelrc|nuspec)$"
    r"|^(dockerfile|makefile|gemfile|rakefile|procfile|podfile|cartfile|brewfile|justfile|workspace|build|codeowners)$"
    r"|^(build|workspace|module)\.bazel$|^(pom|nuget|nuget\.config)\.(xml|config)$|^go\.(mod|work)$|^package(@swift-[\d.]+)?\.swift$"
    r"|^(versions|providers|backend|terraform)\.tf$|^(setup|noxfile)\.py$|^mix\.exs$|^(gradle|local)\.properties$"
    r"|^(package|composer|deno|angular|nx|turbo|lerna|global|tsconfig[\w.-]*)\.json$|^(cargo|pyproject)\.toml$",
    re.IGNORECASE,
)
_DEPENDENCIES = re.compile(
    r"^(package-lock|npm-shrinkwrap|packages\.lock)\.json$|^pnpm-lock\.yaml$|^bun\.lockb?$|\.lock$|^go\.sum$|\.lockfile$"
    r"|^\.terraform\.lock\.hcl$|^(package|cartfile)\.resolved$|^maven_install\.json$|^directory\.packages\.props$|^packages\.config$|^[\w.-]*versions\.toml$"
    r"|^requirements[\w.-]*\.(txt|in)$|^constraints[\w.-]*\.txt$|classpath\.txt$|^verification-metadata\.xml$"
    r"|^gradle-wrapper\.(jar|properties)$|^dependabot\.yml$|^renovate\.json5?$|^dependencies\.(gradle|gradle\.kts|toml|yaml|yml)$",
    re.IGNORECASE,
)


def kind_of(parts: Sequence[str]) -> str:
    """The kind of the file with these path segments. Pure."""
    name = parts[-1]
    lower_folders = [segment.lower() for segment in parts[:-1]]
    if _DEPENDENCIES.search(name) or (name.lower().endswith(".txt") and "dependencies" in lower_folders):
        return "dependencies"
    if _SETTINGS.search(name) or any(folder.endswith((".xcodeproj", ".xcworkspace")) for folder in lower_folders):
        return "settings"
    if _is_vendored(lower_folders):
        return "vendored"
    if set(lower_folders) & _GENERATED_FOLDERS or _OUTPUT.search("/".join(parts)) or _GENERATED.search(name):
        return "generated"
    return _kind_by_meaning(parts, name.lower(), lower_folders)


def _kind_by_meaning(parts: Sequence[str], lower: str, lower_folders: Sequence[str]) -> str:
    if (lower_folders and lower_folders[0] in _CI_FOLDERS) or lower in _CI_FILES:
        return "ci"
    if _BUILD.search(lower):
        return "build"
    if lower in _SITE_FILES:
        return "site"
    if lower.endswith(_DOC_SUFFIXES) or _DOC_FILE.search(lower) or (lower_folders and lower_folders[0] in _DOC_FOLDERS):
        return "docs"
    if is_test(parts):
        return "test"
    is_settings = lower.startswith(".") or (len(parts) <= 3 and lower.rpartition(".")[2] in _SETTINGS_SUFFIXES)
    return "settings" if is_settings else "code"


def _is_vendored(lower_folders: Sequence[str]) -> bool:
    if not _VENDORED_FOLDERS.isdisjoint(lower_folders):
        return True
    if "vendor" not in lower_folders:
        return False
    place = lower_folders.index("vendor")
    below = lower_folders[place + 1 : place + 2]
    return place == 0 or lower_folders[place - 1] not in _OWN_FOLDERS or any("." in folder for folder in below)


def is_test(parts: Sequence[str]) -> bool:
    """Whether a file tests, or belongs to tests."""
    folders = parts[:-1]
    if any(folder.lower() in TEST_FOLDERS for folder in folders) or _TEST_FILE.search(parts[-1]):
        return True
    return any(before == "src" and _TEST_SOURCES.match(after) for before, after in pairwise(folders))


def without_test_folders(parts: Sequence[str]) -> list[str]:
    """The path of the code under test: `tests/api/test_orders.py` mirrors `api/orders.py`."""
    folders: list[str] = []
    before = ""
    for folder in parts[:-1]:
        in_tests = folder.lower() in TEST_FOLDERS or (before == "src" and _TEST_SOURCES.match(folder))
        if not in_tests and not (folder == "cases" and before.lower() in TEST_FOLDERS):
            folders.append(folder)
        before = folder
    return [*folders, parts[-1]] if folders else list(parts)
