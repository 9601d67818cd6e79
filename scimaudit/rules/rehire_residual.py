"""Finding kind ``rehire-residual``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scimaudit.policy.entitlements import ALLOWED, UNKNOWN
from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true, taken


@rule(
    title="Right from an earlier employment",
    family="orphan",
    severity="medium",
    action="{remove}, or have it approved for the present employment.",
    stopped_by=("entitlement_removal",),
    remedy="remove",
    decide=True,
    controls=("soc2/CC6.2", "soc2/CC6.3", "iso27001-2022/A.5.18", "nist-800-53-r5/AC-2", "nist-800-53-r5/PS-4"),
)
def rehire_residual(view: View, *, lead_days: int = 30) -> Judgement:
    """Entitlements that somebody hired again holds on an account of the employment before.

    Detects: an entitlement on an active account that existed when an earlier employment of its owner ended, that no
    rule of the policy allows the owner today, that nobody approved since, and that is not known to be granted
    since. Earlier employments are told by the roster column ``previous_end_date`` and by earlier snapshots. Nobody
    is taken for hired for the first time unseen: an entitlement passes where the account was made for the present
    employment (at most ``lead_days`` before its start), or where the roster has that column and it is empty.

    Why: an account that is switched on again brings back every right of a post that was left years ago.

    Not evaluable: a right on an account whose age nobody knows, where an earlier employment is known; one of a
    person of whom nothing would tell of an earlier employment; a right from it that policy allows depending on an
    empty column; accounts and people of unknown status. Nothing passes where the app's entitlements or the roster
    are not proven.

    Remediation: treat who comes back as a joiner: a new account or an empty one, and rights by the present post.
    """
    grants = view.grants
    place = grants["account"].to_numpy()
    facts = _accounts(view, lead_days)
    within, employed, carried, fresh, told, returned = (
        np.append(known_true(facts[name]), False)[place]
        for name in ("within", "employed", "carried", "fresh", "told", "returned")
    )
    after, before = _given(view, facts["ended"])
    since = fresh | after
    carried = (carried | before) & ~since
    verdict = view.policed
    residual = carried & ~np.isin(verdict, [ALLOWED, UNKNOWN])
    found = judge(
        grants,
        within=pd.Series(within, grants.index),
        fails=known_true(grants["active"]) & residual & employed,
        unknown=because(
            grants.index,
            (grants["active"].isna(), "semantics-unknown"),
            (~employed | (carried & (verdict == UNKNOWN)), "semantics-unknown"),
            (returned & ~carried & ~since, "attribute-absent"),
            (~returned & ~since & ~told, "too-young"),
            (view.unproven(grants["app"]), "walk-unproven"),
            (view.roster_unproven, "roster-unproven"),
        ),
    )
    rows = found.failed
    name = rows["display"].astype("str").fillna(rows["value"].astype("str"))
    day = taken(facts["ended"], rows["account"].to_numpy(), rows.index).dt.strftime("%Y-%m-%d").astype("str")
    return found.saying(
        expected="not held: the employment of that account ended on " + day,
        actual="holds " + rows["attribute"].astype("str") + " " + name + ", by no rule of today",
    )


def _accounts(view: View, lead_days: int) -> pd.DataFrame:
    """What is known of the employments of each account's owner.

    :returns: ``within`` the population, ``employed`` for certain, the day on which an earlier employment ``ended``,
        whether one did (``returned``), whether the account is ``carried`` over from it or made ``fresh`` for the
        present one, and whether an earlier one would be ``told``.
    """
    accounts, people = view.accounts, view.people
    owner = accounts["owner_row"].to_numpy()
    ended = taken(_earlier_end(view), owner, accounts.index)
    start = accounts["owner_start_date"].astype("datetime64[s]")
    made = accounts["created"].dt.tz_convert(view.zone).dt.tz_localize(None).dt.normalize()
    known = ended.notna()
    current = taken(people["current"], owner, accounts.index)
    human = (accounts["situation"] == "matched") & ~accounts["nhi"]
    return pd.DataFrame(
        {
            "within": human & ~known_false(accounts["active"]) & ~known_false(current),
            "employed": known_true(current),
            "ended": ended,
            "returned": known,
            "carried": made <= ended,
            "fresh": (made > ended) | (~known & (made >= start - pd.Timedelta(days=lead_days))),
            "told": taken(_told(view), owner, accounts.index),
        }
    )


def _earlier_end(view: View) -> pd.Series:
    """For each person the last day of the latest employment that ended before the present one; null for none known."""
    people, past = view.people, view.past
    said = people["previous_end_date"].astype("datetime64[s]")
    seen = past["until"].dt.tz_convert(view.zone).dt.tz_localize(None).dt.normalize().astype("datetime64[s]")
    then = past["end_date"].astype("datetime64[s]")
    gone = (past["status"].astype("str") == "terminated") | (then < seen)
    last = pd.DataFrame({"row": past["person_row"], "end": then.fillna(seen)})[gone]
    shown = last.groupby("row")["end"].max().reindex(range(len(people))).set_axis(people.index)
    found = pd.DataFrame({"said": said, "shown": shown.astype("datetime64[s]")}).max(axis=1)
    ended: pd.Series = found.mask(found > pd.Timestamp(view.today))
    return ended


def _told(view: View) -> pd.Series:
    """For each person, whether an earlier employment would be known if there had been one."""
    # Earlier snapshots cannot tell: many rosters leave out who has left.
    rosters = [name.removeprefix("rosters.") for name in view.rosters if "previous_end_date" in view.supplies[name]]
    return view.people["roster"].astype("str").isin(rosters)


def _given(view: View, ended: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """For each grant, whether it was given or approved after the earlier employment, and whether given within it.

    :param ended: for each account the day on which the earlier employment of its owner ended; null for none.
    """
    grants = view.grants
    after, before = np.zeros(len(grants), dtype=bool), np.zeros(len(grants), dtype=bool)
    dated = np.flatnonzero(grants["granted_at"].notna())
    day = grants["granted_at"].iloc[dated].dt.tz_convert(view.zone).dt.tz_localize(None).dt.normalize()
    end = taken(ended, grants["account"].to_numpy()[dated], day.index)
    after[dated], before[dated] = day > end, day <= end
    counts = (view.tenure["approval"] >= 0) & view.tenure["void"].isna() & view.tenure["unclear"].isna()
    known = view.tenure[counts]
    days = pd.Series([line.approved_on for line in view.policy.approvals], dtype="datetime64[s]")
    approved = taken(days, known["approval"].to_numpy(), known.index)
    signed = grants.index.get_indexer(known.index)
    after[signed] |= (approved > taken(ended, known["account"].to_numpy(), known.index)).to_numpy()
    return after, before
