"""Files of allowed signers (ssh-keygen(1), ALLOWED SIGNERS), read where there is no ``ssh-keygen`` to read them.

A line that is not understood in every part allows nobody. Certificates are not followed: a line for an authority that
makes them allows nobody either.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import translate
from functools import cache
from typing import Final

from scimaudit.evidence.sshsig import KINDS

_OPTION: Final = re.compile(r'([A-Za-z-]+)(?:="([^"\\]*)")?(,(?=[A-Za-z-])|$)')
_TIME: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z?)", re.ASCII)
_BLANKS: Final = " \t"
_LONGEST: Final = 1000
"""Letters of a list of patterns; ssh takes a longer pattern for none."""


@dataclass(frozen=True)
class Line:
    """One line: who signs with a key, for which namespaces (``None``: for all), and from when to when."""

    number: int
    principals: str
    key: bytes
    namespaces: str | None = None
    after: datetime | None = None
    before: datetime | None = None

    def refuses(self, namespace: str, at: datetime | None) -> str:
        """Why it does not allow a signature; empty where it does.

        :param at: when it is looked at; without it a line that is bounded in time allows nothing.
        """
        if self.namespaces is not None and not _listed(namespace, self.namespaces):
            return f"its namespaces are {self.namespaces}"
        if at is None and (self.after or self.before):
            return "it is bounded in time, and it is not told what time it is"
        if at and self.after and at < self.after:
            return f"the key is valid from {self.after:%Y-%m-%d} on"
        if at and self.before and at > self.before:
            return f"the key was valid until {self.before:%Y-%m-%d}"
        return ""

    @property
    def signer(self) -> str:
        """The first of its principals that it allows; empty where it allows none."""
        named = (each for each in self.principals.split(",") if not each.startswith("!"))
        return next((each for each in named if _listed(each, self.principals)), "")


def who(text: str, key: bytes, namespace: str, at: datetime | None) -> tuple[str, str]:
    """Whom a file of allowed signers lets sign with a key; where that is nobody, why not, as far as a line says.

    :param key: the public key as ssh sends it.
    """
    why = ""
    for number, told in enumerate(text.split("\n"), 1):
        if not told.strip() or told.lstrip(_BLANKS).startswith("#"):
            continue
        try:
            line = parse(told.rstrip("\r"), number)
        except ValueError as error:
            # It may have been meant for another key: told only where nothing better is.
            why = why or f"line {number}: {error}"
            continue
        if line.key != key:
            continue
        reason = line.refuses(namespace, at) or ("" if line.signer else "it names nobody")
        if not reason:
            return line.signer, ""
        why = f"line {number}: {reason}"
    return "", why


def parse(text: str, number: int) -> Line:
    """Read one line.

    :raises ValueError: a part of it is not understood.
    """
    if any(ord(letter) < 32 and letter != "\t" for letter in text):
        raise _wrong("it holds a control character")
    principals, _, rest = text.strip(_BLANKS).replace("\t", " ").partition(" ")
    rest = rest.lstrip(_BLANKS)
    if '"' in principals:
        raise _wrong("a quoted principal is not understood without ssh-keygen")
    if len(principals) > _LONGEST:
        raise _wrong("it is longer than ssh reads")
    options = ""
    if rest.partition(" ")[0] not in KINDS:
        options, rest = _apart(rest)
    kind, _, more = rest.partition(" ")
    if kind not in KINDS:
        raise _wrong("it names no key of a kind that can be checked without ssh-keygen")
    told = more.lstrip(_BLANKS).partition(" ")[0]
    try:
        key = base64.b64decode(told, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _wrong("its key cannot be read") from error
    # Python reads over padding too many, and over bits behind the last byte.
    if base64.b64encode(key) != told.encode() or not key.startswith(len(kind).to_bytes(4) + kind.encode()):
        raise _wrong("its key cannot be read")
    bounds: dict[str, str] = {}
    for name, value in _options(options):
        if name in bounds:
            raise _wrong(f"it says {name} twice")
        bounds[name] = value
    if len(bounds.get("namespaces", "")) > _LONGEST:
        raise _wrong("it is longer than ssh reads")
    after, before = (_time(bounds[name]) if name in bounds else None for name in ("valid-after", "valid-before"))
    if after and before and before <= after:
        raise _wrong("valid-before is not after valid-after")
    return Line(number, principals, key, bounds.get("namespaces"), after, before)


def _wrong(why: str) -> ValueError:
    return ValueError(why)


def _apart(rest: str) -> tuple[str, str]:
    """Options and what follows them; a blank inside quotes belongs to the option."""
    quoted = False
    for at, letter in enumerate(rest):
        quoted ^= letter == '"'
        if letter == " " and not quoted:
            return rest[:at], rest[at:].lstrip(_BLANKS)
    raise _wrong("it names no key")


def _options(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        found = _OPTION.match(text, at)
        name = found[1].lower() if found else ""
        if not found or name not in ("namespaces", "valid-after", "valid-before") or found[2] is None:
            if name == "cert-authority":
                raise _wrong("it is for certificates of an authority, which are not followed without ssh-keygen")
            raise _wrong(f"the option {text[at:].partition(',')[0][:40]!r} is not understood")
        yield name, found[2]
        at = found.end()


def _time(text: str) -> datetime:
    """``YYYYMMDD`` or ``YYYYMMDDHHMM[SS]``, in the machine's zone, or with ``Z`` in UTC."""
    found = _TIME.fullmatch(text)
    if not found:
        raise _wrong(f"{text[:40]!r} is no time")
    told = datetime(*(int(part or 0) for part in found.groups()[:6]), tzinfo=UTC)  # type: ignore[misc,arg-type]
    return told if found[7] else told.replace(tzinfo=None).astimezone(UTC)


def _listed(text: str, patterns: str) -> bool:
    """Whether a list of patterns has it: ``*`` and ``?`` stand for letters; one with ``!`` that has it excludes it."""
    found = False
    for pattern in patterns.split(","):
        if _pattern(pattern.removeprefix("!")).match(text):
            if pattern.startswith("!"):
                return False
            found = True
    return found


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(translate(text.replace("[", "[[]")))
