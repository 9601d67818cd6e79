"""What a bundle is made from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scimaudit.archive import Stored
from scimaudit.config import Config
from scimaudit.snapshot.store import Snapshot


@dataclass(frozen=True)
class Parts:
    """What is to be sealed.

    :param stored: the audit; ``snapshot`` is what it judged, ``earlier`` the snapshots it looked back at.
    :param former: the audit that its trail goes on from.
    :param reports: reports of this audit that are written already; the formats missing are written anew.
    """

    stored: Stored
    snapshot: Snapshot
    config: Config
    earlier: tuple[Snapshot, ...] = ()
    former: Stored | None = None
    reports: tuple[Path, ...] = ()

    @property
    def known(self) -> tuple[Snapshot, ...]:
        """The snapshots that are sealed with it: those looked back at, and the one that the audit before judged."""
        found = {each.id: each for each in self.earlier}
        if self.former is not None and self.former.snapshot not in found:
            found[self.former.snapshot] = Snapshot(self.snapshot.path.parent / self.former.snapshot)
        return tuple(found[name] for name in sorted(found))
