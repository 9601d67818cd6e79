"""The tables: the only place where a column is spelled, typed and documented.

A table is a pyarrow schema whose fields carry their documentation. Columns are SCIM attribute names (RFC 7643) in
snake_case. Columns ending in ``_key`` or ``_keys`` hold the normalised form of their neighbour (see
:mod:`scimaudit.identifiers`), computed once, at collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from scimaudit.errors import TableError

TEXT: Final = pa.string()
CODE: Final = pa.dictionary(pa.int32(), pa.string())
TEXTS: Final = pa.list_(pa.string())
FLAG: Final = pa.bool_()
TIME: Final = pa.timestamp("us", tz="UTC")
DAY: Final = pa.date32()
COUNT: Final = pa.int64()
NUMBER: Final = pa.float64()


def _field(name: str, kind: pa.DataType, doc: str, *, required: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=not required, metadata={"doc": doc})


PEOPLE: Final = pa.schema(
    [
        _field("person_id", TEXT, "the person's key in the system of record", required=True),
        _field("employee_number", TEXT, "RFC 7643 section 4.3 employeeNumber"),
        _field("user_name", TEXT, "log-in name in the system of record"),
        _field("emails", TEXTS, "work addresses, the primary one first"),
        _field("aliases", TEXTS, "previous and proxy addresses"),
        _field("given_name", TEXT, "RFC 7643 section 4.1.1 name.givenName"),
        _field("family_name", TEXT, "RFC 7643 section 4.1.1 name.familyName"),
        _field("display_name", TEXT, "the name to show"),
        _field("status", CODE, "active, leave, prehire, terminated or unknown", required=True),
        _field("status_raw", TEXT, "the word the roster used"),
        _field("worker_type", CODE, "employee, contractor, guest … as the roster calls it"),
        _field("start_date", DAY, "first day of the employment"),
        _field("end_date", DAY, "last day of the employment, inclusive"),
        _field("previous_end_date", DAY, "last day of an earlier employment, of somebody hired again"),
        _field("department", CODE, "RFC 7643 section 4.3 department"),
        _field("title", CODE, "RFC 7643 section 4.1.1 title"),
        _field("previous_department", CODE, "department before the present one"),
        _field("previous_title", CODE, "title before the present one"),
        _field("moved_on", DAY, "first day in the present department and with the present title"),
        _field("manager_id", TEXT, "person_id of the manager"),
        _field("location", CODE, "place of work"),
        _field("company", CODE, "employing company"),
        _field("roster", CODE, "the roster this person came from", required=True),
        _field("raw_row", COUNT, "row number in the roster's raw body, for evidence", required=True),
        _field("employee_number_key", TEXT, "employee_number, normalised"),
        _field("user_name_key", TEXT, "user_name, normalised"),
        _field("email_keys", TEXTS, "emails, normalised"),
        _field("alias_keys", TEXTS, "aliases, normalised"),
    ],
    metadata={"name": "people", "doc": "a person in the system of record, from the union of rosters by precedence"},
)

ACCOUNTS: Final = pa.schema(
    [
        _field("app", CODE, "the app's name in the configuration", required=True),
        _field("account_id", TEXT, "RFC 7643 section 3.1 id", required=True),
        _field("external_id", TEXT, "RFC 7643 section 3.1 externalId"),
        _field("user_name", TEXT, "RFC 7643 section 4.1.1 userName"),
        _field("emails", TEXTS, "RFC 7643 section 4.1.2 emails, the primary one first"),
        _field("active", FLAG, "RFC 7643 section 4.1.1 active; null is unknown, never false"),
        _field("display_name", TEXT, "RFC 7643 section 4.1.1 displayName"),
        _field("given_name", TEXT, "RFC 7643 section 4.1.1 name.givenName"),
        _field("family_name", TEXT, "RFC 7643 section 4.1.1 name.familyName"),
        _field("employee_number", TEXT, "RFC 7643 section 4.3 employeeNumber"),
        _field("department", CODE, "RFC 7643 section 4.3 department"),
        _field("title", CODE, "RFC 7643 section 4.1.1 title"),
        _field("manager", TEXT, "RFC 7643 section 4.3 manager.value"),
        _field("user_type", CODE, "RFC 7643 section 4.1.1 userType"),
        _field("created", TIME, "RFC 7643 section 3.1 meta.created"),
        _field("last_modified", TIME, "RFC 7643 section 3.1 meta.lastModified"),
        _field("last_login", TIME, "last successful sign-in, where a listing supplies one"),
        _field("last_login_source", CODE, "listing and field that last_login came from"),
        _field("account_kind", CODE, "human, service, shared, guest, break-glass or unknown", required=True),
        _field("listings", TEXTS, "the listings this account was seen in", required=True),
        _field("raw_file", CODE, "the listing whose raw record holds the account", required=True),
        _field("raw_body", COUNT, "number of the body in that raw record", required=True),
        _field("raw_row", COUNT, "row in that body, from 0; a body that is one resource is row 0", required=True),
        _field("employee_number_key", TEXT, "employee_number, normalised"),
        _field("external_id_key", TEXT, "external_id, normalised"),
        _field("user_name_key", TEXT, "user_name, normalised"),
        _field("email_keys", TEXTS, "emails, normalised"),
    ],
    metadata={"name": "accounts", "doc": "an account in one app, merged from the app's listings"},
)

GRANTS: Final = pa.schema(
    [
        _field("app", CODE, "the app's name in the configuration", required=True),
        _field("account_id", TEXT, "the account that holds the entitlement", required=True),
        _field("attribute", CODE, "groups, roles, entitlements or licenses", required=True),
        _field("value", CODE, "the entitlement's id in the app", required=True),
        _field("display", CODE, "the entitlement's name"),
        _field("type", CODE, "direct or indirect", required=True),
        _field("via", CODE, "display (else id) of the group that an indirect grant comes through"),
        _field("privileged", FLAG, "known to be privileged, known not to be, or null"),
        _field("granted_at", TIME, "when it was granted, where a listing supplies it"),
        _field("expires_at", TIME, "when it ends, where a listing supplies it"),
    ],
    metadata={"name": "grants", "doc": "one entitlement held by one account"},
)

LINKS: Final = pa.schema(
    [
        _field("app", CODE, "the app's name", required=True),
        _field("account_id", TEXT, "the account", required=True),
        _field("person_id", TEXT, "its owner; null unless the link is accepted"),
        _field("situation", CODE, "matched, unmatched or ambiguous", required=True),
        _field("tier", CODE, "T0 to T8: the highest tier that speaks for the link or the suggestion"),
        _field("confidence", NUMBER, "0 to 1, fixed per tier; for T8 the similarity"),
        _field(
            "keys", TEXTS, "what was compared: 'T2 employee_number 00123 = 00123', one per agreeing tier", required=True
        ),
        _field("runners_up", TEXTS, "person_id of every other candidate", required=True),
        _field("reason", TEXT, "why an account is not matched, in words"),
        _field("decided_by", TEXT, "who decided, for T0"),
    ],
    metadata={"name": "links", "doc": "who owns an account, by which rule, how sure; one row per account"},
)

FINDINGS: Final = pa.schema(
    [
        _field(
            "finding_id", TEXT, "hash of kind, app, account or else person, attribute and grant value", required=True
        ),
        _field("kind", CODE, "the rule", required=True),
        _field("family", CODE, "orphan, drift, excess, control or data", required=True),
        _field("severity", CODE, "info, low, medium, high or critical", required=True),
        _field("severity_why", TEXT, "what the severity is made of", required=True),
        _field("app", CODE, "the app, null when the finding spans apps or speaks of a roster"),
        _field("account_id", TEXT, "the account, null when the finding speaks of none"),
        _field("user_name", TEXT, "the account's userName"),
        _field("person_id", TEXT, "the person, null when unknown"),
        _field("person_name", TEXT, "the person's display name"),
        _field("attribute", TEXT, "the attribute or entitlement kind concerned"),
        _field("value", TEXT, "the entitlement concerned, where there is one"),
        _field("expected", TEXT, "what the system of record or the policy says", required=True),
        _field("actual", TEXT, "what the app says", required=True),
        _field("evidence", TEXT, "raw record, body and row"),
        _field("first_seen", TIME, "when a snapshot first showed it", required=True),
        _field(
            "disposition",
            CODE,
            "open, reopened and remediation-claimed count; excepted, snoozed and false-positive are set aside",
            required=True,
        ),
        _field("exception_id", TEXT, "the exception that covers it"),
        _field("lead", FLAG, "false when another finding on the same account leads", required=True),
        _field("covered_by", TEXT, "finding_id of the leading finding"),
        _field("gated", FLAG, "a safety gate had tripped for its app or roster", required=True),
        _field("owner", TEXT, "who is responsible for acting"),
        _field("action", TEXT, "what to do", required=True),
        _field("risk", TEXT, "what could happen, as the policy says of the right or the conflicting pair"),
        _field("controls", TEXTS, "control ids it is relevant to", required=True),
    ],
    metadata={"name": "findings", "doc": "one problem"},
)

TRAIL: Final = pa.schema(
    [
        _field("finding_id", TEXT, "as findings have it", required=True),
        _field("kind", CODE, "the rule", required=True),
        _field("family", CODE, "orphan, drift, excess, control or data", required=True),
        _field("severity", CODE, "when it was last shown", required=True),
        _field("app", CODE, "the app, null when the finding spans apps or speaks of a roster"),
        _field("account_id", TEXT, "the account, null when the finding speaks of none"),
        _field("user_name", TEXT, "the account's userName"),
        _field("person_id", TEXT, "the person, null when unknown"),
        _field("person_name", TEXT, "the person's display name"),
        _field("attribute", TEXT, "the attribute or entitlement kind concerned"),
        _field("value", TEXT, "the entitlement concerned, where there is one"),
        _field("actual", TEXT, "what the app said when it was last shown", required=True),
        _field("disposition", CODE, "when it was last shown", required=True),
        _field("state", CODE, "standing, resolved (proven so), or unproven (neither shown nor judged)", required=True),
        _field("reason", TEXT, "what proves it resolved, or why that is unproven"),
        _field("first_seen", TIME, "when a snapshot first showed it", required=True),
        _field("last_seen", TIME, "when one last showed it", required=True),
        _field("resolved_at", TIME, "when it was first proven resolved, for the last time"),
        _field("resolved_by", TEXT, "the snapshot that proves it"),
        _field("reopened", COUNT, "how often it came back after that", required=True),
    ],
    metadata={"name": "trail", "doc": "every finding that this or an earlier audit showed, and what became of it"},
)

CHECKS: Final = pa.schema(
    [
        _field("kind", CODE, "the rule", required=True),
        _field("app", CODE, "the app; null for rules over people or across apps"),
        _field("population", COUNT, "rows the rule applies to", required=True),
        _field("failed", COUNT, "rows that became findings", required=True),
        _field("passed", COUNT, "rows that were judged and are fine", required=True),
        _field("not_evaluable", COUNT, "rows that could not be judged", required=True),
        _field("reason", TEXT, "why not evaluable, with counts: 'attribute-absent 12, too-young 3'"),
    ],
    metadata={"name": "checks", "doc": "the evaluability ledger: population = failed + passed + not_evaluable"},
)

OVERLAPS: Final = pa.schema(
    [
        _field("person_id", TEXT, "a person who stands in two rosters", required=True),
        _field("roster", CODE, "the later roster", required=True),
        _field("over", CODE, "the earlier one", required=True),
        _field("attribute", CODE, "what they contradict each other in; null where they agree"),
        _field("value", TEXT, "what the later one says"),
        _field("over_value", TEXT, "what the earlier one says"),
    ],
    metadata={"name": "overlaps", "doc": "people who stand in several rosters, and what those disagree on"},
)

ALL: Final[Mapping[str, pa.Schema]] = {
    schema.metadata[b"name"].decode(): schema
    for schema in (PEOPLE, ACCOUNTS, GRANTS, LINKS, FINDINGS, TRAIL, CHECKS, OVERLAPS)
}

STATUSES: Final = ("active", "leave", "prehire", "terminated", "unknown")
ACCOUNT_KINDS: Final = ("human", "service", "shared", "guest", "break-glass", "unknown")
SEVERITIES: Final = ("info", "low", "medium", "high", "critical")
ENTITLEMENTS: Final = ("groups", "roles", "entitlements", "licenses")
"""What a grant's ``attribute`` may be."""
CONTROLLED: Final = ("sign_in", "create", "update", "disable", "entitlement_removal")
"""What the register of an app names a control for; sign-in stands apart from the life of the account."""
COUNTED: Final = ("open", "remediation-claimed", "reopened")
"""Dispositions of findings that count: that somebody says it is mended proves nothing."""
FAMILIES: Final = ("orphan", "drift", "excess", "control", "data")
NOT_EVALUABLE: Final = (
    "walk-unproven",
    "scope-unproven",
    "roster-unproven",
    "attribute-absent",
    "semantics-unknown",
    "policy-silent",
    "no-peers",
    "too-young",
)


