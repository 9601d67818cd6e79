"""The audit's two tables as the formats write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from scimaudit import tables
from scimaudit.renderers import _words
from scimaudit.result import Audit

VERDICT: Final = "app_verdict"
"""A column beside the table's own: what may be said of the app, so that no row is silent on an unproven one."""
VERDICT_DOC: Final = "what may be said of the app: proven clean, proven with findings, not proven …"


def findings(audit: Audit, family: str | None = None) -> pa.Table:
    """The findings, all or of one family, in their order, with :data:`VERDICT`."""
    table = tables.conform(audit.findings, tables.FINDINGS)
    if family is not None:
        table = table.filter(pc.equal(text(table["family"]), family))
    return table.append_column(VERDICT, _verdicts(audit, table["app"]))


def checks(audit: Audit) -> pa.Table:
    """The ledger, with :data:`VERDICT`."""
    table = tables.conform(audit.checks, tables.CHECKS)
    return table.append_column(VERDICT, _verdicts(audit, table["app"]))


def docs(schema: pa.Schema) -> Mapping[str, str]:
    """Column name to what it means."""
    return {field.name: field.metadata[b"doc"].decode() for field in schema} | {VERDICT: VERDICT_DOC}


def text(column: Any) -> Any:
    """A column as text: times to the second in UTC, lists joined by semicolons, flags as true or false, nulls kept."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return column.cast(kind.value_type)
    if pa.types.is_timestamp(kind):
        return pc.strftime(column.cast(pa.timestamp("s", "UTC"), safe=False), format="%Y-%m-%dT%H:%M:%SZ")
    if pa.types.is_list(kind):
        return pc.binary_join(column, "; ")
    return column.cast(pa.string())


def _verdicts(audit: Audit, apps: Any) -> Any:
    known = pa.array([app.app for app in audit.apps], pa.string())
    words = pa.array([_words.verdict(app) for app in audit.apps], pa.string())
    names = text(apps)
    found = pc.take(words, pc.index_in(names, known))
    # An app that the result does not describe has proven nothing.
    return pc.if_else(pc.is_valid(names), pc.fill_null(found, _words.NOT_PROVEN), pa.scalar(None, pa.string()))
