"""A directory's export as LDIF (RFC 2849): content records only, folded lines and base64 undone."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scimaudit.errors import Malformed
from scimaudit.sources._export import Export
from scimaudit.sources._grid import Cell, Fault, Grid, reject
from scimaudit.sources._headings import Wanted


class Source(Export):
    """``source = "ldif"``: entries as ``ldapsearch`` or ``ldifde`` write them. A heading is an attribute."""

    def read(self, data: bytes, wanted: Wanted) -> Grid:  # noqa: ARG002 - attributes name themselves
        """See :meth:`Export.read`."""
        records = list(_records(data))
        if records and records[0].names() == ["version"]:
            records = records[1:]
        entries, rejected, doubts = [], [], list[str]()
        counted: list[int] = []
        for record in records:
            closing = record.is_result()
            doubts += record.doubts
            counted += record.counted
            if closing or not (record.values or record.faults):
                continue
            reason = record.fault()
            if reason:
                # Every entry of a record that holds several counts, so that none is lost with it.
                rejected += [reject(record.line, reason, record.raw)] * record.entries()
            else:
                entries.append(record)
        if not entries and not rejected:
            raise Malformed("it holds no entry", hint="export it with dn and attributes, as ldapsearch -LLL does")
        held = len(entries) + len(rejected)
        if counted and sum(counted) != held:
            doubts.append(f"the export itself counts {sum(counted)} entries, {held} are in it")
        spelled: dict[str, str] = {}
        for record in entries:
            for name in record.values:
                spelled.setdefault(name.casefold(), name)
        rows = [{name.casefold(): cell for name, cell in record.values.items()} for record in entries]
        return Grid(
            header=tuple(spelled.values()),
            columns=[[_cell(row.get(key)) for row in rows] for key in spelled],
            places=[record.line for record in entries],
            raw=lambda index: entries[index].raw,
            unit="line",
            rejected=tuple(rejected),
            doubt=doubts[0] if doubts else "",
            facts={"records": str(len(records))},
        )


@dataclass
class _Record:
    """One record.

    :param line: the line of the file it begins on.
    :param values: attribute, as spelled, to its values; bytes that are not UTF-8 stay bytes.
    :param counted: numbers of entries that its comments tell.
    """

    line: int
    raw: bytes
    values: dict[str, list[str | bytes]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    counted: list[int] = field(default_factory=list)

    def names(self) -> list[str]:
        return [name.casefold() for name in self.values]

    def entries(self) -> int:
        """How many entries it holds: more than one where the blank line between two is lost."""
        return max(1, sum(len(values) for name, values in self.values.items() if name.casefold() == "dn"))

    def is_result(self) -> bool:
        """Whether it is the closing record of ``ldapsearch``; one that tells a failure casts doubt on the export."""
        result = self.values.get("result", [""])[0]
        if "dn" in self.names() or not isinstance(result, str) or not result:
            return False
        if not result.startswith("0"):
            self.doubts.append(f"the export itself ends with: {result}")
        return True

    def fault(self) -> str:
        """Why the record cannot be used; empty when it can."""
        if self.faults:
            return self.faults[0]
        names = self.names()
        if "dn" not in names:
            return "has no dn"
        if "changetype" in names:
            return "is a change, not an entry"
        if self.entries() > 1:
            return f"holds {self.entries()} entries; the blank line between them is missing"
        return ""


def _records(data: bytes) -> Iterator[_Record]:
    block: list[tuple[int, bytes]] = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        if line.strip():
            block.append((number, line))
        elif block:
            yield from _record(block)
            block = []
    if block:
        yield from _record(block)


def _record(block: Sequence[tuple[int, bytes]]) -> Iterator[_Record]:
    logical = _unfolded(block)
    record = _Record(block[0][0], b"\n".join(line for _, line in block))
    for line in logical:
        if line.startswith(b"#"):
            record.doubts += _limit(line)
            record.counted += _counted(line)
            continue
        name, colon, rest = line.partition(b":")
        if not colon:
            record.faults.append("has a line without a colon")
            continue
        own = name.decode("ascii", "replace").strip()
        spelled = next((known for known in record.values if known.casefold() == own.casefold()), own)
        record.values.setdefault(spelled, []).append(_value(rest, record))
    if record.values or record.faults or record.doubts or record.counted:
        yield record


def _unfolded(block: Sequence[tuple[int, bytes]]) -> list[bytes]:
    """RFC 2849 note 2: a line that begins with a space goes on with the one before."""
    lines: list[bytes] = []
    for _, line in block:
        if line.startswith(b" ") and lines:
            lines[-1] += line[1:]
        else:
            lines.append(line)
    return lines


def _value(rest: bytes, record: _Record) -> str | bytes:
    if rest.startswith(b"<"):
        record.faults.append("names a file for a value, which is not read")
        return ""
    data = rest.lstrip(b" ")
    if rest.startswith(b":"):
        try:
            data = base64.b64decode(rest[1:].strip(), validate=True)
        except binascii.Error:
            record.faults.append("has a value that is not base64")
            return ""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


def _limit(comment: bytes) -> list[str]:
    """What a comment of ``ldapsearch`` says against the export's being whole."""
    text = comment.decode("utf-8", "replace").lstrip("# ").strip()
    return [f"the export itself says: {text}"] if "limit exceeded" in text.casefold() else []


def _counted(comment: bytes) -> list[int]:
    """How many entries ``ldapsearch`` says it wrote."""
    name, _, number = comment.lstrip(b"# ").partition(b":")
    return [int(number)] if name == b"numEntries" and number.strip().isdigit() else []


def _cell(values: Sequence[str | bytes] | None) -> Cell:
    if values is None:
        return None
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) < len(values):
        return Fault("is not text")
    return texts[0] if len(texts) == 1 else texts
