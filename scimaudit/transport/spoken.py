"""Secrets as they would stand in what a server says: a server that gives one away is not quoted, and not kept.

A program that prints the request it got writes a token as it came, or in the spelling of what it prints into: JSON,
HTML, a URL, a dump in hex, base64 or two bytes a letter.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, quote_plus

_GUESSABLE: Final = 16
"""Letters below which a secret is no token: it could stand in an answer by chance."""
_JSON: Final = str.maketrans({letter: f"\\u{ord(letter):04X}" for letter in "\"&'+<>`"})
_HIDDEN: Final = "(its words are left out, for they hold the credentials)"


def forms(secrets: Iterable[str]) -> tuple[bytes, ...]:
    """Every secret that is too long to be met by chance, in each form that it may be written in."""
    found: dict[bytes, None] = {}
    for secret in secrets:
        if len(secret) >= _GUESSABLE:
            found |= dict.fromkeys((*_spelled(secret), *_coded(secret.encode())))
    return tuple(found)


def quoted(words: str, secrets: Iterable[str]) -> str:
    """Somebody else's words as they may be shown: a sentence in their place where they give a secret away.

    Words cost nothing when they are left out, so here a short secret counts too. What is no letter, such as half of
    one that JSON spells in two, is a question mark, for nothing could write it down.
    """
    known = tuple(secrets)
    said = words.encode("utf-8", "replace")
    short = (form for secret in known if secret for form in _spelled(secret))
    return _HIDDEN if any(form in said for form in (*forms(known), *short)) else said.decode()


def _spelled(secret: str) -> Iterable[bytes]:
    """As JSON, HTML and links spell it; a slash may have a backslash before it in JSON."""
    marks = secret.translate(_JSON)
    linked = {quote(secret, safe=""), quote(secret, safe="/"), quote_plus(secret)}
    texts = {
        secret, secret.replace("/", r"\/"), marks, marks.lower() if marks != secret else secret,
        html.escape(secret), html.escape(secret).replace("&#x27;", "&#39;"), *linked, *map(_low, linked),
    }  # fmt: skip
    return (text.encode() for text in texts)


def _low(link: str) -> str:
    """A percent-encoded text with its digits in small letters."""
    head, *rest = link.split("%")
    return head + "".join(f"%{part[:2].lower()}{part[2:]}" for part in rest)


def _coded(secret: bytes) -> Iterable[bytes]:
    """In base64 wherever in a text it begins, in hex, backwards, and with two bytes a letter."""
    for before in range(3):
        # The letters at both ends of the code hold bits of what stands beside the secret.
        code = base64.b64encode(bytes(before) + secret)
        core = code[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
        yield core
        yield core.translate(bytes.maketrans(b"+/", b"-_"))
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    yield secret[::-1]
    letters = [bytes((byte,)) for byte in secret]
    yield b"\0".join(letters)
    yield b"\\u0000".join(letters)  # which is how JSON writes it
