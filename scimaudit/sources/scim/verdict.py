"""From evidence to verdicts: pure functions. What proves a walk and what shows a scope are never merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from scimaudit.sources import Outcome, Scope, Walk, Witness
from scimaudit.sources.scim.evidence import Evidence, Plan

_INDEPENDENT: Final = frozenset({"W4", "W5", "W6", "W7", "W8"})
_OUTSIDE: Final = frozenset({"W5", "W8"})
_SHOWN: Final = 3


@dataclass(frozen=True)
class Proof:
    """A witness, and whether its failure speaks against the walk (or only against the scope or the attributes)."""

    name: str
    outcome: Outcome
    detail: str = ""
    voids_walk: bool = True

    @property
    def witness(self) -> Witness:
        """What is published of it."""
        return Witness(self.name, self.outcome, self.detail)


def honest_total(found: Evidence, plan: Plan) -> Proof:
    """W1: ``totalResults`` is constant, equals the distinct rows, and nothing lies past it.

    A total equal to a page limit is worth nothing: it may be the limit.
    """
    if not found.totals:
        return Proof("W1", "not-available", "the server gives no totalResults")
    distinct = len(found.ids)
    most = max(found.totals)
    if most > distinct:
        return Proof("W1", "failed", f"totalResults is {most} and {distinct} distinct rows came")
    if plan.total_cap is not None and set(found.totals) != {min(plan.total_cap, distinct)}:
        said = ", ".join(str(total) for total in sorted(set(found.totals)))
        return Proof(
            "W1", "failed", f"the profile says totalResults stops at {plan.total_cap}; it is {said} for {distinct} rows"
        )
    if not plan.total_honest:
        return Proof("W1", "not-available", "the profile says that totalResults is not the number of rows")
    if min(found.totals) != most:
        return Proof("W1", "failed", f"totalResults is not constant: {min(found.totals)} to {most}")
    if most < distinct:
        return Proof("W1", "failed", f"totalResults is {most} and {distinct} distinct rows came")
    if found.told > distinct + len(found.gone):
        return Proof("W1", "not-available", f"an earlier pass was told of {found.told} rows, and not all of them came")
    if found.mode == "dump":
        return Proof("W1", "not-available", f"totalResults is {most}, but nothing can be asked past it")
    if most in plan.round_caps or most in found.sizes:
        return Proof("W1", "not-available", f"totalResults is {most}, which may as well be a limit of the server")
    if found.end.outcome != "passed":
        return Proof("W1", "not-available", f"totalResults is {most}; the end is not shown")
    return Proof("W1", "passed", f"totalResults is {most} throughout and {distinct} distinct rows came")


def walk_proofs(found: Evidence, plan: Plan) -> tuple[Proof, Proof, Proof]:
    """W1 to W3, from the walk alone."""
    return (
        honest_total(found, plan),
        Proof("W2", found.contiguity.outcome, found.contiguity.detail),
        Proof("W3", found.end.outcome, found.end.detail),
    )


def judge(found: Evidence, proofs: Sequence[Proof], plan: Plan) -> Walk:
    """Did we receive every row this endpoint gives?

    ``complete`` when W2 and W3 hold, nothing failed, and W1 holds or, where the total says nothing, one of W4 to W8
    does. A dump cannot have W3 and needs W5 or W8. One failure cannot be outvoted.
    """
    against = list(found.faults)
    if plan.row_cap is not None and len(found.ids) >= plan.row_cap:
        against.append(f"the server gives at most {plan.row_cap} rows, and {len(found.ids)} came")
    against += [
        f"{p.name}: {p.detail}" for p in proofs if p.outcome == "failed" and p.voids_walk and p.detail not in against
    ]
    if against:
        more = len(against) - _SHOWN
        return Walk("incomplete", "; ".join(against[:_SHOWN]) + (f"; and {more} more" if more > 0 else ""))
    if not found.ids:
        return Walk("unprovable", "no rows came; zero rows prove nothing")
    if plan.quick:
        return Walk("unprovable", "second passes and probes were skipped (quick)")
    held = {proof.name for proof in proofs if proof.outcome == "passed"}
    if found.mode == "dump":
        if "W2" in held and held & _OUTSIDE:
            return Walk("complete", _words(held))
        return Walk(
            "unprovable", "one list without paging, and neither a roster probe (W5) nor a seat count (W8) confirms it"
        )
    if {"W2", "W3"} <= held and ("W1" in held or held & _INDEPENDENT):
        return Walk("complete", _words(held))
    missing = [proof for proof in proofs if proof.name in {"W1", "W2", "W3"} and proof.outcome != "passed"]
    return Walk("unprovable", "; ".join(f"{proof.name} is missing: {proof.detail}" for proof in missing))


def judge_scope(
    stated: Scope, canary: Literal["seen", "missing"] | None, seats: Outcome
) -> tuple[Scope, tuple[str, ...]]:
    """Does this endpoint show every account of the app?

    :param stated: what the profile's sources say.
    :param canary: whether the accounts made by hand were listed; None where none is named.
    :param seats: the outcome of W8.
    :returns: the verdict and the witnesses that lifted it.
    """
    if canary == "missing":
        return Scope("partial", "an account made by hand is not listed (W7)"), ()
    if seats == "passed":
        return Scope("all", "the app's console shows as many accounts as were listed (W8)"), ("W8",)
    if seats == "failed" and stated.state != "partial":
        return Scope("unknown", "the app's console shows another number of accounts than were listed (W8)"), ()
    if stated.state == "unknown" and canary == "seen":
        return Scope("all", "an account made by hand is listed (W7)"), ("W7",)
    return stated, ()


def _words(held: set[str]) -> str:
    return "proven by " + ", ".join(sorted(held))
