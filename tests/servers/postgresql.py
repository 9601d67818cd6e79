"""A PostgreSQL of our own on loopback, with an HR schema and a role that can only read."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PostgreSQL:
    port: int
    superuser: str = "hr"
    password: str = "pgpw"

    def url(self, user: str = "ro", database: str = "postgres") -> str:
        return f"postgresql+psycopg://{user}@127.0.0.1:{self.port}/{database}"

    def run(self, *statements: str) -> None:
        """Statements as the owner of the data."""
        import psycopg

        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=self.superuser, password=self.password, dbname="postgres"
        ) as connection:
            for statement in statements:
                connection.execute(statement)


def programs() -> Path | None:
    """The folder of the server's programs, which Debian keeps off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    which = shutil.which("initdb")
    return Path(which).parent if which else None


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serving() -> Iterator[PostgreSQL]:
    """Run a server; PostgreSQL refuses to be run by root, so root runs it as ``postgres``."""
    bin_folder = programs()
    assert bin_folder is not None
    server = PostgreSQL(free_port())
    other = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="scimaudit-pg-", dir="/tmp") as name:
        folder = Path(name)
        (folder / "pw").write_text(server.password)
        if other:
            for path in (folder, folder / "pw"):
                shutil.chown(path, **other)
        quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **other}
        subprocess.run(
            [bin_folder / "initdb", "-D", folder / "data", "-A", "scram-sha-256", "-U", server.superuser, "-N",
             f"--pwfile={folder / 'pw'}", "-E", "UTF8", "--locale=C.UTF-8"],
            check=True, **quiet,
        )  # fmt: skip
        control = [bin_folder / "pg_ctl", "-D", folder / "data", "-w"]
        options = f"-p {server.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        subprocess.run([*control, "-l", folder / "log", "-o", options, "start"], check=True, **quiet)
        try:
            server.run(
                "CREATE ROLE ro LOGIN PASSWORD 'ropw'",
                "ALTER ROLE ro SET default_transaction_read_only = on",
                "CREATE SCHEMA hr",
                "GRANT USAGE ON SCHEMA hr TO ro",
                "ALTER DEFAULT PRIVILEGES IN SCHEMA hr GRANT SELECT ON TABLES TO ro",
            )
            yield server
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], check=True, **quiet)
