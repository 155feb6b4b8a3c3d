"""The team of the demo: an invented organisation, its engineers, its bots and its repositories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from devtrail_tui.demo.records import Person, RepositoryRecord

ROBIN = Person("robin-demo", "Robin Adeyemi-Larsen", 4_310_077)
TEAM: Sequence[Person] = (
    Person("mira-okafor", "Mira Okafor", 2_204_918),
    Person("tomasz-w", "Tomasz Wilk", 1_880_412),
    Person("jlindqvist", "Johan Lindqvist", 5_120_334),
    Person("priya-narayan", "Priya Narayan", 7_731_205),
    Person("hsato", "Hana Sato", 9_004_118),
    Person("dk-moreau", "Delphine Moreau", 3_391_772),
    Person("sofia-reyes", "Sofia Reyes", 6_015_590),
    Person("ben-achterberg", "Ben Achterberg", 8_442_061),
    Person("lena-vogt", "Lena Vogt", 10_237_845),
)
DEPENDABOT = Person("dependabot", "dependabot", 49_699_333, "Bot")
RELEASE_BOT = Person("acme-release", "acme-release", 60_118_240, "Bot")
IMPORTED = Person("old-svn-kwame", "old-svn-kwame", 71_900_014, "Mannequin")
ACME = Person("acme", "Acme", 1_337_042, "Organization")

BY_LOGIN: Mapping[str, Person] = {
    person.login: person for person in (ROBIN, *TEAM, DEPENDABOT, RELEASE_BOT, IMPORTED, ACME)
}
GHOST = "ghost"
"""The login in stories of a deleted account: its data has no author."""

REPOSITORIES: Sequence[RepositoryRecord] = (
    RepositoryRecord(ACME, "shop", 318_442_019, is_private=True),
    RepositoryRecord(ACME, "api", 274_900_351, is_private=True),
    RepositoryRecord(ACME, "web", 402_117_688, former_names=("acme/storefront",)),
    RepositoryRecord(ACME, "platform", 455_038_276, is_private=True),
)
BY_NAME: Mapping[str, RepositoryRecord] = {repository.name: repository for repository in REPOSITORIES}


def person(login: str) -> Person | None:
    """The person with this login; None for the ghost. Raises KeyError for an unknown login."""
    return None if login == GHOST else BY_LOGIN[login]
