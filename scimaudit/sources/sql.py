"""A roster or an app's accounts from a database: one SELECT, read only, counted in the same transaction.

The rows are kept in the raw record as JSON, so that an audit can be repeated without the database.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
from pydantic import Field, field_validator

from scimaudit.errors import AuthenticationFailed, ConfigError, Malformed, SourceError, Unavailable
from scimaudit.plural import count
from scimaudit.sources import Cost, Listing, Reply, Scope, Sink, Walk, Witness, _mapping, _verdict
from scimaudit.sources._grid import Cell, Grid
from scimaudit.sources._headings import GRANT_COLUMNS
from scimaudit.sources._tabular import Tabular
from scimaudit.transport.origin import loopback
from scimaudit.transport.secret import Secret
from scimaudit.transport.spoken import forms, quoted

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_BEGIN: Final[Mapping[str, tuple[str, ...]]] = {
    "postgresql": (
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        "SET LOCAL statement_timeout = {milliseconds}",
    ),
    "sqlite": ("PRAGMA query_only = ON", "BEGIN"),
    "oracle": ("SET TRANSACTION READ ONLY",),
}
"""What makes a transaction read-only and steady, per dialect; a dialect that is not named is told to be unproven."""
_STARTS: Final = re.compile(r"\s*(select|with)\b", re.IGNORECASE)
_CUTS: Final = re.compile(
    r"\b(limit|offset|fetch\s+(?:first|next)|rownum|tablesample|(?<=select)\s+(?:distinct\s+)?top)\b", re.IGNORECASE
)
"""Words by which the outermost SELECT leaves rows out; COUNT(*) around it would then agree with the cut result."""
_QUOTED: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/", re.DOTALL)
_INNERMOST: Final = re.compile(r"\([^()]*\)")
_DENIED: Final = re.compile(
    r"password authentication failed|access denied|login failed|permission denied", re.IGNORECASE
)
_STOPPED: Final = re.compile(r"interrupted|timeout|canceling statement", re.IGNORECASE)
_DRIVERS: Final = {"postgresql": "scimaudit[postgresql]"}


class Source(Tabular):
    """``source = "sql"``: the rows of one SELECT. A heading is a column of the result."""

    url: str = Field(description="SQLAlchemy URL without a password, such as postgresql+psycopg://ro@db.example/hr")
    password: Secret | None = Field(None, description="password of the user in url")
    query: str = Field(description="one SELECT; name what you want with AS")
    ca: Path | None = Field(
        None, description="PEM file of a private certificate authority (PostgreSQL); default: network.ca"
    )
    timeout: float = Field(300, gt=0, description="seconds the query may take")
    hides: str = Field("", description="what the query leaves out, in words: the scope is then partial")

    @field_validator("url")
    @classmethod
    def _no_password(cls, url: str) -> str:
        if re.search(r"://[^/@]*:[^/@]*@", url):
            # The message must not repeat the address, for it holds the password.
            msg = "leave the password out of the address and name it as password"
            raise ValueError(msg)
        return url

    @field_validator("query")
    @classmethod
    def _one_select(cls, query: str) -> str:
        text = query.strip().removesuffix(";")
        if not _STARTS.match(text):
            msg = "the query must be one SELECT"
            raise ValueError(msg)
        if cut := _CUTS.search(_outermost(text)):
            msg = f"the query leaves rows out ({cut[0]}); a listing must be whole"
            raise ValueError(msg)
        return text

    def collect(self, sink: Sink) -> Listing:
        """Run the query and hand its rows over.

        :raises SourceError: the database cannot be had, refuses the query, or its result is not a table.
        :raises ConfigError: SQLAlchemy or the driver is not installed, or a setting is for the other kind of source.
        """
        wanted = self.wanted(sink)
        began = time.monotonic()
        shown = self.url.partition("?")[0]
        reply, body = sink.exchange("SQL", shown, lambda: Reply(200, {}, self._answer(sink)))
        answer = orjson.loads(reply.body)
        grid = _grid(answer["columns"], answer["rows"], sink.name)
        places = wanted.locate(grid.header)
        if sink.fills == "people":
            mapped = _mapping.people(grid, places, self.meaning(), roster=sink.name.removeprefix("rosters."))
        else:
            mapped = _mapping.accounts(grid, places, self.meaning(), app=sink.app or "", listing=sink.name, body=body)
        for table in mapped.tables:
            sink.rows(table)
        received, counted = len(answer["rows"]), answer["counted"]
        sink.progress(received, counted)
        walk = _walk(received, counted, mapped.parsed, steady=answer["steady"])
        return Listing(
            received=received,
            parsed=mapped.parsed,
            walk=walk,
            scope=Scope("partial", f"the query does not show: {self.hides}")
            if self.hides
            else Scope("unknown", "the query shows what its author selected"),
            entitlements=_verdict.entitlements(
                walk, {name: grid.header[places[name]] for name in GRANT_COLUMNS if name in places}
            ),
            rejected=mapped.rejected,
            as_of=mapped.as_of or datetime.fromisoformat(answer["asked_at"]),
            attributes=mapped.attributes,
            witnesses=(
                Witness(
                    "count in the same transaction",
                    "passed" if counted == received else "failed",
                    f"{counted} counted, {received} received",
                ),
            ),
            notes=mapped.notes,
            cost=Cost(requests=2, bytes=len(reply.body), seconds=time.monotonic() - began),
            facts={
                "database": answer["dialect"],
                "address": shown,
                "transaction": "read-only" if answer["steady"] else "not known to be read-only",
                "columns": ", ".join(f"{name} = {grid.header[place]}" for name, place in sorted(places.items())),
            },
            unmapped_status=mapped.unmapped,
        )

    def _answer(self, sink: Sink) -> bytes:
        """Count, then read, in one transaction that is rolled back.

        :raises SourceError: as :meth:`collect`.
        """
        from sqlalchemy import exc

        asked_at = sink.now().isoformat()
        password = self.password.resolve(sink.base).get_secret_value() if self.password else ""
        with _engine(self.url, password, sink.base, self.ca) as engine:
            begin = _BEGIN.get(engine.dialect.name, ())
            try:
                connection = engine.connect()
            except exc.SQLAlchemyError as error:
                raise _unreachable(_first_line(error, password), sink.name) from error
            try:
                with connection, _deadline(connection, self.timeout):
                    for statement in begin:
                        connection.exec_driver_sql(statement.format(milliseconds=int(self.timeout * 1000)))
                    counted = connection.exec_driver_sql(f"SELECT COUNT(*) FROM ({self.query}) counted").scalar_one()  # noqa: S608 - the operator's own query
                    result = connection.exec_driver_sql(self.query)
                    columns = list(result.keys())
                    rows = [[_cell(value) for value in row] for row in result.fetchall()]
                    connection.rollback()
            except exc.SQLAlchemyError as error:
                raise _refused(_first_line(error, password), sink.name) from error
        document = {
            "dialect": engine.dialect.name, "asked_at": asked_at, "steady": bool(begin),
            "counted": counted, "columns": columns, "rows": rows,
        }  # fmt: skip
        body = orjson.dumps(document)
        if any(form in body for form in forms((password,))):
            # What is received is evidence, and goes into bundles that strangers read.
            raise Malformed(
                "the result holds the password that the database was asked with; nothing of it is kept",
                source=sink.name,
                hint="leave that column out of the query, and change the password",
            )
        return body


@contextmanager
def _engine(url: str, password: str, base: Path, ca: Path | None) -> Iterator[Engine]:
    try:
        from sqlalchemy import NullPool, create_engine, exc, make_url
    except ImportError as error:
        raise ConfigError("SQL sources need SQLAlchemy", hint="pip install 'scimaudit[sql]'") from error
    try:
        target = make_url(url)
        if password:
            target = target.set(password=password)
        if target.get_backend_name() == "sqlite":
            target = _read_only_file(target, base)
        if target.get_backend_name() == "postgresql":
            target = _verified(target, base / ca if ca else None)
        # Without parameters a per cent sign in the query is a per cent sign.
        options = {"no_parameters": True}
        engine = create_engine(target, poolclass=NullPool, hide_parameters=True, execution_options=options)
    except ImportError as error:
        backend = url.partition(":")[0].partition("+")[0]
        hint = f"pip install '{_DRIVERS[backend]}'" if backend in _DRIVERS else "install it beside scimaudit"
        raise ConfigError(f"the driver of {url.partition(':')[0]} is not installed", hint=hint) from error
    except exc.ArgumentError as error:
        raise ConfigError("url is no SQLAlchemy address", hint="write dialect+driver://user@host/database") from error
    try:
        yield engine
    finally:
        engine.dispose()


def _read_only_file(target: Any, base: Path) -> Any:
    """An SQLite file opened read-only: without it SQLite would make a file that is not there."""
    path = base / (target.database or "")
    if not path.is_file():
        raise SourceError(
            f"there is no file {target.database}", hint="url is sqlite:///file, relative to scimaudit.toml"
        )
    return target.set(database=f"file:{path.as_posix()}", query={"mode": "ro", "uri": "true"})


def _verified(target: Any, ca: Path | None) -> Any:
    """A PostgreSQL address by which nobody but the server named gets a password: its driver's default takes anybody.

    :raises ConfigError: the address says that less will do.
    """
    told = [target.query.get(name, ()) for name in ("host", "hostaddr")]
    hosts = [target.host, *chain.from_iterable([named] if isinstance(named, str) else named for named in told)]
    known = [host for host in hosts if host]
    if known and all(loopback(host) or host.startswith("/") for host in known):
        return target
    asked, who = target.query.get("sslmode", "verify-full"), known[0] if known else "it"
    if asked != "verify-full" or not target.drivername.endswith(("psycopg", "psycopg2")):
        raise ConfigError(
            f"{target.drivername} with sslmode {asked} would give the password to whoever answers for {who}",
            hint="use postgresql+psycopg and leave sslmode out; name the PEM file of a private authority as ca",
        )
    trusted = target.query.get("sslrootcert") or (str(ca) if ca else "system")
    return target.update_query_dict({"sslmode": "verify-full", "sslrootcert": trusted})


@contextmanager
def _deadline(connection: Connection, seconds: float) -> Iterator[None]:
    """Stop SQLite in mid-query; the other dialects are told their limit in SQL."""
    driver = connection.connection.driver_connection
    stop_at = time.monotonic() + seconds
    watch = getattr(driver, "set_progress_handler", None)
    if watch is not None:
        watch(lambda: time.monotonic() > stop_at, 10_000)
    yield


def _outermost(query: str) -> str:
    """The query without strings, quoted names, comments and whatever stands in brackets."""
    text = _QUOTED.sub(" ", query)
    while True:
        text, found = _INNERMOST.subn(" ", text)
        if not found:
            return text


def _cell(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    return str(value)


def _grid(columns: list[str], rows: list[list[str | None]], source: str) -> Grid:
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise Malformed(
            f"the result has the column {twice[0]} twice", source=source, hint="give each its own name with AS"
        )
    cells: list[list[Cell]] = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in columns]
    return Grid(
        header=tuple(columns),
        columns=cells,
        places=range(1, len(rows) + 1),
        raw=lambda index: orjson.dumps(rows[index]),
        unit="row",
    )


def _walk(received: int, counted: int, parsed: int, *, steady: bool) -> Walk:
    if received != counted:
        return Walk(
            "incomplete", f"{count(counted, 'row was', 'rows were')} counted and {received} received in one transaction"
        )
    if not received:
        return Walk("unprovable", "the query gives no row")
    if not parsed:
        return Walk("incomplete", f"none of the {count(received, 'row')} could be read")
    if not steady:
        return Walk("complete", f"{count(received, 'row')}, as counted; the transaction was not known to hold still")
    return Walk("complete", f"{count(received, 'row')}, as counted in the same read-only transaction")


def _unreachable(said: str, source: str) -> SourceError:
    if _DENIED.search(said):
        return AuthenticationFailed(f"the database refused: {said}", source=source, hint="check user and password")
    return Unavailable(f"the database cannot be had: {said}", source=source, hint="check url and network")


def _refused(said: str, source: str) -> SourceError:
    if _STOPPED.search(said):
        return Unavailable(f"the query took too long: {said}", source=source, hint="raise timeout, or make it cheaper")
    if _DENIED.search(said):
        return AuthenticationFailed(f"the database refused: {said}", source=source, hint="check what the user may read")
    return SourceError(
        f"the database refused the query: {said}", source=source, hint="run the query by hand with the same user"
    )


def _first_line(error: Exception, password: str) -> str:
    """What the driver says, without the statement that SQLAlchemy adds."""
    return quoted(str(getattr(error, "orig", None) or error).strip(), (password,)).partition("\n")[0]