def build(schema: pa.Schema, columns: Mapping[str, Any], *, rows: int | None = None) -> pa.Table:
    """Make a table of ``schema`` from the columns given; columns left out become null.

    :param columns: column name to list or Arrow array; names outside the schema become extra text columns.
    :param rows: number of rows, needed only when ``columns`` is empty.
    :raises TableError: a column does not fit its type, a required one is missing or null, or the lengths differ.
    """
    size = rows if rows is not None else len(next(iter(columns.values()), ()))
    arrays, fields = [], []
    for field in schema:
        values = columns.get(field.name)
        array = pa.nulls(size, field.type) if values is None else _as(values, field)
        if not field.nullable and array.null_count:
            raise TableError(f"{_name(schema)}.{field.name} is required and {array.null_count} of {size} rows lack it")
        if len(array) != size:
            raise TableError(f"{_name(schema)}.{field.name} has {len(array)} rows where {size} are due")
        arrays.append(array)
        fields.append(field)
    for name in columns:
        if name not in schema.names:
            arrays.append(_as(columns[name], pa.field(name, TEXT)))
            fields.append(pa.field(name, TEXT))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=schema.metadata))


def empty(schema: pa.Schema) -> pa.Table:
    """A table of ``schema`` without rows."""
    return build(schema, {}, rows=0)


