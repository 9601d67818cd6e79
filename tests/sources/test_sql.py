from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

from scimaudit.errors import AuthenticationFailed, ConfigError, Malformed, SourceError, Unavailable
from scimaudit.sources import sql
from tests.servers import postgresql

QUERY = "SELECT emp_no AS employee_number, mail AS email, status, left_on AS end_date FROM person"


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "hr.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE person (emp_no TEXT, mail TEXT, status TEXT, left_on DATE)")
        connection.executemany(
            "INSERT INTO person VALUES (?, ?, ?, ?)",
            [("00123", "ana@corp.example", "active", None), ("NA", "bo@corp.example", "terminated", "2026-10-31")],
        )
    connection.close()
    return path


def source(**settings) -> sql.Source:
    return sql.Source.model_validate({"url": "sqlite:///hr.db", "query": QUERY, **settings})


def test_people_come_from_a_database(database, roster_sink):
    listing = source().collect(roster_sink)
    assert [
        (row["employee_number"], row["status"], str(row["end_date"])) for row in roster_sink.row_list("people")
    ] == [
        ("00123", "active", "None"),
        ("NA", "terminated", "2026-10-31"),
    ]
    assert (listing.walk.state, listing.walk.reason) == (
        "complete",
        "2 rows, as counted in the same read-only transaction",
    )
    assert (listing.witnesses[0].outcome, listing.scope.state) == ("passed", "unknown")
    assert listing.as_of == roster_sink.now()


def test_what_was_read_is_kept(database, roster_sink):
    source().collect(roster_sink)
    assert roster_sink.requests == [("SQL", "sqlite:///hr.db")]
    assert b'"00123"' in roster_sink.bodies[0]


def test_accounts_come_from_a_database(database, sink):
    source(query="SELECT emp_no AS id, mail AS email, 'true' AS enabled FROM person").collect(sink)
    assert [(row["account_id"], row["active"]) for row in sink.row_list("accounts")] == [("00123", True), ("NA", True)]


def test_what_the_query_hides_is_said(database, roster_sink):
    listing = source(hides="board members").collect(roster_sink)
    assert (listing.scope.state, listing.scope.reason) == ("partial", "the query does not show: board members")


def test_no_row_proves_nothing(database, roster_sink):
    assert source(query=QUERY + " WHERE 1 = 0").collect(roster_sink).walk.state == "unprovable"


@pytest.mark.parametrize("query", ["DELETE FROM person", "", "UPDATE person SET mail = ''", "PRAGMA user_version"])
def test_only_a_select_is_taken(query):
    with pytest.raises(ValueError, match="one SELECT"):
        source(query=query)


@pytest.mark.parametrize(
    "cut", [f"{QUERY} LIMIT 1", f"{QUERY} OFFSET 1", f"{QUERY} FETCH FIRST 1 ROWS ONLY", "SELECT TOP (10) mail FROM person",
            "SELECT DISTINCT top 10 mail FROM person", "SELECT mail FROM person WHERE rownum < 10"],
)  # fmt: skip
def test_a_query_that_cuts_its_own_result_is_refused(cut):
    with pytest.raises(ValueError, match="leaves rows out"):
        source(query=cut)


@pytest.mark.parametrize(
    "more", [" WHERE mail <> 'limit 1'", " -- limit 1", " WHERE mail IN (SELECT mail FROM person LIMIT (9))",
             ' ORDER BY "status" /* top 10 */'],
)  # fmt: skip
def test_words_in_quotes_comments_and_inner_queries_cut_nothing(more):
    assert source(query=QUERY + more).query.startswith("SELECT")


@pytest.mark.parametrize("query", ["WITH gone AS (SELECT 1) DELETE FROM person", f"{QUERY}; DELETE FROM person"])
def test_a_query_that_writes_is_refused_and_writes_nothing(database, roster_sink, query):
    with pytest.raises(SourceError, match="the database refused"):
        source(query=query).collect(roster_sink)
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM person").fetchone() == (2,)
    connection.close()


def test_a_password_in_the_address_is_refused_without_repeating_it():
    with pytest.raises(ValueError, match="leave the password out") as raised:
        source(url="postgresql://ro:hunter2@db.example/hr")
    assert "hunter2" not in raised.value.errors(include_input=False, include_url=False)[0]["msg"]


