"""Findings as CSV: RFC 4180, UTF-8 with a byte order mark for Excel's sake, safe to open in a spreadsheet.

``completeness.csv`` says of every app what was proven: a file of findings cannot speak of an app that has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.csv as arrow_csv

from scimaudit.renderers import _tables, _words
from scimaudit.renderers.encode.csv import encode_column
from scimaudit.result import Audit

SUFFIX: Final = ".csv"
FILES: Final[Mapping[str, Mapping[str, str]]] = {
    "findings": {},
    "orphans": {"part": "orphan"},
    "drift": {"part": "drift"},
    "excess": {"part": "excess"},
    "completeness": {"part": "completeness"},
}

_BATCH: Final = 50_000


def render(audit: Audit, stream: BinaryIO, part: str | None = None) -> None:
    """Write one table. Null is an empty cell without quotes, empty text an empty cell with quotes.

    :param part: a family of findings, or ``completeness`` for one row per app; all findings where it is left out.
    """
    write(_completeness(audit) if part == "completeness" else _tables.findings(audit, part), stream)


def write(table: pa.Table, stream: BinaryIO, *, header: bool = True) -> None:
    """Write any table in this way.

    :param header: begin with the names of the columns; false for a table that goes on from one written before.
    """
    if header:
        stream.write(b"\xef\xbb\xbf" + ",".join(f'"{name}"' for name in table.column_names).encode() + b"\r\n")
    options = arrow_csv.WriteOptions(include_header=False, quoting_style="all_valid")
    for batch in table.to_batches(max_chunksize=_BATCH):
        cells = [encode_column(_tables.text(column)) for column in batch.columns]
        sink = pa.BufferOutputStream()
        arrow_csv.write_csv(pa.RecordBatch.from_arrays(cells, names=table.column_names), sink, options)
        # No cell holds a line feed, for the encoder made each one visible.
        stream.write(sink.getvalue().to_pybytes().replace(b"\n", b"\r\n"))


def _completeness(audit: Audit) -> pa.Table:
    return pa.table(
        {
            "app": [app.app for app in audit.apps],
            "title": [app.title for app in audit.apps],
            "owner": [app.owner for app in audit.apps],
            "verdict": [_words.verdict(app) for app in audit.apps],
            "reason": [_words.reason(app) for app in audit.apps],
            "walk": [app.walk for app in audit.apps],
            "walk_reason": [app.walk_reason for app in audit.apps],
            "scope": [app.scope for app in audit.apps],
            "scope_reason": [app.scope_reason for app in audit.apps],
            "as_of": pa.array([app.as_of for app in audit.apps], pa.timestamp("us", "UTC")),
            "accounts": [app.accounts for app in audit.apps],
            "matched": [app.matched for app in audit.apps],
            "unmatched": [app.unmatched for app in audit.apps],
            "ambiguous": [app.ambiguous for app in audit.apps],
            "findings": [sum(app.findings.values()) for app in audit.apps],
        }
    )
