"""``policy/links.csv`` as the policy sees it: correlation reads and applies the file, here its lines are judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import pandas as pd


@dataclass(frozen=True)
class Link:
    """One line: whose an account is, or is not.

    :param relation: ``is`` or ``is-not``.
    :param until: last day on which it counts; without one it has no end.
    """

    app: str
    account_id: str
    person_id: str
    relation: str
    decided_by: str
    decided_on: date
    until: date | None = None
    place: str = field(default="", compare=False, kw_only=True)


def of(decisions: pd.DataFrame | None) -> tuple[Link, ...]:
    """The lines of a file that was read.

    :param decisions: its columns, and ``line``, the number of each line; None where there is no file.
    """
    if decisions is None:
        return ()
    until = [None if pd.isna(day) else day.date() for day in decisions["until"]]
    return tuple(
        Link(app, account, person, relation, by, on.date(), last, place=f"links.csv, line {line}")
        for app, account, person, relation, by, on, last, line in zip(
            decisions["app"], decisions["account_id"], decisions["person_id"], decisions["relation"],
            decisions["decided_by"], decisions["decided_on"], until, decisions["line"], strict=True,
        )
    )  # fmt: skip
