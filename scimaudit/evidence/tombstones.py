"""Tombstones: what was removed of a bundle, when, by which rule, with the hash of everything that was removed.

A tombstone is a statement of its own, signed as bundles are, in a folder of the bundle that it is of. It names the
tombstone before it, and the bundle whose statement holds the rule; the next bundle that is sealed names the newest
tombstone. So a file that is missing is told of or it is missing, and nobody removes one by a rule that was not there.
"""

from __future__ import annotations

import calendar
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from scimaudit.config import Evidence
from scimaudit.errors import ConfigError, IntegrityError
from scimaudit.evidence import MANIFEST, SIGNATURE, SNAPSHOT, STATEMENT, SUMS, read, sealed, signing, statement, sums
from scimaudit.evidence.statement import TYPE, Statement
from scimaudit.plural import count

PREDICATE: Final = "urn:scimaudit:tombstone:1"
RAW, WHOLE = "keep_raw_months", "keep_months"
FOLDERS: Final[Mapping[str, str]] = {RAW: "tombstone-raw", WHOLE: "tombstone-bundle"}
"""Rule of the configuration to the folder, in the bundle, of the tombstone that it leaves."""
WHAT: Final[Mapping[str, str]] = {RAW: "raw bodies", WHOLE: "all but the seal"}
LEFT: Final = "is still there, though a tombstone says that it was removed"
"""How a removal reads that did not come to its end."""
_MONTHS: Final = 12
_LINE: Final = re.compile(r"([0-9a-f]{64})  (\S.{,4095})")


@dataclass(frozen=True)
class Place:
    """A bundle or a tombstone by its name and the digest of its statement; ``rule`` is empty for a bundle."""

    bundle: str
    sha256: str
    rule: str = ""


@dataclass(frozen=True)
class Tombstone:
    """What a tombstone says.

    :param folder: where it lies. ``digest``: SHA-256 of its own bytes.
    :param place: the bundle that it is of. ``months``: what the rule was set to, by the bundle ``by``.
    :param before: the tombstone before it; ``None`` for the first. ``removed``: path to SHA-256.
    """

    folder: Path
    digest: str
    rule: str
    place: Place
    months: int
    by: Place
    at: datetime
    before: Place | None
    removed: Mapping[str, str]

    @property
    def signed(self) -> bool:
        """Whether there is a signature."""
        return (self.folder / SIGNATURE).is_file()

    @property
    def named(self) -> Place:
        """How the next tombstone, and the next bundle, name it."""
        return Place(self.place.bundle, self.digest, self.rule)


def plain(place: Place | None) -> dict[str, str] | None:
    """How a statement names a bundle or a tombstone."""
    if place is None:
        return None
    told = {"bundle": place.bundle, "sha256": place.sha256}
    return told | {"rule": place.rule} if place.rule else told


def dump(stone: Tombstone) -> bytes:
    """The bytes of a tombstone's statement."""
    told = {
        "_type": TYPE,
        "subject": [{"name": path, "digest": {"sha256": digest}} for path, digest in sorted(stone.removed.items())],
        "predicateType": PREDICATE,
        "predicate": {
            "bundle": plain(stone.place),
            "rule": {"name": stone.rule, "months": stone.months, "sealed_in": plain(stone.by)},
            "removed_at": stone.at,
            "before": plain(stone.before),
        },
    }
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def of(bundle: Path) -> tuple[Tombstone, ...]:
    """The tombstones of a bundle, that of its raw bodies first.

    :raises IntegrityError: one cannot be read.
    """
    return tuple(_load(bundle / name, rule) for rule, name in FOLDERS.items() if (bundle / name).is_dir())


def every(bundles: Iterable[Path]) -> tuple[Tombstone, ...]:
    """The tombstones of several bundles.

    :raises IntegrityError: one cannot be read.
    """
    return tuple(stone for bundle in bundles for stone in of(bundle))


def newest(stones: Iterable[Tombstone]) -> Tombstone | None:
    """The tombstone that no other names; ``None`` where there is none.

    :raises IntegrityError: there are several.
    """
    found = [*stones]
    named = {stone.before.sha256 for stone in found if stone.before}
    last = [stone for stone in found if stone.digest not in named]
    if len(last) > 1:
        told = ", ".join(stone.folder.as_posix() for stone in last)
        raise IntegrityError(f"the tombstones are no single chain: {told} are all the last")
    return last[0] if last else None


def settings(config: Evidence) -> dict[str, Any]:
    """The rules as a statement holds them."""
    return {RAW: config.keep_raw_months, WHOLE: config.keep_months, "hold": dict(config.hold)}


def last(bundles: Path, now: datetime) -> dict[str, str] | None:
    """The newest tombstone as the next bundle names it; ``None`` where there is none.

    :raises IntegrityError: a tombstone cannot be read or is not what it was, or there are several newest.
    :raises ConfigError: it is of a time to come: a bundle that names it would break the chain for good.
    """
    found = newest(every(sealed(bundles)))
    if found:
        sums.check(found.folder)
    if found and found.at > now:
        raise ConfigError(f"the clock says that {found.folder} is not written yet", hint="set the clock")
    return plain(found.named) if found else None


