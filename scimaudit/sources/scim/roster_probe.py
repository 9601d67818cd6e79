"""W5: people of the roster without a listed account are asked for by ``userName eq``, leavers first.

A hit is a hole in the listing, and its account is taken in and judged. A miss proves nothing unless the same filter is
seen to find an account that is known to exist, and to find nothing for a name that nobody has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scimaudit.errors import SourceError
from scimaudit.sources.scim.endpoint import Endpoint
from scimaudit.sources.scim.evidence import Refused
from scimaudit.sources.scim.gather import Gather
from scimaudit.sources.scim.profile import Profile
from scimaudit.sources.scim.verdict import Proof
from scimaudit.sources.scim.witnesses import Budget, same_name

_NOBODY: Final = "scimaudit-no-such-account"
_NAMED: Final = 2
_MISSES: Final[Mapping[str, frozenset[int]]] = {"404": frozenset({404}), "400": frozenset({400})}


class RosterProbe:
    """Asks for people one by one; call :meth:`ask_leavers`, then :meth:`ask_others`, then :meth:`proof`.

    :param people: the merged rosters; None where there are none.
    :param window: the paging parameters to send along; some servers answer nothing without them.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        profile: Profile,
        gather: Gather,
        people: pa.Table | None,
        budget: Budget,
        window: Mapping[str, str],
    ) -> None:
        self._reader = endpoint
        self._profile = profile
        self._gather = gather
        self._budget = budget
        self._window = window
        self._listed = dict(gather.ids)
        self._trouble = self._unusable(people)
        self._holes: list[str] = []
        self._asked = 0
        self._unnamed = 0
        self._unasked = {"leavers": 0, "others": 0}
        self._leavers = self._others = pa.chunked_array([], pa.string())
        self._calibrated = False
        if people is not None and not self._trouble:
            self._leavers, self._others, self._unnamed = _unlisted(people, gather)

    def ask_leavers(self) -> None:
        """Ask for everybody who has left."""
        self._ask(self._leavers, "leavers")

    def ask_others(self) -> None:
        """Ask for everybody else."""
        self._ask(self._others, "others")

    def proof(self) -> Proof:
        """What the answers are worth."""
        if self._holes:
            shown = ", ".join(self._holes[:_NAMED]) + (", …" if len(self._holes) > _NAMED else "")
            return Proof("W5", "failed", f"{len(self._holes)} people have an account that was not listed: {shown}")
        if self._trouble:
            return Proof("W5", "not-available", self._trouble)
        nameless = f"; {self._unnamed} people have no name to ask for" if self._unnamed else ""
        if not len(self._leavers) and not len(self._others):
            if self._unnamed:
                return Proof(
                    "W5", "not-available", f"{self._unnamed} people without a listed account have no name to ask for"
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

    def _ask(self, names: pa.ChunkedArray, whom: str) -> None:
        # The names stay in Arrow: a roster of a hundred thousand is met by every app, and the budget asks for a few.
        for place, name in enumerate(map(str, names)):
            if not self._trouble and not self._calibrated:
                self._trouble = self._calibrate()
                self._calibrated = True
            if self._trouble or not self._budget.take():
                self._unasked[whom] += len(names) - place
                return
            answer = self._find(name)
            if answer is None:
                self._trouble = "the filter stopped to answer"
                self._unasked[whom] += len(names) - place
                return
            self._asked += 1
            if any(identifier not in self._listed for identifier in answer):
                self._holes.append(name)

    def _calibrate(self) -> str:
        """Why the filter cannot be trusted; empty text when it can."""
        known = next(
            (
                (name, identifier)
                for name, identifier in zip(
                    self._gather.column("user_name"), self._gather.column("account_id"), strict=True
                )
                if name and identifier
            ),
            None,
        )
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
            page = self._reader.page({**self._window, "filter": f'userName eq "{quoted}"'})
        except Refused as error:
            return [] if error.status in _MISSES.get(self._profile.filter_miss, frozenset({404})) else None
        except SourceError:
            return None
        if page.total and not page.ids:
            return None
        if not all(same_name(found, name) for found in page.users.user_name):
            return None
        return [identifier for identifier in page.ids if identifier is not None]


def _unlisted(people: pa.Table, gather: Gather) -> tuple[pa.ChunkedArray, pa.ChunkedArray, int]:
    """The names to ask for: of leavers, of others; and how many people have none."""
    accounts = gather.accounts
    known = pc.unique(
        pa.concat_arrays(
            [
                *_chunks(accounts["user_name_key"]),
                *(chunk.flatten() for chunk in accounts["email_keys"].chunks),
            ]
        )
    )
    listed = _is_listed(people, known)
    rest = people.filter(pc.invert(listed))
    names = pc.drop_null(accounts["user_name_key"])
    as_mail = len(names) > 0 and pc.sum(pc.match_substring(names, "@")).as_py() * 2 > len(names)
    user_name, mail = rest["user_name"], pc.list_element(_with_one(rest["emails"].combine_chunks()), 0)
    asked = pc.coalesce(mail, user_name) if as_mail else pc.coalesce(user_name, mail)
    gone = pc.equal(rest["status"].cast(pa.string()), "terminated")
    leavers = pc.drop_null(pc.filter(asked, gone))
    others = pc.drop_null(pc.filter(asked, pc.invert(gone)))
    return leavers, others, asked.null_count


def _with_one(lists: pa.ListArray) -> pa.ListArray:
    """The lists, an empty one as null: Arrow refuses to take the first element of nothing."""
    return pc.if_else(pc.equal(pc.list_value_length(lists), 0), pa.scalar(None, lists.type), lists)


def _is_listed(people: pa.Table, known: pa.Array) -> pa.Array:
    """Whether a person's user name or any address is one of the keys; a missing one never is."""
    by_name = pc.is_in(people["user_name_key"], value_set=known, skip_nulls=True)
    emails = people["email_keys"].combine_chunks()
    hits = pc.filter(pc.list_parent_indices(emails), pc.is_in(emails.flatten(), value_set=known, skip_nulls=True))
    by_mail = np.zeros(people.num_rows, dtype=bool)
    by_mail[hits.to_numpy()] = True
    return pc.or_(by_name.combine_chunks(), pa.array(by_mail))


def _chunks(column: pa.ChunkedArray) -> list[pa.Array]:
    return column.chunks or [pa.array([], column.type)]
