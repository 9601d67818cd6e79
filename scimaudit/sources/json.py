"""A roster or an app's export as JSON (RFC 8259): a list of objects, at the top or on a declared path."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NoReturn

from pydantic import Field, field_validator

from scimaudit.errors import Malformed
from scimaudit.plural import count
from scimaudit.sources import Rejected
from scimaudit.sources._decoding import decode, known_encoding
from scimaudit.sources._export import Export
from scimaudit.sources._grid import Cell, Grid, reject
from scimaudit.sources._headings import Wanted
from scimaudit.sources._objects import Number, flat, header

_TOTALS: Final = frozenset(["total", "totalresults", "totalcount", "total_count", "totalelements", "@odata.count"])
_MORE: Final = frozenset(
    [
        "next",
        "nextlink",
        "@odata.nextlink",
        "nextpage",
        "next_page",
        "nextpagetoken",
        "next_page_token",
        "nextcursor",
        "next_cursor",
        "hasmore",
        "has_more",
    ]
)

_PAGING: Final = frozenset(["meta", "metadata", "response_metadata", "page", "paging", "pagination", "links", "_links"])


class Source(Export):
    """``source = "json"``: a list of objects. A heading is a key, or a path of keys such as ``name.givenName``."""

    encoding: str | None = Field(None, description="how the file was saved; default: its byte order mark, else UTF-8")
    items: str = Field("", description="path to the list, such as data.users; empty: the list is the whole file")

    @field_validator("encoding")
    @classmethod
    def _encoding_is_known(cls, name: str | None) -> str | None:
        return known_encoding(name) if name else None

    def read(self, data: bytes, wanted: Wanted) -> Grid:  # noqa: ARG002 - keys name themselves, there is no header to find
        """See :meth:`Export.read`."""
        text, encoding = decode(data, self.encoding)
        root = _parse(text)
        items, around = _items(root, self.items)
        if not items:
            raise Malformed("the list is empty", hint="export it again")
        rows: list[dict[str, Cell]] = []
        places: list[int] = []
        rejected: list[Rejected] = []
        for place, item in enumerate(items, 1):
            if isinstance(item, dict):
                rows.append(flat(item))
                places.append(place)
            else:
                rejected.append(reject(place, f"is {_kind(item)}, not an object", _raw(item)))
        found = header(rows)
        return Grid(
            header=found,
            columns=[[row.get(path) for row in rows] for path in found],
            places=places,
            raw=lambda index: _raw(items[places[index] - 1]),
            unit="item",
            rejected=tuple(rejected),
            doubt=_doubt(around, len(items)),
            facts={"encoding": encoding, "items": self.items or "the whole file"},
        )


def _parse(text: str) -> Any:
    try:
        return json.loads(
            text, object_pairs_hook=_once, parse_int=Number, parse_float=Number, parse_constant=_no_constant
        )
    except json.JSONDecodeError as error:
        raise Malformed(f"line {error.lineno} is not JSON: {error.msg}", hint="export the file again, whole") from error
    except RecursionError as error:
        raise Malformed("it is nested too deeply", hint="export a flat list of objects") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for index, (key, _) in enumerate(pairs) if any(key == other for other, _ in pairs[:index]))
        raise Malformed(
            f"an object has the key {twice!r} twice", hint="which value holds cannot be known; export it again"
        )
    return found


def _no_constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not JSON", hint="export the file again")


def _items(root: Any, path: str) -> tuple[list[Any], list[Mapping[str, Any]]]:
    """The list at ``path``, and the objects passed on the way there.

    :raises Malformed: there is no list; names the paths that are lists.
    """
    here: Any = root
    around: list[Mapping[str, Any]] = []
    for key in path.split(".") if path else ():
        if not isinstance(here, dict) or key not in here:
            raise Malformed(f"there is nothing at items = {path!r}", hint=_where_lists_are(root))
        around.append(here)
        here = here[key]
    if not isinstance(here, list):
        raise Malformed(f"{path or 'the whole file'} is {_kind(here)}, not a list", hint=_where_lists_are(root))
    return here, around


def _where_lists_are(root: Any) -> str:
    found = sorted(_lists(root, "", 3))
    return (
        f"lists stand at: {', '.join(found)}; declare one as items" if found else "the file must hold a list of objects"
    )


def _lists(value: Any, path: str, depth: int) -> Iterator[str]:
    if isinstance(value, list) and path:
        yield path
    elif isinstance(value, dict) and depth:
        for key, inner in value.items():
            yield from _lists(inner, f"{path}.{key}" if path else key, depth - 1)


def _doubt(around: Sequence[Mapping[str, Any]], received: int) -> str:
    """What the objects around the list say against its being whole: a next page, or another total."""
    for key, value in (pair for outer in around for pair in _paging(outer)):
        word = key.casefold()
        if word in _MORE and value not in (None, False, "", [], {}):
            return f"the file is one page of several: it says {key}"
        if word in _TOTALS and isinstance(value, Number) and value != str(received):
            return f"the file says {key} = {value} and holds {count(received, 'item')}"
    return ""


def _paging(outer: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Keys and values that may speak of paging: those beside the list, and those in the objects meant for it."""
    for key, value in outer.items():
        yield key, value
        if key.casefold() in _PAGING and isinstance(value, dict):
            yield from _paging(value)


def _kind(value: Any) -> str:
    if isinstance(value, Number):
        return "a number"
    return {dict: "an object", list: "a list", str: "text", bool: "true or false"}.get(type(value), "null")


def _raw(item: Any) -> bytes:
    return json.dumps(item, ensure_ascii=True, separators=(",", ":")).encode()
