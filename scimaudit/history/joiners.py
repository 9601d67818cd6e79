"""From a person's first day, or first day in a post, to their first active account in each app they are to have."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scimaudit.history.intervals import CLOSED, first_change, judged, together
from scimaudit.policy import entitlements
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true
from scimaudit.view.possible import possible_owners

NOBODY = ""
"""An id that no account has: what a listing says of it, it says of everybody whom it does not show."""
ORDER = ("active", "unknown", "unproven", *CLOSED)
PERHAPS = "the birthright depends on what is not known of the person"
CANDIDATE = "an account with several possible owners may be theirs"
PAIR = ["app", "person_row"]


def joiners(view: View, owned: pd.DataFrame, starts: pd.Series) -> pd.DataFrame:
    """Everybody who started since the first snapshot, once for each app where they have, or should have, an account.

    :param owned: accounts of people, as :func:`scimaudit.history.spans.owned` gives them.
    :param starts: when the first day of each person begins, UTC.
    :returns: ``app``, ``person_row``, ``due_from``, ``due_to``, ``expected`` (policy gives it), ``undue`` and ``why``
        (why what is missing cannot be judged).
    """
    since = view.previous.since if view.previous else None
    if since is None:
        return _none()
    new = (starts >= pd.Timestamp(since)) & (starts <= pd.Timestamp(view.as_of)) & (view.people["status"] != "prehire")
    rows = np.flatnonzero(known_true(new.astype("boolean")))
    return pairs(view, owned, rows, starts).assign(event="joiner", undue="")


def pairs(view: View, owned: pd.DataFrame, rows: np.ndarray, due: pd.Series) -> pd.DataFrame:
    """These people (positions), once for each app where they have, or should have, an account."""
    people = view.people.take(rows)
    here = ~known_false(people["current"]).to_numpy()
    parts = [_none()[[*PAIR, "certain"]]]
    for app, (certain, possible) in entitlements.birthrights(view.policy.rules, people).items():
        given = np.flatnonzero(possible & here)
        parts.append(pd.DataFrame({"app": app, "person_row": rows[given], "certain": certain[given]}))
    mine = owned.loc[owned["person_row"].isin(rows), PAIR].drop_duplicates()
    parts.append(mine.assign(certain=pd.Series(pd.NA, mine.index, dtype="boolean")))
    every = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    found = every.drop_duplicates(PAIR, ignore_index=True)
    moments = due.take(found["person_row"].to_numpy(dtype=np.int64)).set_axis(found.index)
    told = found["certain"].astype("boolean")
    why = pd.Series("", found.index, dtype="str").mask(~known_true(told), PERHAPS)
    why = why.mask(pd.MultiIndex.from_frame(found[PAIR]).isin(_candidates(view)), CANDIDATE)
    expected = told.notna().to_numpy()
    return found.drop(columns="certain").assign(due_from=moments, due_to=moments, expected=expected, why=why)


def asked(events: pd.DataFrame, owned: pd.DataFrame) -> pd.DataFrame:
    """Each account of each pair, or nobody's: ``row`` (the label of the pair), ``app`` and ``account_id``."""
    told = events[PAIR].reset_index(names="row")
    both = told.merge(owned[[*PAIR, "account_id", "account"]], how="left", on=PAIR, validate="m:m")
    return both.assign(account_id=both["account_id"].fillna(NOBODY))


def openings(events: pd.DataFrame, asked_for: pd.DataFrame, seen: pd.DataFrame) -> pd.DataFrame:
    """When each pair had its first active account, judged.

    An app that policy does not give, and where no account was ever active, is no app that they were to have.

    :param events: as :func:`joiners` gives them; ``asked_for``: as :func:`asked` does; ``seen``: the sightings of that.
    """
    whole = together(seen, ORDER)
    due = events["due_to"].reindex(whole["row"]).array
    ended = np.asarray(whole["until"].array <= due, dtype=bool)
    # Of what was before the clock started only the last counts: an earlier employment is another story.
    definite = whole["seen"].isin(("active", *CLOSED))
    before = whole[ended & definite]
    stale = whole.index.isin(before.index[before.duplicated("row", keep="last")])
    found = events.join(first_change(whole[~stale], old=CLOSED, new=("active",)), how="inner")
    first = seen[seen["seen"] == "active"].sort_values(["until", "account_id"], kind="stable").drop_duplicates("row")
    one = asked_for.drop_duplicates("row").set_index("row")
    shown = pd.concat([first.set_index("row"), one[~one.index.isin(first["row"])]])[["account_id", "account"]]
    lines = judged(found.join(shown))
    lines = lines[lines["expected"] | lines["by"].notna()]
    doubted = lines["by"].isna() & (lines["why"] != "")
    return lines.assign(
        verdict=lines["verdict"].mask(doubted, "not evaluable"), reason=lines["reason"].mask(doubted, lines["why"])
    )


def _candidates(view: View) -> pd.MultiIndex:
    """App and person of everybody who might own an account there that has several possible owners."""
    found = possible_owners(view)
    apps = view.accounts["app"].astype("str").take(found["account"].to_numpy())
    return pd.MultiIndex.from_arrays([apps, found["person"]], names=PAIR)


def _none() -> pd.DataFrame:
    moment, texts = pd.Series(dtype="datetime64[us, UTC]"), pd.Series(dtype="str")
    flags, rows = pd.Series(dtype="boolean"), pd.Series(dtype="int64")
    columns = {
        "app": texts, "person_row": rows, "certain": flags, "due_from": moment, "due_to": moment,
        "expected": pd.Series(dtype=bool), "why": texts, "event": texts, "undue": texts,
    }  # fmt: skip
    return pd.DataFrame(columns)
