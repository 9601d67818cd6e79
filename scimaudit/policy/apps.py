"""The apps that policy lines name: a line for one that is misspelt would silently decide nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from scimaudit.errors import PolicyError

if TYPE_CHECKING:
    from scimaudit.policy import Policy


def check(policy: Policy, apps: Collection[str]) -> None:
    """Whether every line names an app that there is.

    :raises PolicyError: one does not; names its file and line.
    """
    known([(rule.place, rule.what.app) for rule in policy.rules], apps)
    known([(pair.place, side.app) for pair in policy.conflicts for side in (pair.left, pair.right)], apps)
    known([(line.place, line.app) for line in policy.nhi], apps)
    known([(line.place, line.app) for line in policy.approvals], apps)
    known([(line.place, line.app) for line in policy.links], apps)
    known([(line.place, line.app) for line in policy.catalogue], apps)
    known([(line.place, line.app) for line in policy.prices], apps)
    known([(waiver.place, waiver.app) for waiver in policy.exceptions if waiver.app], apps)


def known(named: Iterable[tuple[str, str]], apps: Collection[str]) -> None:
    """The same for some lines.

    :param named: place of each line, and the app that it names.
    :raises PolicyError: as :func:`check`.
    """
    there = set(apps)
    for place, app in named:
        if app not in there:
            raise PolicyError(
                f"{place or 'the policy'} names the app {app!r}", hint="known apps: " + ", ".join(sorted(there))
            )