def ours(path: str) -> bool:
    """Whether a path of a bundle is a part of a tombstone, which no manifest lists."""
    folder, _, name = path.partition("/")
    return folder in FOLDERS.values() and name in {STATEMENT, SIGNATURE, SUMS}


def falls(rule: str, due: Mapping[str, str], before: Iterable[str] = ()) -> dict[str, str]:
    """What a rule removes of the files of a manifest, path to SHA-256.

    :param before: what is removed already.
    """
    already = frozenset(before)
    if rule == WHOLE:
        return {path: digest for path, digest in due.items() if path not in already}
    # What listings that were taken over had been asked by lies in a folder of the same kind, further down.
    raw = [path for path in due if path.startswith(f"{SNAPSHOT}/") and path.endswith(".bodies")]
    return {path: due[path] for path in raw if path not in already}


def later(moment: datetime, months: int) -> datetime:
    """So many calendar months later; the last day of a shorter month, and no day after the last that there is."""
    years, month = divmod(moment.month - 1 + months, _MONTHS)
    year = moment.year + years
    if year > MAXYEAR:
        return datetime.max.replace(tzinfo=UTC)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def sealed_at(told: Statement) -> datetime:
    """When a bundle was sealed, by its statement.

    :raises IntegrityError: it does not say.
    """
    return _moment(told.predicate.get("sealed_at"), told.bundle)


def rules(told: Statement) -> Mapping[str, Any]:
    """The rules of retention that were sealed with a bundle; none where it is older than they are."""
    found = told.predicate.get("retention")
    return found if isinstance(found, Mapping) else {}


def manifest(bundle: Path) -> dict[str, str]:
    """Path to SHA-256 as a bundle's manifest has them; lines that cannot be are for whoever verifies it.

    :raises IntegrityError: it cannot be read.
    """
    try:
        lines = read(bundle, MANIFEST).decode("utf-8", "surrogateescape").split("\n")
    except OSError as error:
        raise IntegrityError(f"{MANIFEST} cannot be read") from error
    return {found[2]: found[1] for found in map(_LINE.fullmatch, lines) if found}


def gone(bundle: Path) -> frozenset[str]:
    """The files that the tombstones of a bundle say were removed; none where one cannot be read."""
    try:
        return frozenset(path for stone in of(bundle) for path in stone.removed)
    except IntegrityError:
        return frozenset()


def judged(
    bundle: Path, told: Statement, *, signers: Path | None = None, at: datetime | None = None
) -> tuple[tuple[Tombstone, ...], list[str]]:
    """The tombstones of a bundle, and what is wrong with them; see :func:`amiss`."""
    try:
        stones = of(bundle)
        return stones, [*amiss(bundle, told, manifest(bundle), stones, signers=signers, at=at)] if stones else []
    except IntegrityError as error:
        return (), [error.message]


def amiss(
    bundle: Path,
    told: Statement,
    due: Mapping[str, str],
    stones: Iterable[Tombstone],
    *,
    signers: Path | None = None,
    at: datetime | None = None,
) -> Iterator[str]:
    """What is wrong with the tombstones of a bundle.

    :param told: its statement. ``due``: the files of its manifest.
    :param signers: who may have signed; with it an unsigned tombstone is a problem.
    :param at: the time now; a tombstone of a later one is a problem.
    """
    before: dict[str, str] = {}
    for stone in stones:
        name = stone.folder.name
        if stone.place != Place(told.bundle, told.digest):
            yield f"{name} is of another bundle"
        if stone.removed != falls(stone.rule, due, before):
            yield f"{name} names other files than the rule {stone.rule} removes, or other hashes than the manifest"
        before |= stone.removed
        yield from (f"{name}: {why}" for why in sums.amiss(stone.folder))
        yield from (f"{name}: {why}" for why in _undue(bundle, told, stone, at))
        if signers is None:
            # Whether it holds is not asked, but a seal with a signature is no seal that anybody may go on from.
            if (bundle / SIGNATURE).is_file() and not stone.signed:
                yield f"{name} is not signed, and the bundle is"
            continue
        try:
            signing.signer(stone.folder, signers, at)
        except IntegrityError as error:
            yield error.message


