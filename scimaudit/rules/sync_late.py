"""Finding kind ``sync-late``."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scimaudit.rules import Judgement, because, judge, merged, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true, taken
from scimaudit.view.compared import codes, fed, normalised


@rule(
    title="Account still shows what was true before",
    family="drift",
    severity="low",
    action="Repair the feed that should have carried the change, then correct the account.",
    stopped_by=("update",),
    controls=(
        "soc2/CC6.2", "iso27001-2022/A.5.16", "pci-dss-4.0.1/8.2.4", "nist-800-53-r5/AC-2(1)", "cis-8.1/5.6",
    ),
)  # fmt: skip
def sync_late(view: View) -> Judgement:
    """Changes in the system of record that reached the roster, and not the app, in time.

    Detects: in apps that the roster feeds, an active account that shows a former value of its owner's attribute
    although the roster changed longer than the app's ``sla_hours`` before the account was listed. Former values are
    those of earlier snapshots, and the roster columns ``previous_department``, ``previous_title`` and ``moved_on``.
    The population is each attribute that changed for the owner. Severity is that of the app's ``drift`` settings.

    Why: drift says that two systems differ; this says that a change was announced and did not arrive, so the next
    one, a leaver's, may not arrive either.

    Not evaluable: every attribute where nothing would tell of a change; a change of unknown time, one too fresh to
    be late, an empty value, a value that is neither the former nor the present one, and an account of unknown
    activity. Nothing passes while the roster is not proven.

    Remediation: look at the feed of that app: its schedule, its scope, and what it did with this person.
    """
    names = {name for facts in view.facts.values() if facts.roster_feeds for name in facts.drift}
    plain = sorted(name for name in names if name in view.accounts and name in view.people and name != "emails")
    return merged([_judged(view, name) for name in plain])


def _judged(view: View, attribute: str) -> Judgement:
    severities = {facts.app: facts.drift[attribute] for facts in fed(view, attribute)}
    changed = _changes(view, attribute)
    told = view.remembered(attribute)
    # Without a memory nobody knows who changed, so everybody is looked at.
    accounts = view.accounts.loc[changed.index] if told else view.accounts
    population = (
        (accounts["situation"] == "matched")
        & ~accounts["nhi"]
        & ~known_false(accounts["active"])
        & accounts["app"].isin(severities)
    )
    here = accounts.index
    state = changed.reindex(here)
    new, known, old = (known_true(state[name]) for name in ("new", "known", "old"))
    listed = _listed(view, accounts["raw_file"])
    due = state["gone_by"] + pd.to_timedelta(view.of_app(accounts["app"], "sla_hours"), unit="h")
    late = (listed > due).fillna(False).astype(bool)
    found = judge(
        accounts,
        within=population,
        fails=old & late & known_true(accounts["active"]),
        unknown=because(
            here,
            (accounts["active"].isna(), "semantics-unknown"),
            (not told, "too-young"),
            (~known, "attribute-absent"),
            (known & ~new & ~old, "semantics-unknown"),
            (old & (listed.isna() | due.isna()), "attribute-absent"),
            (old & ~late, "too-young"),
            (view.roster_unproven, "roster-unproven"),
        ),
    )
    rows = found.failed
    since = state["gone_by"].reindex(rows.index)
    days = (listed.reindex(rows.index) - since).dt.days.astype("Int64").astype("str")
    now = view.people[attribute].take(rows["owner_row"].to_numpy()).set_axis(rows.index).astype("str")
    return found.saying(
        attribute=attribute,
        expected=now + ", since " + since.dt.tz_convert(view.zone).dt.strftime("%Y-%m-%d").astype("str") + " at latest",
        actual=rows[attribute].astype("str") + ", the former value, " + days + " days later",
        severity=rows["app"].astype("str").map(severities).astype("str"),
    )


def _listed(view: View, names: pd.Series) -> pd.Series:
    """When each of these listings was true; one from after the moment judged counts as of that moment."""
    moment = pd.Timestamp(view.as_of)
    times = view.sources["as_of"].mask(view.sources["as_of"] > moment, moment)
    known = times.set_axis(view.sources["name"]).reindex(names.cat.categories)
    return taken(known, names.cat.codes.to_numpy(), names.index)


def _changes(view: View, attribute: str) -> pd.DataFrame:
    """Accounts whose owner had another value before.

    :returns: indexed as the accounts: ``known`` (both sides have a value), ``new`` (the account shows the present
        one), ``old`` (it shows a former one) and ``gone_by`` (when that had ended).
    """
    accounts, past = view.accounts, view.past
    parts = []
    remembered = normalised(fed(view, attribute), attribute) if len(past) else {}
    for how, apps in remembered.items():
        meaning: dict[str, int] = {}
        shown = codes(accounts[attribute], how, meaning)
        present = codes(view.people[attribute], how, meaning)
        former = pd.DataFrame(
            {
                "owner_row": past["person_row"],
                "former": codes(past[attribute], how, meaning),
                "gone_by": past["gone_by"],
            }
        )
        former = former[(former["former"] >= 0) & (former["former"] != present[former["owner_row"]])]
        moved = np.zeros(len(view.people) + 1, dtype=bool)
        moved[former["owner_row"]] = True
        mine = np.flatnonzero(accounts["app"].isin(apps).to_numpy() & moved[accounts["owner_row"]])
        owner = accounts["owner_row"].to_numpy()[mine].astype(np.int64)
        asked = pd.DataFrame({"place": mine, "owner_row": owner, "shown": shown[mine], "present": present[owner]})
        both = asked.merge(former.astype({"owner_row": "int64"}), on="owner_row", how="inner", validate="m:m")
        both["old"] = (both["shown"] == both["former"]) & (both["present"] >= 0)
        both["gone_by"] = both["gone_by"].where(both["old"])
        parts.append(
            both.assign(known=(both["shown"] >= 0) & (both["present"] >= 0), new=both["shown"] == both["present"])
        )
    every = pd.concat(parts) if parts else pd.DataFrame(columns=["place", "known", "new", "old", "gone_by"])
    # A value that was held twice ended when it ended last.
    found = every.groupby("place")[["known", "new", "old", "gone_by"]].max()
    return found.astype({"gone_by": "datetime64[us, UTC]"}).set_axis(accounts.index[found.index.to_numpy(dtype=int)])
