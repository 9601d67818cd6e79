"""What scimaudit looks for: one finding kind per file, a decorated pure function whose docstring is its documentation.

The file's name is the kind (``leaver_active.py`` is ``leaver-active``). Keyword-only parameters with defaults are the
rule's settings under ``[rules.leaver-active]``. A rule marks rows; it does not build findings.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal

from scimaudit.errors import ConfigError
from scimaudit.frameworks import relevant
from scimaudit.tables import CONTROLLED, FAMILIES, NOT_EVALUABLE, SEVERITIES

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

REMOVE: Final = "{remove}"
"""Stands in an action for taking the right of the finding away, as one says it of groups, roles and licences."""

Remedy = Literal["", "disable", "remove", "strip"]

SECTIONS: Final = ("Detects", "Why", "Not evaluable", "Remediation")
"""The parts of a rule's docstring, in order; a sentence of what it looks for stands before them."""


@dataclass(frozen=True)
class Judgement:
    """What a rule says of its population.

    :param failed: the rows that are findings, with ``expected`` and ``actual`` (text) and, where they apply, ``app``,
        ``account_id``, ``person_id``, ``attribute``, ``value``, ``severity`` (overrides the rule's), ``bump`` (steps
        added to the severity), ``why`` (text for the bump), ``owner``, ``action`` (override the rule's),
        ``risk`` (what could happen, in words of the policy).
    :param ledger: one row per app (``app`` null where the rule has none) with ``population``, ``failed``,
        ``not_evaluable`` and ``reason``.
    :param undecided: the rows looked at, each frame with the mask of those that could not be judged.
    """

    failed: pd.DataFrame
    ledger: pd.DataFrame
    undecided: tuple[tuple[pd.DataFrame, np.ndarray], ...] = ()

    def saying(self, **columns: Any) -> Judgement:
        """The same judgement with columns added to the failed rows: a value, a series, or a function of those rows."""
        return replace(self, failed=self.failed.assign(**columns))


@dataclass(frozen=True)
class Rule:
    """A rule and what its decorator and docstring say of it."""

    kind: str
    title: str
    family: str
    severity: str
    action: str
    stopped_by: tuple[str, ...]
    controls: tuple[str, ...]
    spans_apps: bool
    after_settling: bool
    remedy: Remedy
    decide: bool
    check: Callable[..., Judgement]

    @property
    def settings(self) -> Mapping[str, inspect.Parameter]:
        """Keyword-only parameters of the function."""
        parameters = inspect.signature(self.check).parameters
        return {name: p for name, p in parameters.items() if p.kind is inspect.Parameter.KEYWORD_ONLY}

    @property
    def doc(self) -> str:
        """The docstring: *Detects / Why / Not evaluable / Remediation*."""
        return inspect.getdoc(self.check) or ""

    @property
    def sections(self) -> Mapping[str, str]:
        """Each of :data:`SECTIONS` with its text on one line, as it is shown to people."""
        found: dict[str, list[str]] = {}
        name = ""
        for line in self.doc.replace("``", "`").splitlines():
            head, colon, rest = line.partition(":")
            starts = bool(colon) and head in SECTIONS
            name = head if starts else name
            if name:
                found.setdefault(name, []).append((rest if starts else line).strip())
        return {head: " ".join(part for part in lines if part) for head, lines in found.items()}


