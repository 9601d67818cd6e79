"""What a file proves: whether it was read whole, and whether it shows every account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from scimaudit.plural import count
from scimaudit.sources import NO_ENTITLEMENTS, Outcome, Scope, Walk, Witness


@dataclass(frozen=True)
class Statement:
    """What the one who exported a file says of it.

    :param when: the day of the export, or the day the file was true.
    """

    by: str
    when: date | datetime | None
    total: int | None
    hides: str
    shows_all: bool

    def __str__(self) -> str:
        who = self.by or "the configuration"
        return who + (f" on {self.when:%Y-%m-%d}" if self.when else "")


def walk(fills: str, received: int, parsed: int, said: Statement, doubt: str) -> Walk:
    """Whether every row of the file was received.

    Rejected rows do not change the verdict here: they are returned with the listing, and whoever judges it knows which
    of them somebody has acknowledged. The reason names their number.

    :param doubt: why the file itself says that it is not whole.
    """
    if said.total is not None and received != said.total:
        return Walk(
            "incomplete", f"{count(received, 'row stands', 'rows stand')} in the file, {said} declared {said.total}"
        )
    if doubt:
        return Walk("incomplete", doubt)
    if received == 0:
        return Walk("unprovable", "there is a header and no row")
    if parsed == 0:
        return Walk("incomplete", f"none of the {count(received, 'row')} could be read")
    tail = f"; {received - parsed} of them rejected" if received > parsed else ""
    if said.total is None:
        if fills == "people":
            return Walk(
                "complete", f"the file was read whole, {count(received, 'row')}; its total was not declared{tail}"
            )
        return Walk("unprovable", "no declared total")
    if fills == "accounts" and not (said.by and said.when):
        return Walk("unprovable", "declared_total stands without exported_by and exported_at")
    return Walk("complete", f"{count(received, 'row')}, as {said} declared{tail}")


def scope(walked: Walk, said: Statement) -> Scope:
    """Whether the file shows every account: only when the one who exported it says so and the total agrees."""
    if said.hides:
        return Scope("partial", f"the export does not show: {said.hides}")
    if not said.shows_all:
        return Scope("unknown", "nobody has said whether the export shows everything")
    if walked.state != "complete" or said.total is None:
        return Scope("unknown", "shows_all counts only with a declared_total that the rows equal")
    return Scope("all", f"{said} says that the export shows everything, and the rows equal the declared total")


def entitlements(walked: Walk, grants: dict[str, str]) -> Walk:
    """Whether the absence of a grant means anything.

    :param grants: grant column to the heading that supplied it.
    """
    if not grants:
        return NO_ENTITLEMENTS
    listed = ", ".join(f"{name} ({heading})" for name, heading in grants.items())
    return Walk(walked.state, f"listed with the rows: {listed}" + (f"; {walked.reason}" if walked.reason else ""))


def witness(received: int, said: Statement) -> Witness:
    """The declared total as a witness."""
    if said.total is None:
        return Witness("declared total", "not-available", "nobody declared one")
    outcome: Outcome = "passed" if said.total == received else "failed"
    return Witness("declared total", outcome, f"{said.total} declared by {said}, {received} received")
