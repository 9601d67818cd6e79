"""Where rosters and listings come from: a file in this folder is its own registration.

A source module holds one frozen pydantic model called ``Source``. Its fields are its keys in ``scimaudit.toml``; its
``collect`` writes raw bodies and table rows into a :class:`Sink` and returns a :class:`Listing` with both verdicts, or
raises :class:`~scimaudit.errors.SourceError`.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from scimaudit.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow as pa

WalkState = Literal["complete", "incomplete", "unprovable", "failed"]
ScopeState = Literal["all", "partial", "unknown"]
Outcome = Literal["passed", "failed", "not-available"]


@dataclass(frozen=True)
class Walk:
    """Did we receive every row this endpoint gives?"""

    state: WalkState
    reason: str = ""


NO_ENTITLEMENTS: Final = Walk("unprovable", "no entitlements were listed")
"""What a listing without a single right says of rights."""


@dataclass(frozen=True)
class Scope:
    """Does this endpoint show every account of the app?"""

    state: ScopeState
    reason: str = ""


@dataclass(frozen=True)
class Witness:
    """One independent check of a listing: W1 honest total … W9 detail parity."""

    name: str
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True)
class Rejected:
    """A row that could not be read.

    :param place: line or row in the raw body, as a person would count it.
    :param digest: first 16 hex digits of the SHA-256 of the raw row; the operator acknowledges it by this.
    """

    place: int
    reason: str
    digest: str


@dataclass(frozen=True)
class Cost:
    """What the listing asked of the server."""

    requests: int = 0
    bytes: int = 0
    seconds: float = 0.0
    waited: float = 0.0


@dataclass(frozen=True)
class Listing:
    """What one pull of one source brought, and what it proves.

    ``received = parsed + rejected`` always holds.

    :param entitlements: the verdict over ``/Groups``: whether the *absence* of a grant means anything.
    :param attributes: column name to the number of rows that carry it; one that is missing here was never supplied.
    :param scope_lifted_by: names of the witnesses (W7, W8) that raised the scope to ``all``.
    :param facts: what ``check`` shows: provider, paging mode, TLS and the like.
    """

    received: int
    parsed: int
    walk: Walk
    scope: Scope
    entitlements: Walk = NO_ENTITLEMENTS
    rejected: tuple[Rejected, ...] = ()
    as_of: datetime | None = None
    attributes: Mapping[str, int] = field(default_factory=dict)
    witnesses: tuple[Witness, ...] = ()
    scope_lifted_by: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    cost: Cost = Cost()
    facts: Mapping[str, str] = field(default_factory=dict)
    unmapped_status: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.received != self.parsed + len(self.rejected):
            msg = f"received {self.received} is not parsed {self.parsed} + rejected {len(self.rejected)}"
            raise ValueError(msg)


@dataclass(frozen=True)
class Reply:
    """One answer of a server, as received.

    :param headers: lower-case names.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Sink(Protocol):
    """What a source is given to fill. One sink serves one source in one pull."""

    name: str
    """How the configuration spells the source: ``rosters.hr`` or ``apps.slack.listings[0]``."""
    fills: Literal["people", "accounts"]
    """What the rows of this source are."""
    app: str | None
    """The app, where the source is a listing of one."""
    base: Path
    """The folder that relative paths in the configuration are relative to."""
    quick: bool
    """Skip second passes and probes; the walk is then unprovable."""

    @property
    def people(self) -> pa.Table | None:
        """The merged rosters, for the roster probe (W5); rosters are collected before apps."""
        ...

    @property
    def last_ids(self) -> tuple[str, ...]:
        """Account ids that this listing gave last, by its walk or by probes, for the memory witness (W6)."""

    @property
    def last_whole(self) -> bool:
        """Whether its walk was complete then."""
        ...

    def exchange(self, method: str, url: str, send: Callable[[], Reply]) -> tuple[Reply, int]:
        """Record one exchange, or give back the recorded one if an interrupted pull already had it.

        :param send: performs the exchange; called only when it is not on record. What it raises passes through.
        :returns: the reply and the number of its body in the raw record (``raw_body``).
        """
        ...

    def files(self, paths: Sequence[Path]) -> list[Path]:
        """The files that paths and patterns of the configuration name, each once, as :meth:`read` takes them.

        :raises SourceError: a pattern names none.
        """
        ...

    def read(self, path: Path) -> tuple[bytes, int]:
        """Read a file, keep its bytes as a raw body, and give both.

        :raises SourceError: the file cannot be read.
        """
        ...

    def rows(self, table: pa.Table) -> None:
        """Hand over rows of the people, accounts or grants table (by the schema's name); may be called many times."""
        ...

    def progress(self, done: int, total: int | None) -> None:
        """Say how far the listing is."""
        ...

    def tell(self, words: str) -> None:
        """Ask a human to act, such as to sign in with a code."""
        ...

    def now(self) -> datetime:
        """The time, UTC."""
        ...


class Source(Protocol):
    """A frozen pydantic model; its fields are its keys in ``scimaudit.toml``."""

    def collect(self, sink: Sink) -> Listing:
        """Fill ``sink`` and say what was and was not proven.

        :raises SourceError: nothing useful could be had.
        """
        ...


def names() -> tuple[str, ...]:
    """The names of all sources, without importing them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


def load(name: str) -> type[Any]:
    """The model class of the source called ``name``.

    :raises ConfigError: there is no such source; lists the known ones.
    """
    if name not in names():
        raise ConfigError(f"there is no source {name!r}", hint="known sources: " + ", ".join(names()))
    return import_module(f"{__name__}.{name}").Source  # type: ignore[no-any-return]
