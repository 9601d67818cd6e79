"""What a scenario is: a world, the way its server deviates, and the verdicts a lister may give."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from scimaudit.errors import SourceError
from scimaudit.sources import Outcome, ScopeState, WalkState
from tests.faults.compose import Behaviour
from tests.faults.world import World, world_of

Family = Literal["well-behaved", "paging", "cursor", "envelope", "rows", "groups", "witnesses", "scope", "transport"]

COMPLETE: frozenset[WalkState] = frozenset({"complete"})
INCOMPLETE: frozenset[WalkState] = frozenset({"incomplete"})
UNPROVABLE: frozenset[WalkState] = frozenset({"unprovable"})
NOT_COMPLETE: frozenset[WalkState] = frozenset({"incomplete", "unprovable"})
BROKEN_OFF: frozenset[WalkState] = frozenset({"incomplete", "failed"})
NEVER: frozenset[WalkState] = frozenset()
UNKNOWN: frozenset[ScopeState] = frozenset({"unknown"})


@dataclass(frozen=True)
class Scenario:
    """One misbehaviour and what may be said about it.

    :param catalogue: where it is listed: M1 to M48 and L1 to L26 of the provider notes.
    :param story: what the server does, in one sentence.
    :param walk: the walk states that are right; empty where only the error is.
    :param error: the error that may be raised, in place of a listing.
    :param entitlements: the states that are right for ``/Groups``; ``None``: not the point here.
    :param mentions: words of which the verdict, a note or the error must hold each; ``a|b`` is either.
    :param witnesses: outcomes that are right per witness, by its number, such as ``W5``.
    :param exact: columns (``active``, ``emails``) that must equal the truth, where elsewhere they may also be unknown.
    :param settings: the source's settings beyond address and token.
    :param profile: facts of a provider's profile made for the scenario; ``None``: nothing is known of the server.
    :param people: log-in names of leavers on the roster, made of the world.
    :param remembered: account ids of the last complete listing, made of the world.
    :param listed: number of rows that must have been kept, whatever the verdict.
    :param requests: the most requests that may be made.
    :param patience: seconds without a byte until the lister gives up a read; three times that for a whole request.
    """

    name: str
    catalogue: str
    family: Family
    story: str
    behaviours: tuple[Behaviour, ...] = ()
    world: Callable[[], World] = field(default_factory=world_of)
    walk: frozenset[WalkState] = NEVER
    scope: frozenset[ScopeState] = UNKNOWN
    entitlements: frozenset[WalkState] | None = None
    error: type[SourceError] | tuple[type[Exception], ...] | None = None
    mentions: tuple[str, ...] = ()
    witnesses: Mapping[str, frozenset[Outcome]] = field(default_factory=dict)
    exact: frozenset[str] = frozenset()
    settings: Mapping[str, Any] = field(default_factory=dict)
    profile: Mapping[str, Any] | None = None
    people: Callable[[World], tuple[str, ...]] | None = None
    remembered: Callable[[World], tuple[str, ...]] | None = None
    quick: bool = False
    listed: Callable[[World], int] | None = None
    requests: int = 300
    patience: float = 5.0

    @property
    def names_of_errors(self) -> tuple[str, ...]:
        """The error classes' names."""
        kinds = self.error if isinstance(self.error, tuple) else (self.error,) if self.error else ()
        return tuple(kind.__name__ for kind in kinds)


PASSED: frozenset[Outcome] = frozenset({"passed"})
FAILED: frozenset[Outcome] = frozenset({"failed"})
NOT_AVAILABLE: frozenset[Outcome] = frozenset({"not-available"})
NOT_PASSED: frozenset[Outcome] = frozenset({"failed", "not-available"})
NOT_FAILED: frozenset[Outcome] = frozenset({"passed", "not-available"})
