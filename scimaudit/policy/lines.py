"""Lines of policy files, and what may be wrong with one that could be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scimaudit.policy import Policy
    from scimaudit.policy.approvals import Approval
    from scimaudit.policy.catalogue import Described
    from scimaudit.policy.dispositions import Disposition
    from scimaudit.policy.entitlements import EntitlementRule
    from scimaudit.policy.links import Link
    from scimaudit.policy.nhi import NonHuman
    from scimaudit.policy.sod import Conflict


@dataclass(frozen=True)
class Line:
    """One line, or one table.

    :param app: the app that it speaks of; empty where it speaks of none, or of two.
    :param name: what tells it from the others of its file.
    """

    file: str
    app: str
    name: str
    place: str = field(default="", compare=False)

    @property
    def where(self) -> str:
        """File and line."""
        return self.place or self.file


@dataclass(frozen=True)
class Remark:
    """What one check says of one line: a defect, or why it cannot be judged.

    :param check: the check, such as ``unreachable``.
    :param unknown: why the line cannot be judged; empty for a defect.
    :param severity: where it is not that of the kind.
    """

    line: Line
    check: str
    expected: str = ""
    actual: str = ""
    unknown: str = ""
    severity: str = ""


def of_rule(rule: EntitlementRule) -> Line:
    """A rule of ``entitlements.toml``."""
    return Line("entitlements.toml", rule.what.app, rule.name, rule.place)


def of_pair(pair: Conflict) -> Line:
    """A pair of ``sod.toml``."""
    return Line("sod.toml", pair.left.app if pair.left.app == pair.right.app else "", pair.name, pair.place)


def of_account(line: NonHuman) -> Line:
    """A line of ``nhi.csv``."""
    return Line("nhi.csv", line.app, line.account, line.place)


def of_approval(line: Approval) -> Line:
    """A line of ``approvals.csv``."""
    return Line("approvals.csv", line.app, f"{line.account} / {line.value}", line.place)


def of_disposition(line: Disposition) -> Line:
    """A line of ``dispositions.csv``."""
    return Line("dispositions.csv", "", line.finding_id, line.place)


def of_link(line: Link) -> Line:
    """A line of ``links.csv``."""
    name = f"{line.account_id} {line.relation} {line.person_id} from {line.decided_on}"
    return Line("links.csv", line.app, name, line.place)


def of_described(line: Described) -> Line:
    """A line of ``catalogue.csv``."""
    return Line("catalogue.csv", line.app, f"{line.attribute or 'any'} / {line.value}", line.place)


def of_policy(policy: Policy) -> Iterator[Line]:
    """Every line that is judged here; exceptions have kinds of their own."""
    yield from map(of_rule, policy.rules)
    yield from map(of_pair, policy.conflicts)
    yield from map(of_account, policy.nhi)
    yield from map(of_approval, policy.approvals)
    yield from map(of_disposition, policy.dispositions)
    yield from map(of_link, policy.links)
    yield from map(of_described, policy.catalogue)