def rule(
    *,
    title: str,
    family: str,
    severity: str,
    action: str,
    stopped_by: tuple[str, ...],
    controls: tuple[str, ...] = (),
    spans_apps: bool = False,
    after_settling: bool = False,
    remedy: Remedy = "",
    decide: bool = False,
) -> Callable[[Callable[..., Judgement]], Rule]:
    """Declare a rule.

    :param action: what the responsible owner should do, one sentence; one that begins with :data:`REMOVE` is about the
        right that the finding names.
    :param stopped_by: which of :data:`~scimaudit.tables.CONTROLLED` should have stopped it; none for data.
    :param controls: ``framework/control`` ids it is relevant to; frameworks add others by kind.
    :param spans_apps: it compares rows of several apps (a person's accounts, say), so it must see them all at once.
    :param after_settling: it judges what people decided about findings, so it runs when all others have.
    :param remedy: what puts a finding right, where one can say that for all: ``disable`` the account (and take its
        rights), ``remove`` the right, ``strip`` the inactive account of its rights.
    :param decide: whether the action leaves a choice, so that somebody must decide before the remedy is applied.
    """
    if family not in FAMILIES or severity not in SEVERITIES:
        msg = f"family {family!r} or severity {severity!r} is not one of ours"
        raise ValueError(msg)

    if not {*stopped_by} <= {*CONTROLLED}:
        msg = f"stopped_by {stopped_by!r} is not of {CONTROLLED}"
        raise ValueError(msg)

    def declare(check: Callable[..., Judgement]) -> Rule:
        kind = check.__module__.rpartition(".")[2].replace("_", "-")
        named = (*controls, *relevant(kind))
        return Rule(
            kind, title, family, severity, action, stopped_by, named, spans_apps, after_settling, remedy, decide, check
        )

    return declare


def judge(
    rows: pd.DataFrame, *, fails: pd.Series, unknown: pd.Series | None = None, within: pd.Series | None = None
) -> Judgement:
    """Sort a population into failed, passed and not evaluable, so that the three always add up.

    :param rows: the population; counted by its ``app`` column, or as one where it has none.
    :param fails: boolean mask; null is refused, for an unknown must be named, not dropped.
    :param unknown: reason (one of :data:`~scimaudit.tables.NOT_EVALUABLE`) where a row cannot be judged, else null; a
        row that both fails and has a reason fails: what is known to be wrong is not excused by what else is unknown.
    :param within: mask of the rows that are the population; all where it is left out. Spares a copy of a wide frame.
    """
    import numpy as np
    import pandas as pd

    for name, mask in (("fails", fails), ("within", within)):
        if mask is not None and mask.isna().any():
            msg = f"{name} is neither true nor false for some row; name the reason in unknown instead"
            raise ValueError(msg)
    everyone = np.ones(len(rows), dtype=bool) if within is None else within.to_numpy(dtype=bool)
    failing = fails.to_numpy(dtype=bool) & everyone
    reason = np.full(len(rows), -1, dtype=np.int8) if unknown is None else _reason_codes(unknown)
    verdict = np.where(failing, -2, reason)
    apps = pd.Categorical(rows["app"] if "app" in rows else np.full(len(rows), None))
    # An empty slice shares its columns, where an empty choice of rows would copy every one of them.
    failed = rows[failing] if failing.any() else rows.iloc[:0]
    return Judgement(failed, _ledger(apps[everyone], verdict[everyone]), ((rows, (verdict >= 0) & everyone),))


def _reason_codes(unknown: pd.Series) -> np.ndarray:
    """Positions of reasons in :data:`~scimaudit.tables.NOT_EVALUABLE`; -1 where there is none."""
    import pandas as pd

    reasons = pd.Categorical(unknown)
    strangers = set(reasons.categories) - set(NOT_EVALUABLE)
    if strangers:
        msg = f"unknown reasons {sorted(strangers)}"
        raise ValueError(msg)
    codes: np.ndarray = reasons.set_categories(NOT_EVALUABLE).codes
    return codes


def because(index: pd.Index, *reasons: tuple[pd.Series | np.ndarray | bool, str]) -> pd.Series:
    """The first reason whose mask holds, for each row; null where none does.

    :param reasons: pairs of a boolean mask, or one boolean for all rows, and the reason.
    """
    import numpy as np
    import pandas as pd

    codes = np.full(len(index), -1, dtype=np.int8)
    for mask, reason in reversed(reasons):
        codes[np.broadcast_to(np.asarray(mask, dtype=bool), len(index))] = NOT_EVALUABLE.index(reason)
    return pd.Series(pd.Categorical.from_codes(codes, categories=pd.Index(NOT_EVALUABLE)), index=index)


