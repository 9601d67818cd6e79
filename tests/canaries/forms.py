"""Canary secrets, and every form in which something may give one away; written without the product's own list of them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import quote

MARK: Final = "cAn4ry/+Q7=zx9"
"""What every canary begins with: letters of both cases, and what JSON, links and base64 write in another way."""

ENCODINGS: Final[Mapping[str, Callable[[str], str]]] = {
    "plain": lambda text: text,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "URL": lambda text: quote(text, safe=""),
    "reversed": lambda text: text[::-1],
    "UTF-16": lambda text: "\0".join(text) + "\0",
}


def canary(name: str) -> str:
    """The secret of that name."""
    return f"{MARK}-{name}-{base64.b32encode(name.encode())[:10].decode().lower()}"


def needles() -> dict[str, list[bytes]]:
    """Encoding to the forms in which the mark itself would be seen, whatever stands before and after it."""
    cores = []
    for before in range(3):
        code = base64.b64encode(b"\0" * before + MARK.encode())
        cores.append(code[(0, 2, 3)[before] : (before + len(MARK)) * 8 // 6])
    return {
        "plain": [MARK.encode(), MARK.replace("/", r"\/").encode(), MARK.replace("+", r"\u002b").encode()],
        "base64": [*cores, *(core.replace(b"+", b"-").replace(b"/", b"_") for core in cores)],
        "hex": [MARK.encode().hex().encode(), MARK.encode().hex().upper().encode()],
        "URL": [quote(MARK, safe="").encode(), quote(MARK, safe="/").encode(), quote(MARK, safe="").lower().encode()],
        "reversed": [MARK[::-1].encode()],
        "UTF-16": [MARK.encode("utf-16-le")[:-1]],
    }


def hits(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Each encoding in which a canary stands in the data, with what stands around it."""
    for encoding, forms in needles().items():
        for form in forms:
            place = data.find(form)
            if place >= 0:
                yield encoding, data[max(0, place - 80) : place + 120]
                break