def test_a_file_that_is_not_there_is_not_made(tmp_path, roster_sink):
    with pytest.raises(SourceError, match=r"there is no file hr\.db"):
        source().collect(roster_sink)
    assert list(tmp_path.iterdir()) == []


def test_a_column_that_was_renamed_is_named(database, roster_sink):
    with pytest.raises(Malformed, match="Personalnummer"):
        source(columns={"employee_number": "Personalnummer"}).collect(roster_sink)


def test_a_column_given_twice_is_named(database, roster_sink):
    with pytest.raises(Malformed, match="column mail twice"):
        source(query="SELECT emp_no AS employee_number, mail, status AS mail FROM person").collect(roster_sink)


def test_a_person_given_twice_is_rejected_by_digest(database, roster_sink):
    listing = source(query=f"{QUERY} UNION ALL {QUERY}").collect(roster_sink)
    assert (listing.parsed, len(listing.rejected)) == (2, 2)
    assert "already stands on row 1" in listing.rejected[0].reason


def test_a_query_that_never_ends_is_stopped(database, roster_sink):
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS employee_number FROM n"
    with pytest.raises(Unavailable, match="took too long"):
        source(query=endless, timeout=0.2).collect(roster_sink)


def test_a_database_without_a_driver_says_what_to_install(roster_sink):
    with pytest.raises(ConfigError, match=r"driver of mysql\+pymysql is not installed"):
        source(url="mysql+pymysql://ro@db.example/hr").collect(roster_sink)


def test_an_address_that_is_none(roster_sink):
    with pytest.raises(ConfigError, match="no SQLAlchemy address"):
        source(url="hr.db").collect(roster_sink)


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.PostgreSQL]:
    with postgresql.serving() as found:
        found.run(
            "CREATE TABLE hr.person (emp_no text, mail text, status text, left_on date, pay numeric, seen timestamptz)",
            "INSERT INTO hr.person VALUES ('00123', 'ana@corp.example', 'active', NULL, 1.50, '2026-11-01 10:00+02'),"
            " ('7', 'bo@corp.example', 'terminated', '2026-10-31', 2, NULL)",
        )
        yield found


@pytest.fixture
def hr(server, monkeypatch):
    monkeypatch.setenv("HR_DB", "ropw")

    def made(query: str = QUERY.replace("person", "hr.person"), **settings) -> sql.Source:
        return source(url=server.url(), password={"env": "HR_DB"}, query=query, **settings)

    return made


@pytest.mark.needs("postgresql")
def test_people_come_from_postgresql(hr, roster_sink):
    listing = hr(QUERY.replace("person", "hr.person") + " WHERE mail LIKE '%corp%'").collect(roster_sink)
    assert (listing.walk.state, listing.parsed, listing.facts["transaction"]) == ("complete", 2, "read-only")
    assert [str(row["end_date"]) for row in roster_sink.row_list("people")] == ["None", "2026-10-31"]


@pytest.mark.needs("postgresql")
def test_a_function_that_writes_is_refused_by_postgresql(server, hr, roster_sink):
    server.run(
        "CREATE OR REPLACE FUNCTION hr.wipe() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS "
        "'DELETE FROM hr.person; SELECT 1::bigint'"
    )
    with pytest.raises(SourceError, match="read-only transaction"):
        hr("SELECT hr.wipe() AS employee_number").collect(roster_sink)


@pytest.mark.needs("postgresql")
def test_postgresql_stops_a_slow_query(hr, roster_sink):
    with pytest.raises(Unavailable, match="took too long"):
        hr("SELECT pg_sleep(5)::text AS employee_number", timeout=0.2).collect(roster_sink)


@pytest.mark.needs("postgresql")
def test_a_wrong_password_is_told_apart(hr, roster_sink, monkeypatch):
    monkeypatch.setenv("HR_DB", "wrong-secret")
    with pytest.raises(AuthenticationFailed) as raised:
        hr().collect(roster_sink)
    assert "wrong-secret" not in str(raised.value)


@pytest.mark.needs("postgresql")
def test_a_table_that_may_not_be_read(server, hr, roster_sink):
    server.run("CREATE TABLE IF NOT EXISTS hr.pay (x int)", "REVOKE ALL ON hr.pay FROM ro")
    with pytest.raises(SourceError, match="permission denied"):
        hr("SELECT x AS employee_number FROM hr.pay").collect(roster_sink)