def merged(judgements: Sequence[Judgement]) -> Judgement:
    """Several judgements of one rule as one: failed rows one after the other, counts added per app."""
    import pandas as pd

    parts = [part.ledger for part in judgements if len(part.ledger)]
    if len(parts) < 2:
        ledger = parts[0] if parts else judge(pd.DataFrame(), fails=pd.Series(dtype=bool)).ledger
    else:
        every = pd.concat(parts, ignore_index=True)
        counts = ["population", "failed", "not_evaluable"]
        sums = every.groupby("app", dropna=False, sort=True)[counts].sum().reset_index()
        told = every.groupby("app", dropna=False, sort=True)["reason"].agg(reasons_added).astype("str")
        ledger = sums.assign(reason=told.to_numpy())
    failed = [part.failed for part in judgements if len(part.failed)]
    undecided = tuple(each for part in judgements for each in part.undecided)
    return Judgement(pd.concat(failed, ignore_index=True) if failed else _no_rows(judgements), ledger, undecided)


def _no_rows(judgements: Sequence[Judgement]) -> pd.DataFrame:
    import pandas as pd

    columns = judgements[0].failed if judgements else pd.DataFrame()
    return columns.assign(expected=pd.Series(dtype="str"), actual=pd.Series(dtype="str"))


def reasons_added(texts: pd.Series) -> str | None:
    """Reasons of several ledger lines with their counts added up; null where there is none."""
    counts: Counter[str] = Counter()
    for text in texts.dropna():
        for part in text.split(", "):
            reason, _, rows = part.rpartition(" ")
            counts[reason] += int(rows)
    return ", ".join(f"{reason} {rows}" for reason, rows in sorted(counts.items())) or None


def _ledger(apps: pd.Categorical, verdict: np.ndarray) -> pd.DataFrame:
    """Counts per app; ``verdict`` is -2 failed, -1 passed, else the position of a reason."""
    import numpy as np
    import pandas as pd

    wide, rows = len(NOT_EVALUABLE) + 2, len(apps.categories) + 1
    # A null app has code -1; the shift by one gives it row 0.
    flat = np.bincount((apps.codes.astype(np.int64) + 1) * wide + verdict + 2, minlength=rows * wide)
    counts = flat.reshape(rows, wide)
    names = [None, *apps.categories]
    order = [*sorted(range(1, rows), key=lambda row: str(names[row])), 0]
    used = [row for row in order if counts[row].any()]
    told = sorted((reason, place + 2) for place, reason in enumerate(NOT_EVALUABLE))
    texts = [", ".join(f"{reason} {counts[row, at]}" for reason, at in told if counts[row, at]) for row in used]
    return pd.DataFrame(
        {
            "app": pd.array([names[row] for row in used], dtype="str"),
            "population": counts[used].sum(axis=1),
            "failed": counts[used, 0],
            "not_evaluable": counts[used, 2:].sum(axis=1),
            "reason": pd.array([text or None for text in texts], dtype="str"),
        }
    )


@cache  # an audit asks for each rule several times, and each answer would read the folder anew
def names() -> tuple[str, ...]:
    """The kinds of all rules, without importing them."""
    return tuple(sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__)))


def load(kind: str) -> Rule:
    """The rule of that kind.

    :raises ConfigError: there is no such rule; lists the known ones.
    """
    if kind not in names():
        raise ConfigError(f"there is no rule {kind!r}", hint="known rules: " + ", ".join(names()))
    module = kind.replace("-", "_")
    found: Any = getattr(import_module(f"{__name__}.{module}"), module)
    return found  # type: ignore[no-any-return]
