"""W5: people of the roster without a listed account are asked for by ``userName eq``, leavers first.

A hit is a hole in the listing, and its account is taken in and judged. A miss proves nothing unless the same filter is
seen to find an account that is known to exist, and to find nothing for a name that nobody has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa

from scimaudit.errors import SourceError
from scimaudit.sources.scim.endpoint import Endpoint
from scimaudit.sources.scim.evidence import Refused
from scimaudit.sources.scim.gather import Gather
from scimaudit.sources.scim.profile import Profile
from scimaudit.sources.scim.roster import Rows, Unlisted, roster
from scimaudit.sources.scim.verdict import Proof
from scimaudit.sources.scim.witnesses import Budget, same_name

_NOBODY: Final = "scimaudit-no-such-account"
_NAMED: Final = 2
_NO_ROWS: Final[Rows] = np.array([], dtype=np.int64)
_MISSES: Final[Mapping[str, frozenset[int]]] = {"404": frozenset({404}), "400": frozenset({400})}


class RosterProbe:
    """Asks for people one by one; call :meth:`ask_leavers`, then :meth:`ask_others`, then :meth:`proof`.

    :param listed: the accounts that need no probe; any other that is found is a hole.
    :param people: the merged rosters; None where there are none.
    :param window: the paging parameters to send along; some servers answer nothing without them.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        profile: Profile,
        gather: Gather,
        listed: Mapping[str, None],
        people: pa.Table | None,
        budget: Budget,
        window: Mapping[str, str],
    ) -> None:
        self._reader = endpoint
        self._profile = profile
        self._gather = gather
        self._budget = budget
        self._window = window
        self._listed = listed
        self._trouble = self._unusable(people)
        self._holes: list[str] = []
        self._asked = 0
        self._unasked = {"leavers": 0, "others": 0}
        self._missing = Unlisted(_NO_ROWS, _NO_ROWS, 0)
        self._as_mail = False
        self._calibrated = False
        if people is not None and not self._trouble:
            self._roster = roster(people)
            self._missing = self._roster.unlisted(gather.keys())
            self._as_mail = gather.named_by_mail()

    def ask_leavers(self) -> None:
        """Ask for everybody who has left."""
        self._ask(self._missing.leavers, "leavers")

    def ask_others(self) -> None:
        """Ask for everybody else."""
        self._ask(self._missing.others, "others")

    def proof(self) -> Proof:
        """What the answers are worth."""
        if self._holes:
            shown = ", ".join(self._holes[:_NAMED]) + (", …" if len(self._holes) > _NAMED else "")
            return Proof("W5", "failed", f"{len(self._holes)} people have an account that was not listed: {shown}")
        if self._trouble:
            return Proof("W5", "not-available", self._trouble)
        unnamed = self._missing.nameless
        nameless = f"; {unnamed} people have no name to ask for" if unnamed else ""
        if not len(self._missing.leavers) and not len(self._missing.others):
            if unnamed:
                return Proof(
                    "W5", "not-available", f"{unnamed} people without a listed account have no name to ask for"
                )
            return Proof("W5", "passed", "every person of the roster has a listed account")
        unasked = self._unasked
        rest = f"; not asked: {unasked['leavers']} leavers, {unasked['others']} others" if any(unasked.values()) else ""
        detail = f"{self._asked} people without a listed account were asked for, none has one{rest}{nameless}"
        if unasked["leavers"] or not self._asked:
            return Proof("W5", "not-available", detail)
        return Proof("W5", "passed", detail)

    def _unusable(self, people: pa.Table | None) -> str:
        if people is None or not people.num_rows:
            return "there is no roster"
        if not self._listed:
            return "no account is listed, so the filter cannot be calibrated"
        if self._profile.filter_miss == "unreliable":
            return "the profile says that filters miss silently"
        return ""

    def _ask(self, people: Rows, whom: str) -> None:
        # Names are looked up one by one: a roster of a hundred thousand is met by every app, the budget asks for a few.
        for place, row in enumerate(people):
            if not self._trouble and not self._calibrated:
                self._trouble = self._calibrate()
                self._calibrated = True
            if self._trouble or not self._budget.take():
                self._unasked[whom] += len(people) - place
                return
            name = self._roster.name(int(row), as_mail=self._as_mail)
            answer = self._find(name)
            if answer is None:
                self._trouble = "the filter stopped to answer"
                self._unasked[whom] += len(people) - place
                return
            self._asked += 1
            if any(identifier not in self._listed for identifier in answer):
                self._holes.append(name)

    def _calibrate(self) -> str:
        """Why the filter cannot be trusted; empty text when it can."""
        known = self._gather.a_named_account()
        if known is None:
            return "no listed account has a userName to calibrate the filter with"
        if not (self._budget.take() and self._budget.take()):
            return "the probe budget ended before the filter was calibrated"
        if self._find(known[0]) != [known[1]]:
            return "userName eq does not find an account that is known to exist"
        if self._find(_NOBODY) != []:
            return "userName eq finds something for a name nobody has"
        return ""

    def _find(self, name: str) -> list[str] | None:
        """Ids of the accounts of that name; None when the answer cannot be read as one."""
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        try:
            page = self._reader.page({**self._window, "filter": f'userName eq "{quoted}"'}, whole=True)
        except Refused as error:
            return [] if error.status in _MISSES.get(self._profile.filter_miss, frozenset({404})) else None
        except SourceError:
            return None
        if (page.total and not page.ids) or None in page.ids:
            return None
        if not all(same_name(found, name) for found in page.users.user_name):
            return None
        return [identifier for identifier in page.ids if identifier is not None]
