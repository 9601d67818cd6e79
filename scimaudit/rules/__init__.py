"""What scimaudit looks for: one finding kind per file, a decorated pure function whose docstring is its documentation.

The file's name is the kind (``leaver_active.py`` is ``leaver-active``). Keyword-only parameters with defaults are the
rule's settings under ``[rules.leaver-active]``. A rule marks rows; it does not build findings.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from scimaudit.errors import ConfigError
from scimaudit.tables import FAMILIES, NOT_EVALUABLE, SEVERITIES

if TYPE_CHECKING:
    import pandas as pd

    from scimaudit.view import View


@dataclass(frozen=True)
class Judgement:
    """What a rule says of its population.

    :param failed: the rows that are findings, with ``expected`` and ``actual`` (text) and, where they apply, ``app``,
        ``account_id``, ``person_id``, ``attribute``, ``value``, ``severity`` (overrides the rule's), ``bump`` (steps added
        to the severity), ``why`` (text for the bump), ``owner``, ``action`` (override the rule's).
    :param ledger: one row per app (``app`` null where the rule has none) with ``population``, ``failed``,
        ``not_evaluable`` and ``reason``.
    """

    failed: pd.DataFrame
    ledger: pd.DataFrame


@dataclass(frozen=True)
class Rule:
    """A rule and what its decorator and docstring say of it."""

    kind: str
    title: str
    family: str
    severity: str
    action: str
    controls: tuple[str, ...]
    spans_apps: bool
    check: Callable[..., Judgement]

    @property
    def settings(self) -> Mapping[str, inspect.Parameter]:
        """Keyword-only parameters of the function."""
        parameters = inspect.signature(self.check).parameters
        return {name: p for name, p in parameters.items() if p.kind is inspect.Parameter.KEYWORD_ONLY}

    @property
    def doc(self) -> str:
        """The docstring: *Detects / Why / Remediation*."""
        return inspect.getdoc(self.check) or ""


def rule(
    *,
    title: str,
    family: str,
    severity: str,
    action: str,
    controls: tuple[str, ...] = (),
    spans_apps: bool = False,
) -> Callable[[Callable[..., Judgement]], Rule]:
    """Declare a rule.

    :param action: what the responsible owner should do, one sentence.
    :param spans_apps: it compares rows of several apps (a person's accounts, say), so it must see them all at once.
    """
    if family not in FAMILIES or severity not in SEVERITIES:
        msg = f"family {family!r} or severity {severity!r} is not one of ours"
        raise ValueError(msg)

    def declare(check: Callable[..., Judgement]) -> Rule:
        kind = check.__module__.rpartition(".")[2].replace("_", "-")
        return Rule(kind, title, family, severity, action, controls, spans_apps, check)

    return declare


def judge(rows: pd.DataFrame, *, fails: pd.Series, unknown: pd.Series | None = None) -> Judgement:
    """Sort a population into failed, passed and not evaluable, so that the three always add up.

    :param rows: the population; counted by its ``app`` column, or as one where it has none.
    :param fails: boolean mask; null is refused, for an unknown must be named, not dropped.
    :param unknown: reason (one of :data:`~scimaudit.tables.NOT_EVALUABLE`) where a row cannot be judged, else null; a row
        that both fails and has a reason fails: what is known to be wrong is not excused by what else is unknown.
    """
    import pandas as pd

    if fails.isna().any():
        msg = "a row is neither failing nor not failing; name the reason in unknown instead"
        raise ValueError(msg)
    fails = fails.astype(bool)
    reasons = pd.Series(None, index=rows.index, dtype="str") if unknown is None else unknown.astype("str").mask(fails)
    strangers = set(reasons.dropna().unique()) - set(NOT_EVALUABLE)
    if strangers:
        msg = f"unknown reasons {sorted(strangers)}"
        raise ValueError(msg)
    app = rows["app"].astype("str") if "app" in rows else pd.Series(None, index=rows.index, dtype="str")
    counts = pd.DataFrame({"app": app, "failed": fails, "reason": reasons})
    grouped = counts.groupby("app", dropna=False, sort=True)
    ledger = grouped.agg(population=("failed", "size"), failed=("failed", "sum"), not_evaluable=("reason", "count"))
    told = counts.dropna(subset=["reason"]).value_counts(["app", "reason"], sort=False, dropna=False).reset_index()
    told["text"] = told["reason"] + " " + told["count"].astype("str")
    told = told.sort_values(["app", "reason"])
    texts = told.groupby("app", dropna=False)["text"].agg(", ".join).rename("reason")
    # Null keys never join elsewhere; here the null group is one row on either side.
    return Judgement(rows[fails], ledger.join(texts).reset_index())


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
