"""A campaign on disk: ``campaigns/<id>/`` with what was frozen when it was opened, and what came after."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from scimaudit.errors import ConfigError, IntegrityError
from scimaudit.snapshot.store import write_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

Basis = Literal["manager", "app-owner", "entitlement-owner", "fallback", "delegate"]
Verdict = Literal["certify", "revoke", "modify", "abstain"]
VERDICTS: Final[tuple[Verdict, ...]] = ("certify", "revoke", "modify", "abstain")
Lapse = Literal["revoke", "certify", "open"]
_Kept = TypeVar("_Kept")
_ADAPTERS: Final[dict[type, TypeAdapter[Any]]] = {}


@dataclass(frozen=True)
class Item:
    """One thing to decide on: a right that an account holds, or an account that holds none.

    :param attribute: kind of the right; empty where the account itself is the item. ``value``: the right's id.
    :param subjects: the people who gain by it (person_id): the owner, every possible owner, who answers for a machine.
    :param granted_by: person_id of who approved it, where that is known.
    :param means: what the right is, in words. ``why``: why it is held. ``unusual``: what speaks against it.
    :param recommended: ``certify``, ``revoke`` or nothing; ``because``: the reason.
    :param reviewer: person_id of who is to decide, ``reviewer_name`` and ``reviewer_mail`` of the same.
    """

    item_id: str
    app: str
    account_id: str
    account: str
    account_kind: str
    active: bool | None
    last_login: str
    person_id: str
    person: str
    attribute: str
    value: str
    display: str
    privileged: bool
    means: str
    why: str
    unusual: str
    recommended: str
    because: str
    subjects: tuple[str, ...]
    granted_by: str
    reviewer: str = ""
    reviewer_name: str = ""
    reviewer_mail: str = ""
    basis: Basis = "fallback"


@dataclass(frozen=True)
class Accepted:
    """A doubt about an app, or about the rosters, that somebody answers for."""

    subject: str
    doubt: str
    by: str
    reason: str


@dataclass(frozen=True)
class Opened:
    """What was said when the campaign was opened.

    :param items: digest of the frozen items.
    :param left_out: what is not in the population, in words.
    """

    id: str
    title: str
    snapshot_id: str
    audit_id: str
    opened_at: datetime
    opened_by: str
    due: date
    apps: tuple[str, ...]
    privileged_only: bool
    order: tuple[str, ...]
    accepted: tuple[Accepted, ...]
    items: str
    left_out: tuple[str, ...]
    format: int = 1


@dataclass(frozen=True)
class Decision:
    """What one reviewer decided of one item.

    :param seconds: how long the reviewer looked at it, where the form knows.
    :param packet: digest of the packet it came in; ``batch``: decisions that came with it.
    :param received_at: when it was read.
    """

    item_id: str
    decision: Verdict
    reviewer: str
    basis: Basis
    rationale: str
    decided_at: datetime
    seconds: float | None
    packet: str
    batch: int
    received_at: datetime
    file: str


@dataclass(frozen=True)
class Delegation:
    """Items that were handed to another reviewer."""

    item_ids: tuple[str, ...]
    before: str
    after: str
    after_name: str
    after_mail: str
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class Closing:
    """How a campaign ended.

    :param lapse: what undecided items count as.
    :param lapsed: ids of the items that nobody decided.
    :param digest: hash over everything that the statement speaks of.
    """

    closed_at: datetime
    closed_by: str
    lapse: Lapse | None
    lapsed: tuple[str, ...]
    attested_by: str
    statement: str
    digest: str


@dataclass(frozen=True)
class Campaign:
    """A campaign, read from its folder."""

    path: Path

    @cached_property
    def opened(self) -> Opened:
        """What was said when it was opened.

        :raises IntegrityError: it cannot be read.
        """
        with _readable(self.path / "campaign.json"):
            return _read(Opened, (self.path / "campaign.json").read_bytes())

    @cached_property
    def frozen(self) -> tuple[Item, ...]:
        """The items as they were frozen.

        :raises IntegrityError: they were changed since.
        """
        path = self.path / "items.jsonl"
        with _readable(path):
            data = path.read_bytes()
            if digest([data]) != self.opened.items:
                raise IntegrityError(f"the items of the campaign {self.opened.id} were changed since it was opened")
            return tuple(_read(Item, line) for line in data.splitlines())

    def items(self) -> tuple[Item, ...]:
        """The items with the reviewers they have now."""
        moved: dict[str, Delegation] = {}
        for each in self.delegations():
            moved |= dict.fromkeys(each.item_ids, each)
        return tuple(_delegated(item, moved.get(item.item_id)) for item in self.frozen)

    def delegations(self) -> list[Delegation]:
        """What was handed on, oldest first."""
        return [_read(Delegation, data) for data in self._files("delegations")]

    def imports(self) -> list[list[Decision]]:
        """The decisions of each import, oldest first.

        :raises IntegrityError: one cannot be read.
        """
        return [[_read(Decision, line) for line in data.splitlines()] for data in self._files("decisions")]

    def standing(self) -> dict[str, Decision]:
        """The decision that counts of each item that has one: the last."""
        return {each.item_id: each for batch in self.imports() for each in batch}

    @property
    def closing(self) -> Closing | None:
        """How it ended, or ``None`` while it is open."""
        path = self.path / "closing.json"
        if not path.exists():
            return None
        with _readable(path):
            return _read(Closing, path.read_bytes())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """While the block runs nobody else changes the campaign.

        :raises ConfigError: somebody does.
        """
        try:
            with FileLock(self.path / "campaign.lock", timeout=0):
                yield
        except Timeout as error:
            raise ConfigError(f"somebody else is at work on the campaign {self.path.name}", hint="try again") from error

    def add_decisions(self, decisions: Sequence[Decision]) -> None:
        """Keep the decisions of one import: all of them, or after a crash none."""
        self._add("decisions", b"".join(canonical(each) + b"\n" for each in decisions))

    def add_delegation(self, delegation: Delegation) -> None:
        """Keep a delegation."""
        self._add("delegations", canonical(delegation) + b"\n")

    def close(self, closing: Closing) -> None:
        """Keep how it ended; from then on nothing is added."""
        write_bytes(canonical(closing) + b"\n", self.path / "closing.json")

    def record(self) -> str:
        """Digest over everything that was said and decided."""
        return digest(path.read_bytes() for path in self._record())

    def _record(self) -> list[Path]:
        names = [self.path / "campaign.json", self.path / "items.jsonl"]
        return names + sorted((self.path / "delegations").glob("*.json*")) + sorted(
            (self.path / "decisions").glob("*.jsonl")
        )  # fmt: skip

    def _files(self, folder: str) -> list[bytes]:
        paths = sorted((self.path / folder).glob("*.jsonl"))
        return [path.read_bytes() for path in paths]

    def _add(self, folder: str, data: bytes) -> None:
        number = len(list((self.path / folder).glob("*.jsonl"))) + 1
        (self.path / folder).mkdir(exist_ok=True)
        write_bytes(data, self.path / folder / f"{number:05}.jsonl")


def create(store: Path, opened: Opened, items: Sequence[Item]) -> Campaign:
    """Write a new campaign.

    :raises ConfigError: there is one of that id, somebody else is at work on it, or the newest was opened later.
    """
    campaign = Campaign(store / "campaigns" / opened.id)
    folder = campaign.path
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with campaign.locked():
        if (folder / "campaign.json").exists():
            raise ConfigError(f"there is a campaign {opened.id} already", hint="name the new one otherwise: --id")
        newest = max((each.opened.opened_at for each in campaigns(store)), default=opened.opened_at)
        if opened.opened_at < newest:
            # Of two decisions on a right the newer campaign's counts, and the newest one is found by this.
            here, there = opened.opened_at.isoformat(), newest.isoformat()
            raise ConfigError(
                f"the clock says {here} and the newest campaign was opened at {there}", hint="set the clock"
            )
        data = b"".join(canonical(item) + b"\n" for item in items)
        write_bytes(data, folder / "items.jsonl")
        # The campaign is there when this file is.
        write_bytes(canonical(opened) + b"\n", folder / "campaign.json")
    return campaign


def campaigns(store: Path) -> list[Campaign]:
    """All campaigns of a store, by when they were opened."""
    found = [Campaign(path.parent) for path in sorted((store / "campaigns").glob("*/campaign.json"))]
    return sorted(found, key=lambda campaign: (campaign.opened.opened_at, campaign.opened.id))


def find(store: Path, name: str | None) -> Campaign:
    """The campaign of that id, or the newest.

    :raises ConfigError: there is none; lists the known ones.
    """
    known = campaigns(store)
    for campaign in reversed(known):
        if name in (None, campaign.opened.id):
            return campaign
    hint = "known campaigns: " + ", ".join(each.opened.id for each in known) if known else "scimaudit review open"
    raise ConfigError(f"there is no campaign {name}" if name else "there is no campaign", hint=hint)


def digest(parts: Iterable[bytes]) -> str:
    """SHA-256 over the parts, each with its length before it, in hex."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()


def canonical(value: Any) -> bytes:
    """A dataclass as one line of JSON: keys sorted, times in UTC."""
    plain = _adapter(type(value)).dump_python(value, mode="json") if not isinstance(value, dict) else value
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _adapter(kind: type) -> TypeAdapter[Any]:
    # Making one costs far more than using it: a campaign has a line for every item, and most commands read none.
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def _read(kind: type[_Kept], data: bytes) -> _Kept:
    found: _Kept = _adapter(kind).validate_json(data)
    return found


def _delegated(item: Item, by: Delegation | None) -> Item:
    if by is None:
        return item
    told = asdict(item) | {
        "reviewer": by.after, "reviewer_name": by.after_name, "reviewer_mail": by.after_mail, "basis": "delegate",
    }  # fmt: skip
    return Item(**told)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValidationError) as error:
        raise IntegrityError(f"{path} cannot be read", hint="put back the file as it was") from error