def _undue(bundle: Path, told: Statement, stone: Tombstone, at: datetime | None) -> Iterator[str]:
    """Whether the rule was sealed when it was applied, and wanted it."""
    if at is not None and stone.at > at:
        yield f"it is of {stone.at:%Y-%m-%d}, which is still to come"
    try:
        if stone.at < later(sealed_at(told), stone.months):
            yield f"nothing was due on {stone.at:%Y-%m-%d}: the bundle was not {count(stone.months, 'month')} old"
        # Resolved first: the folder above "." is "." again.
        beside = {each.bundle: each for each in map(statement.load, sealed(bundle.resolve().parent))}
        ruling = beside.get(stone.by.bundle)
        if ruling is None or ruling.digest != stone.by.sha256:
            yield f"the bundle {stone.by.bundle}, in which its rule was sealed, is not beside it"
            return
        if rules(ruling).get(stone.rule) != stone.months:
            yield f"the rule {stone.rule} = {stone.months} is not the one that was sealed in {ruling.bundle}"
        if told.bundle in (rules(ruling).get("hold") or {}):
            yield f"the bundle was on hold, as was sealed in {ruling.bundle}"
        before = [each for each in beside.values() if not each.pseudonymised and sealed_at(each) <= stone.at]
        last = max(before, key=sealed_at, default=None)
        if last is None or last.digest != ruling.digest:
            yield f"{ruling.bundle} was not the newest bundle on {stone.at:%Y-%m-%d}"
        if ruling.digest == told.digest:
            yield "it was the newest bundle, of which nothing is removed"
    except IntegrityError as error:
        yield error.message


def unchained(found: Iterable[Statement], bundles: Iterable[Path]) -> Iterator[str]:
    """What is wrong with the tombstones of several bundles as a chain, and with what the bundles say of them.

    :param found: the statements of the bundles.
    """
    try:
        known = {stone.digest: stone for stone in every(bundles)}
        yield from _unlinked(known)
        for each in found:
            yield from _unnamed(each, known)
    except IntegrityError as error:
        yield error.message


def _unlinked(known: Mapping[str, Tombstone]) -> Iterator[str]:
    """Whether tombstones, by their digests, are one chain."""
    firsts = [stone for stone in known.values() if stone.before is None]
    if len(firsts) > 1:
        yield "several tombstones name none before them: " + ", ".join(_said(stone.named) for stone in firsts)
    after: dict[str, list[Tombstone]] = {}
    for stone in known.values():
        if stone.before is None:
            continue
        after.setdefault(stone.before.sha256, []).append(stone)
        earlier = known.get(stone.before.sha256)
        if earlier is None:
            yield f"{_said(stone.before)}, before {_said(stone.named)}, is missing, or another one now"
        elif earlier.at > stone.at:
            yield f"{_said(stone.named)} is older than the one that it names as the one before"
    for stones_after in after.values():
        if len(stones_after) > 1:
            yield "several tombstones follow one: " + ", ".join(_said(stone.named) for stone in stones_after)


def _unnamed(told: Statement, known: Mapping[str, Tombstone]) -> Iterator[str]:
    """A bundle names the newest tombstone of its time, and none where there was none."""
    if "tombstone" not in told.predicate:
        return
    moment, named = sealed_at(told), _place(told.predicate["tombstone"])
    then = {digest: stone for digest, stone in known.items() if stone.at <= moment}
    followed = {stone.before.sha256 for stone in then.values() if stone.before}
    if named is not None and named.sha256 not in then:
        yield f"{_said(named)}, which {told.bundle} names, is missing, or another one now"
    elif then.keys() - followed != ({named.sha256} if named else set()):
        yield f"{told.bundle} does not name the newest tombstone of its time, so one was put there later"


def _load(folder: Path, rule: str) -> Tombstone:
    path = folder / STATEMENT
    try:
        data = read(folder, STATEMENT)
        told = orjson.loads(data)
        said = told["predicate"]
        removed = {str(each["name"]): str(each["digest"]["sha256"]) for each in told["subject"]}
        place, by = _place(said["bundle"]), _place(said["rule"]["sealed_in"])
        moment, months = _moment(said["removed_at"], path.as_posix()), int(said["rule"]["months"])
        kinds = (told["_type"], told["predicateType"], said["rule"]["name"])
        before = _place(said["before"])
    except FileNotFoundError as error:
        raise IntegrityError(f"{folder} has no {STATEMENT}") from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise IntegrityError(f"{path} cannot be read as a tombstone") from error
    if kinds != (TYPE, PREDICATE, rule) or place is None or by is None or months < 1:
        raise IntegrityError(f"{path} is no tombstone of the rule {rule}")
    stone = Tombstone(folder, hashlib.sha256(data).hexdigest(), rule, place, months, by, moment, before, removed)
    # A key that is there twice is read by one reader as its first value and by another as its last.
    if dump(stone) != data:
        raise IntegrityError(f"{path} is not as a tombstone is written")
    return stone


def _place(told: Any) -> Place | None:
    return None if told is None else Place(str(told["bundle"]), str(told["sha256"]), str(told.get("rule", "")))


def _moment(told: Any, whose: str) -> datetime:
    try:
        moment = datetime.fromisoformat(told)
    except (TypeError, ValueError) as error:
        raise IntegrityError(f"{whose} does not say when it was written") from error
    if moment.tzinfo is None:
        raise IntegrityError(f"{whose} does not say in which zone its time is")
    return moment


def _said(place: Place) -> str:
    return f"{place.bundle}/{FOLDERS.get(place.rule, 'tombstone')}"
