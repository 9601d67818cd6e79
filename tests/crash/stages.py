"""A company just before a command that writes, and what the command leaves when nothing happens to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from scimaudit import archive
from scimaudit.evidence import STATEMENT, SUMS
from scimaudit.review.campaign import find
from scimaudit.review.packets import packets
from tests.crash.company import Company
from tests.crash.traced import Point, traced
from tests.crash.warm import Done, Warm, arguments
from tests.year.conftest import fill

COMMANDS: Final = ("pull", "pull begun", "audit", "report", "seal", "review import")
"""``pull begun`` goes on with one that was interrupted, so that the names of its files are known before."""
_STEPS: Final = {"pull": (), "audit": ("pull",), "report": ("pull", "audit"), "seal": ("pull", "audit")}


def collected(company: Company) -> Mapping[str, Any]:
    return {"snapshots": len(company.snapshots()), **company.collected()}


def judged(company: Company) -> Mapping[str, Any]:
    return {"of": archive.latest(company.store).path.name, **company.judged()}


def reported(company: Company) -> Mapping[str, Any]:
    folder = archive.latest(company.store).path / "reports"
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def sealed(company: Company) -> Mapping[str, Any]:
    last = company.bundles[-1]
    files = {path.relative_to(last).as_posix(): path.read_bytes() for path in last.rglob("*") if path.is_file()}
    return {"bundles": [each.name for each in company.bundles], **files, STATEMENT: "", SUMS: ""}


def reviewed(company: Company) -> Mapping[str, Any]:
    standing = find(company.store, None).standing()
    return {name: (each.decision, each.reviewer, each.batch, each.packet) for name, each in standing.items()}


_LEAVES: Final[Mapping[str, Callable[[Company], Mapping[str, Any]]]] = {
    "pull": collected, "pull begun": collected, "audit": judged, "report": reported, "seal": sealed, "review import": reviewed,
}  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """Before a command.

    :param before: the company; nobody changes it. ``place``: where it is copied to, so that paths stay the same.
    :param code: how the command ends undisturbed. ``leaves``: what it leaves then.
    """

    command: str
    more: tuple[str, ...]
    before: Company
    place: Path
    code: int
    leaves: Mapping[str, Any]
    kept: Mapping[str, str]

    def fresh(self) -> Company:
        return self.before.copy(self.place)

    def arguments(self, company: Company) -> list[str]:
        return list(arguments(self.command.removesuffix(" begun"), company.folder, *self.more))

    def points(self, warm: Warm, log: Path) -> list[Point]:
        """Every call of the command that leaves something on disk; one that it comes to is named in the same way again."""
        played = traced(warm, self.arguments(self.fresh()), log)
        assert played.done.code == self.code, played.done.complained
        return played.points(by_path=self.command == "pull begun")

    def whole(self, company: Company) -> bool:
        """Whether the command has left there what it leaves undisturbed."""
        return _LEAVES[self.command](company) == self.leaves


def stage(command: str, company: Company, warm: Warm, folder: Path) -> Stage:
    """Bring a copy of the company to where the command is next, and play the command once, undisturbed."""
    before = company.copy(folder / "before")
    more: tuple[str, ...] = ()
    for step in _STEPS.get(command, ()):
        _good(warm.run(*arguments(step, before.folder)))
    if command == "pull begun":
        roster = before.folder / "hr.csv"
        away = roster.rename(before.folder / "away.csv")
        assert warm.run(*arguments("pull", before.folder)).code == 3
        away.rename(roster)
    if command == "review import":
        _good(warm.run(*arguments("review open Quarter", before.folder, "--id", "q4", "--app", "fin")))
        packet = packets(find(before.store, "q4"))[0]
        path = fill(packet, folder, {item.item_id: "certify" for item in packet.items})
        more = (str(path),)
    stage = Stage(command, more, before, folder / "copy", 0, {}, before.kept())
    played = stage.fresh()
    done = warm.run(*stage.arguments(played))
    _good(done)
    return replace(stage, code=done.code, leaves=_LEAVES[command](played))


def _good(done: Done) -> None:
    assert done.code in (0, 1), done.complained
