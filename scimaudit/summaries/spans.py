"""How long changes took, per app and quarter: bounds of the middle, of the slow end and of the worst."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import numpy as np
import pandas as pd

from scimaudit.result import SpanLine, SpanSummary
from scimaudit.result.over_time import Event
from scimaudit.view import View

EVENTS: Final[tuple[Event, ...]] = ("leaver", "joiner", "mover")
_VERDICTS: Final = ("in time", "late", "unclear", "open", "not evaluable")
_TEXTS: Final = ("event", "app", "account_id", "account", "person_id", "person", "verdict", "reason")
_TIMES: Final = ("due", "after", "by", "at")
_HOURS: Final = ("hours_from", "hours_to", "sla_hours")


def span_lines(view: View) -> tuple[SpanLine, ...]:
    """Every change that had to reach an account, in the order of :attr:`scimaudit.view.View.spans`."""
    rows = view.spans
    columns: dict[str, list[Any]] = {name: rows[name].tolist() for name in _TEXTS}
    columns |= {name: [_moment(each) for each in rows[name]] for name in _TIMES}
    columns |= {name: [None if np.isnan(each) else each for each in rows[name]] for name in _HOURS}
    return tuple(SpanLine(**dict(zip(columns, cells, strict=True))) for cells in zip(*columns.values(), strict=True))


def span_summaries(view: View) -> tuple[SpanSummary, ...]:
    """The changes of each kind in sums: for each app, and for all (an empty ``app``); for each quarter, and for all."""
    rows = view.spans
    quarter = _quarters(rows["due"].dt.tz_convert(view.zone))
    exposed = _exposed(rows, view.as_of)
    whole = rows.assign(period=quarter, least=exposed[0], most=exposed[1])
    return tuple(_summaries(whole))


def _summaries(rows: pd.DataFrame) -> Iterator[SpanSummary]:
    for event in EVENTS:
        mine = rows[rows["event"] == event]
        for app in ("", *sorted(mine["app"].unique())) if len(mine) else ():
            own = mine[mine["app"] == app] if app else mine
            for period in ("", *sorted(own["period"].dropna().unique())):
                yield _summary(event, str(app), str(period), own[own["period"] == period] if period else own)


def _summary(event: Event, app: str, period: str, rows: pd.DataFrame) -> SpanSummary:
    counts = rows["verdict"].value_counts()
    numbers = {name.replace(" ", "_"): int(counts.get(name, 0)) for name in _VERDICTS}
    # What is open since nobody knows when took some time all the same, and has no upper bound.
    measured = rows[rows["verdict"] != "not evaluable"]
    least, most = measured["hours_from"].fillna(0).to_numpy(), measured["hours_to"].fillna(np.inf).to_numpy()
    return SpanSummary(
        event, app, period, len(rows), **numbers,
        median_hours=(_middle(least), _middle(most)),
        p90_hours=(_quantile(least, 0.9), _quantile(most, 0.9)),
        worst_hours=(_quantile(least, 1), _quantile(most, 1)),
        exposure_days=(round(float(rows["least"].sum()), 3), _known(float(rows["most"].sum()))),
    )  # fmt: skip


def _middle(hours: np.ndarray) -> float | None:
    return _known(float(np.median(hours))) if len(hours) else None


def _quantile(hours: np.ndarray, share: float) -> float | None:
    # The smallest value that so many do not exceed: nothing is put between two values, of which one may be endless.
    return _known(float(np.quantile(hours, share, method="inverted_cdf"))) if len(hours) else None


def _known(hours: float) -> float | None:
    return round(hours, 3) if np.isfinite(hours) else None


def _exposed(rows: pd.DataFrame, as_of: datetime) -> tuple[pd.Series, pd.Series]:
    """Days from ``due`` to the change, at least and at most; what has not ended, or may not have, counts until now.

    Since nobody knows when is endless.
    """
    now = ((pd.Timestamp(as_of) - rows["due"]).dt.total_seconds() / 86_400).clip(lower=0)
    least = (rows["hours_from"] / 24).fillna(0)
    # Of a day before the newest listing, more is known than that day.
    return least, (rows["hours_to"] / 24).fillna(np.maximum(now, least)).fillna(np.inf)


def _quarters(due: pd.Series) -> pd.Series:
    text = due.dt.year.astype("Int64").astype("str") + "-Q" + due.dt.quarter.astype("Int64").astype("str")
    known: pd.Series = text.where(due.notna().to_numpy())
    return known


def _moment(each: Any) -> datetime | None:
    return None if pd.isna(each) else each.to_pydatetime()