@pytest.mark.needs("postgresql")
def test_rows_that_come_between_count_and_read_are_not_seen(server, hr, roster_sink, monkeypatch):
    """Both statements see one state, for the transaction is repeatable read."""
    from sqlalchemy import Connection

    asked = Connection.exec_driver_sql

    def meanwhile(self, statement, *more):
        if statement.startswith("SELECT emp_no"):
            server.run("INSERT INTO hr.person (emp_no, mail, status) VALUES ('new', 'new@corp.example', 'active')")
        return asked(self, statement, *more)

    monkeypatch.setattr(Connection, "exec_driver_sql", meanwhile)
    listing = hr().collect(roster_sink)
    assert (listing.walk.state, listing.parsed) == ("complete", 2)


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "verify-ca"])
def test_a_database_elsewhere_must_show_its_certificate(roster_sink, mode):
    with pytest.raises(ConfigError, match=r"would give the password to whoever answers for db\.example"):
        source(url=f"postgresql+psycopg://ro@db.example/hr?sslmode={mode}").collect(roster_sink)


def test_an_address_without_a_host_must_be_verified_too(roster_sink):
    with pytest.raises(ConfigError, match="would give the password to whoever answers for it"):
        source(url="postgresql+psycopg:///hr?sslmode=disable").collect(roster_sink)


def test_a_driver_that_is_not_known_to_verify_is_refused(roster_sink):
    with pytest.raises(ConfigError, match=r"whoever answers for db\.example"):
        source(url="postgresql+pg8000://ro@db.example/hr").collect(roster_sink)


@pytest.mark.parametrize(
    ("address", "said", "trusted"),
    [
        ("ro@db.example/hr", "verify-full", "system"),
        ("ro@db.example/hr?sslmode=verify-full&sslrootcert=mine.pem", "verify-full", "mine.pem"),
        ("ro@/hr?host=127.0.0.1&host=db.example", "verify-full", "system"),
        ("ro@/hr", "verify-full", "system"),
        ("ro@127.0.0.1/hr", None, None),
        ("ro@localhost/hr?sslmode=disable", "disable", None),
        ("ro@/hr?host=/var/run/postgresql", None, None),
        ("ro@localhost/hr?hostaddr=203.0.113.5", "verify-full", "system"),
        ("ro@localhost/hr?hostaddr=127.0.0.1", None, None),
    ],
)
def test_what_a_database_must_show(address, said, trusted, tmp_path):
    found = sql._verified(make_url(f"postgresql+psycopg://{address}"), None)
    assert (found.query.get("sslmode"), found.query.get("sslrootcert")) == (said, trusted)
    if trusted == "system":
        other = sql._verified(make_url(f"postgresql+psycopg://{address}"), tmp_path / "ca.pem")
        assert other.query["sslrootcert"] == str(tmp_path / "ca.pem")


@pytest.mark.needs("postgresql")
def test_a_database_without_a_certificate_is_sent_no_password(server, roster_sink, monkeypatch):
    """As if its name were that of another machine: the address of the server stands beside it."""
    monkeypatch.setenv("HR_DB", "ropw")
    url = f"postgresql+psycopg://ro@db.example:{server.port}/postgres?hostaddr=127.0.0.1"
    with pytest.raises(Unavailable, match="SSL"):
        source(url=url, password={"env": "HR_DB"}, query="SELECT 1 AS employee_number").collect(roster_sink)


@pytest.mark.needs("postgresql")
def test_a_result_that_holds_the_password_is_not_kept(server, hr, roster_sink, monkeypatch):
    server.run("CREATE ROLE told LOGIN PASSWORD 'told-password-0123'", "GRANT SELECT ON hr.person TO told",
               "GRANT USAGE ON SCHEMA hr TO told")  # fmt: skip
    monkeypatch.setenv("HR_DB", "told-password-0123")
    asked = hr("SELECT 'x' AS employee_number, reverse('3210-drowssap-dlot') AS title")
    told = asked.model_copy(update={"url": asked.url.replace("ro@", "told@")})
    with pytest.raises(Malformed, match="nothing of it is kept") as caught:
        told.collect(roster_sink)
    assert "told-password" not in str(caught.value)
