"""From the bytes a SCIM server sent to rows: pages of ``/Users`` and ``/Groups``, single resources, tables.

A well-formed page takes the fast way, any other the tolerant one; both give equal pages for what both can read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from itertools import chain
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import identifiers, tables
from scimaudit.sources.scim import fast, outline, tolerant
from scimaudit.sources.scim.columns import Columns, Grant, Group, Kind, Member, Page, Rejection, refuse_if_bloated
from scimaudit.sources.scim.outline import Knows
from scimaudit.sources.scim.profile import Profile
from scimaudit.sources.scim.row import Reader

__all__ = [
    "Columns",
    "Grant",
    "Group",
    "Member",
    "Page",
    "Rejection",
    "accounts_table",
    "grants_table",
    "page",
    "resource",
]

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})


def page(body: bytes, profile: Profile, kind: Kind, knows: Knows | None = None) -> Page:
    """Read one page of a listing.

    :param body: the bytes as received.
    :param knows: whether rows of these ids were taken in before; a page of such rows is read for its ids alone.
    :raises Malformed: they hold no list response of SCIM 2.0 (RFC 7644 section 3.4.2) or 1.1, or too much for one page.
    """
    text = body.removeprefix(_BYTE_ORDER_MARK)
    refuse_if_bloated(text)
    found = (
        (outline.read(text, knows) if knows else None)
        or fast.read(text, profile, kind)
        or tolerant.read(text, profile, kind)
    )
    if len(text) != len(body):
        found.deviations["byte-order-mark"] += 1
    return found


def resource(body: bytes, profile: Profile) -> tuple[str | None, frozenset[str]]:
    """The id and the attributes of one resource, as answered to a GET by id (RFC 7644 section 3.4.1).

    A row of a page can be read by the same function, so that the two can be compared.

    :returns: the id, None when there is no usable one; and the attributes it carries: case-folded, a single complex
        attribute as its parts (``name.givenname``). What is null or empty is not carried (RFC 7643 section 2.5).
    :raises Malformed: the bytes hold no JSON object.
    """
    found = tolerant.document(body.removeprefix(_BYTE_ORDER_MARK))
    reader = Reader(profile, Counter())
    return reader.identity(reader.row(found))[0], _keys(found)


def accounts_table(app: str, pages: Sequence[tuple[Page, int]], raw_file: str) -> pa.Table:
    """The accounts of the pages as a table of :data:`scimaudit.tables.ACCOUNTS`, keys normalised.

    :param pages: each page with the number of its raw body.
    :param raw_file: the listing, as the configuration spells it.
    """
    columns: dict[str, Any] = {
        column.name: list(chain.from_iterable(getattr(page.users, column.name) for page, _ in pages))
        for column in fields(Columns)
    }
    rows = len(columns["account_id"])
    for name in ("external_id", "user_name", "employee_number"):
        columns[name] = pa.array(columns[name], tables.TEXT)
        columns[f"{name}_key"] = identifiers.keys(columns[name])
    columns["emails"] = pa.array(columns["emails"], tables.TEXTS)
    columns["email_keys"] = identifiers.list_keys(columns["emails"])
    origin = pa.array(columns["last_login_source"], pa.string())
    columns["last_login_source"] = pc.binary_join_element_wise(pa.scalar(raw_file), origin, " ")
    columns["app"] = _constant(app, rows)
    columns["raw_file"] = _constant(raw_file, rows)
    columns["raw_body"] = list(chain.from_iterable([body] * len(page.users) for page, body in pages))
    columns["listings"] = pa.ListArray.from_arrays(pa.array(range(rows + 1), pa.int32()), pa.repeat(raw_file, rows))
    return tables.build(tables.ACCOUNTS, columns, rows=rows)


def grants_table(app: str, rows: Iterable[tuple[str, str, str, str | None, str]]) -> pa.Table:
    """Grants as a table of :data:`scimaudit.tables.GRANTS`.

    :param rows: ``(account_id, attribute, value, display, type)``, as in :attr:`Page.grants`.
    """
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in Grant._fields]
    named: dict[str, Any] = dict(zip(Grant._fields, columns, strict=True))
    return tables.build(tables.GRANTS, {"app": _constant(app, len(columns[0])), **named}, rows=len(columns[0]))


def _constant(text: str, rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), rows), pa.array([text]))


def _keys(row: Mapping[str, Any]) -> frozenset[str]:
    found: set[str] = set()
    for name, value in row.items():
        inner = value if isinstance(value, dict) else {}
        found.update(f"{name}.{part}".casefold() for part, held in inner.items() if held not in _NOTHING)
        if not isinstance(value, dict) and value not in _NOTHING:
            found.add(name.casefold())
    return frozenset(found)
