"""What a view is told of apps and sources besides the tables; the defaults are the worst case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class AppFacts:
    """What the configuration says of an app and what its listings prove together.

    The defaults are the worst case: what was not said is not proven.

    :param delegates: who may approve exceptions beside the owner.
    :param regulated: regimes it is in scope of.
    :param external_id_is: people column that externalId holds.
    :param roster_feeds: its accounts are meant to come from the roster.
    :param register: control (``sign_in``, ``create``, ``update``, ``disable``, ``entitlement_removal``) to its
        mechanisms; what nobody has said is not in it. ``control_owners``: control to who answers for it.
    :param title: name to show. ``how``: control of ``register`` to how it is worked in the app, in its own words.
    :param closed: an entitlement that no policy rule names is excess.
    :param privileged: patterns over entitlement names and ids.
    :param ends_in_name: naming conventions with ``{date}`` for entitlements that end on that day.
    :param non_human: patterns over userName of accounts that are not human; ``non_human_types``: values of userType.
    :param interactive_sign_ins: the sign-in times that its listings tell are those of people at a screen;
        ``None`` where nobody has said.
    :param admin_accounts: patterns over userName of declared second accounts.
    :param drift: account column to severity of a difference.
    :param normalise: account column to ``exact``, ``text`` or ``text-accents``; default ``text``.
    :param walk: ``complete`` only when the listings together are proven to have given every row.
    :param scope: ``all`` only when they are proven to show every account.
    :param entitlements: ``complete`` only when the absence of a grant means something.
    :param listed: it has a source; ``False`` is an app that is known and not audited.
    :param reason: why it has none.
    """

    app: str
    owner: str = ""
    delegates: tuple[str, ...] = ()
    regulated: tuple[str, ...] = ()
    external_id_is: str | None = None
    roster_feeds: bool = True
    register: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    control_owners: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    how: Mapping[str, str] = field(default_factory=dict)
    closed: bool = False
    sla_hours: float = 24
    privileged: tuple[str, ...] = ()
    ends_in_name: tuple[str, ...] = ()
    non_human: tuple[str, ...] = ()
    non_human_types: tuple[str, ...] = ()
    interactive_sign_ins: bool | None = None
    admin_accounts: tuple[str, ...] = ()
    drift: Mapping[str, str] = field(default_factory=dict)
    normalise: Mapping[str, str] = field(default_factory=dict)
    walk: str = "unprovable"
    walk_reason: str = ""
    scope: str = "unknown"
    scope_reason: str = ""
    entitlements: str = "unprovable"
    entitlements_reason: str = ""
    listed: bool = True
    reason: str = ""


@dataclass(frozen=True)
class SourceFacts:
    """What one roster or one listing brought and what that proves.

    :param name: as the configuration spells it, ``rosters.hr`` or ``apps.slack.listings[0]``; the words that
        ``accounts.listings`` holds.
    :param fills: ``people`` or ``accounts``.
    :param app: the app, for a listing.
    :param as_of: when its rows were true, UTC; ``None`` is unknown, and an unknown age proves nothing.
    :param unacknowledged: rejected rows that nobody has looked at.
    :param stale_after_days: age beyond which it is stale.
    :param unmapped_status: status word to the number of rows that carry it.
    :param attributes: columns that it supplies.
    :param error: why it failed; empty when it did not.
    :param outdated: its settings changed since it was collected.
    """

    name: str
    fills: str
    app: str | None = None
    walk: str = "unprovable"
    walk_reason: str = ""
    scope: str = "unknown"
    scope_reason: str = ""
    entitlements: str = "unprovable"
    entitlements_reason: str = ""
    as_of: datetime | None = None
    received: int = 0
    parsed: int = 0
    rejected: int = 0
    unacknowledged: int = 0
    stale_after_days: int = 7
    unmapped_status: Mapping[str, int] = field(default_factory=dict)
    attributes: frozenset[str] = frozenset()
    error: str = ""
    outdated: bool = False


@dataclass(frozen=True)
class Previous:
    """What earlier snapshots say.

    :param people: rows of the snapshot before by roster, named as :attr:`SourceFacts.name`.
    :param accounts: its accounts by app.
    :param states: what people were before, as :func:`scimaudit.history.states` gives it.
    :param since: when the oldest snapshot was taken.
    """

    people: Mapping[str, int]
    accounts: Mapping[str, int]
    states: pd.DataFrame = field(default_factory=pd.DataFrame)
    since: datetime | None = None


@dataclass(frozen=True)
class Reviewed:
    """What access reviews decided, up to the moment judged.

    :param campaigns: a row per campaign and app, as :func:`scimaudit.review.decisions.reviews` gives them.
    :param decisions: a row per decided item, likewise.
    :param revocations: what was to go and what later listings show of it, as :func:`scimaudit.history.closure.closure`
        gives it.
    """

    campaigns: pd.DataFrame = field(default_factory=lambda: _no_rows("campaigns"))
    decisions: pd.DataFrame = field(default_factory=lambda: _no_rows("decisions"))
    revocations: pd.DataFrame = field(default_factory=lambda: _no_rows("revocations"))


_TIME, _DAY = "datetime64[us, UTC]", "datetime64[s]"
_CAMPAIGNS: Mapping[str, str] = {
    "campaign": "str", "title": "str", "app": "str", "opened_at": _TIME, "due": _DAY, "closed_at": _TIME,
    "items": "int64", "undecided": "int64",
}  # fmt: skip
_DECISIONS: Mapping[str, str] = {
    **dict.fromkeys(("campaign", "item_id", "app", "account_id", "attribute", "value", "display"), "str"),
    "reviewer": "str", "decision": "str", "decided_at": _TIME,
}  # fmt: skip
_REVOCATIONS: Mapping[str, str] = {
    **dict.fromkeys(("campaign", "item_id", "app", "account_id", "account", "person_id", "person"), "str"),
    **dict.fromkeys(("attribute", "value", "display", "reviewer", "decision", "state", "reason", "doubt"), "str"),
    "proven_by": "str", "decided_at": _TIME, "proven_at": _TIME, "still_there": _TIME,
}  # fmt: skip
_SPANS: Mapping[str, str] = {
    **dict.fromkeys(("event", "app", "account_id", "account", "person_id", "person"), "str"),
    **dict.fromkeys(("due", "after", "by", "at"), _TIME),
    **dict.fromkeys(("hours_from", "hours_to", "sla_hours"), "float64"), "verdict": "str", "reason": "str",
}  # fmt: skip


def no_revocations() -> pd.DataFrame:
    """:attr:`Reviewed.revocations` where nothing is to be taken away."""
    return _no_rows("revocations")


def no_spans() -> pd.DataFrame:
    """:attr:`scimaudit.view.View.spans` before anything is measured."""
    return _no_rows("spans")


def _no_rows(name: str) -> pd.DataFrame:
    """The empty frame of that name: a copy, which shares its columns until it is written to."""
    return _made_once(name).copy(deep=False)


@cache
def _made_once(name: str) -> pd.DataFrame:
    if name == "exceptions":
        return exception_frame(())
    kinds = {"campaigns": _CAMPAIGNS, "decisions": _DECISIONS, "revocations": _REVOCATIONS, "spans": _SPANS}[name]
    return pd.DataFrame({column: pd.Series(dtype=kind) for column, kind in kinds.items()})


def app_frame(apps: Sequence[AppFacts]) -> pd.DataFrame:
    """One row per app, without the mappings and patterns; ``scim_creates``: the register says that SCIM does."""
    flags = ("roster_feeds", "closed", "listed")
    texts = (
        "app", "owner", "external_id_is", "walk", "walk_reason", "scope", "scope_reason",
        "entitlements", "entitlements_reason", "reason",
    )  # fmt: skip
    columns = {name: pd.array([getattr(facts, name) for facts in apps], dtype="str") for name in texts}
    return pd.DataFrame(
        {
            **columns,
            **{name: np.array([getattr(facts, name) for facts in apps], dtype=bool) for name in flags},
            "scim_creates": np.array(["scim" in facts.register.get("create", ()) for facts in apps], dtype=bool),
            "interactive_sign_ins": np.array([facts.interactive_sign_ins is True for facts in apps], dtype=bool),
            "regulated": np.array([bool(facts.regulated) for facts in apps], dtype=bool),
            "sla_hours": np.array([facts.sla_hours for facts in apps], dtype=float),
        }
    )


def source_frame(sources: Sequence[SourceFacts]) -> pd.DataFrame:
    """One row per source; status words that are not mapped as text."""
    texts = (
        "name", "fills", "app", "walk", "walk_reason", "scope", "scope_reason",
        "entitlements", "entitlements_reason", "error",
    )  # fmt: skip
    counts = ("received", "parsed", "rejected", "unacknowledged", "stale_after_days")
    unmapped = [
        ", ".join(f"{word} {rows}" for word, rows in sorted(facts.unmapped_status.items())) for facts in sources
    ]
    return pd.DataFrame(
        {
            **{name: pd.array([getattr(facts, name) for facts in sources], dtype="str") for name in texts},
            **{name: np.array([getattr(facts, name) for facts in sources], dtype=np.int64) for name in counts},
            "as_of": pd.Series([facts.as_of for facts in sources], dtype="datetime64[us, UTC]"),
            "outdated": np.array([facts.outdated for facts in sources], dtype=bool),
            "unmapped_status": pd.array(unmapped, dtype="str"),
        }
    )


def no_exceptions() -> pd.DataFrame:
    """:attr:`scimaudit.view.View.exceptions` before anything is settled."""
    return _no_rows("exceptions")


def exception_frame(lines: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    """:attr:`scimaudit.view.View.exceptions`, of rows of its columns in their order."""
    kinds = {
        "id": "str", "app": "str", "state": "str", "trouble": "str", "used": "int64", "approver": "str",
        "expires": "datetime64[s]",
    }  # fmt: skip
    columns = list(zip(*lines, strict=True)) or [()] * len(kinds)
    return pd.DataFrame(
        {name: pd.Series(list(cells), dtype=kind) for (name, kind), cells in zip(kinds.items(), columns, strict=True)}
    )