def conform(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """Turn a frame into a table of ``schema``: columns in order and typed, missing ones null, others dropped.

    :raises TableError: as :func:`build`.
    """
    return build(schema, {name: frame[name] for name in schema.names if name in frame.columns}, rows=len(frame))


def concat(schema: pa.Schema, tables: Sequence[pa.Table]) -> pa.Table:
    """One table of all the tables given; extra columns that some of them lack become null there."""
    if not tables:
        return empty(schema)
    return pa.concat_tables(tables, promote_options="default").unify_dictionaries()


def frame(table: pa.Table, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The table as pandas holds it in scimaudit.

    Text is Arrow-backed ``str`` (missing is NaN), codes are ``category``, flags are nullable ``boolean``, counts are
    nullable ``Int64``, times are ``datetime64[us, UTC]``, days are ``datetime64[s]`` at midnight, lists stay in Arrow.
    """
    chosen = table if columns is None else table.select(list(columns))
    days = [index for index, field in enumerate(chosen.schema) if pa.types.is_date32(field.type)]
    for index in days:
        field = chosen.schema.field(index)
        chosen = chosen.set_column(index, field.name, chosen.column(index).cast(pa.timestamp("s")))
    made: pd.DataFrame = chosen.to_pandas(types_mapper=_PANDAS_TYPES.get, ignore_metadata=True)
    return made


_PANDAS_TYPES: Final[dict[pa.DataType, Any]] = {
    TEXT: pd.StringDtype(na_value=float("nan")),
    FLAG: pd.BooleanDtype(),
    COUNT: pd.Int64Dtype(),
    TEXTS: pd.ArrowDtype(TEXTS),
}


def _name(schema: pa.Schema) -> str:
    return schema.metadata[b"name"].decode() if schema.metadata else "table"


def _as(values: Any, field: pa.Field) -> pa.Array | pa.ChunkedArray:
    try:
        if isinstance(values, pd.Series):
            values = pa.array(values, from_pandas=True)
        if not isinstance(values, (pa.Array, pa.ChunkedArray)):
            values = pa.array(values, _plain(field.type))
        if values.type == field.type:
            return values
        if pa.types.is_dictionary(field.type):
            if pa.types.is_dictionary(values.type):
                values = values.cast(field.type.value_type)
            return values.cast(field.type.value_type).dictionary_encode()
        return values.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise TableError(f"column {field.name}: {error}") from error


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind
