"""``python -m benchmarks``: every stage beside its rival, in one run, as a Markdown table."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import directories
from benchmarks.estate import Estate, write_configuration, write_snapshot

LISTING = 'source = "scim"\nbase_url = "http://127.0.0.1:{port}/{{app}}"\npage_size = {page}'


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--accounts", type=int, nargs="+", default=[100_000, 1_000_000], help="sizes of the offline audit"
    )
    parser.add_argument("--pulled", type=int, default=100_000, help="accounts to pull over HTTP")
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--apps", type=int, default=50)
    parser.add_argument("--entries", type=int, default=20_000, help="entries of the LDAP directory and of the tenant")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--offline", action="store_true", help="the offline audit only")
    given = parser.parse_args()
    lines = []
    if not given.offline:
        for apps, page in ((given.apps, 100), (given.apps, 1000), (given.apps // 10 or 1, 1000)):
            lines += _pulls(Estate(given.people, apps, given.pulled), page, given.latency)
        lines += _side_by_side(given.apps)
        lines += _directories(given.entries)
    for accounts in given.accounts:
        lines += _audits(Estate(accounts // 10, given.apps, accounts))
    print("| stage | rows | seconds | CPU seconds | rows per CPU second | peak MB |\n|---|--:|--:|--:|--:|--:|")
    for name, took in lines:
        rate = took["rows"] / took["cpu"]
        print(
            f"| {name} | {took['rows']:,} | {took['seconds']:.1f} | {took['cpu']:.1f} | {rate:,.0f} | {took['megabytes']:,.0f} |"
        )
    print()
    for (mine, took), (rival, other) in zip(lines[::2], lines[1::2], strict=True):
        ratio = (took["rows"] / took["cpu"]) / (other["rows"] / other["cpu"])
        wall = took["seconds"] / other["seconds"] * other["rows"] / took["rows"]
        print(f"- {mine}: {ratio:.2f} x the rows per CPU second of {rival}; {wall:.2f} x its seconds per row")


def _pulls(estate: Estate, page: int, latency: float) -> list[tuple[str, dict]]:
    with tempfile.TemporaryDirectory() as folder, _served(estate, page, latency) as port:
        _roster(estate, Path(folder))
        write_configuration(estate, Path(folder), LISTING.format(port=port, page=page))
        mine = _stage("pull", folder)
        rival = _stage("scim2-client", f"http://127.0.0.1:{port}", estate.app(0))
    return [
        (f"pull with proof, {estate.apps} apps, pages of {page}", mine),
        (f"scim2-client, one app listed, pages of {min(page, 100)}", rival),
    ]


def _side_by_side(apps: int) -> list[tuple[str, dict]]:
    """Many apps at once and one alone, each 50 ms away."""
    lines = []
    for count in (apps, 1):
        estate = Estate(10_000, count, 2_000 * count)
        with tempfile.TemporaryDirectory() as folder, _served(estate, 100, 0.05) as port:
            _roster(estate, Path(folder))
            write_configuration(estate, Path(folder), LISTING.format(port=port, page=100))
            lines.append((f"pull with proof, {count} apps of 2,000, each answer 50 ms away", _stage("pull", folder)))
    return lines


def _directories(entries: int) -> list[tuple[str, dict]]:
    lines = []
    for title, made, rival in (
        ("OpenLDAP", directories.directory, "ldapsearch"),
        ("Graph", directories.tenant, "requests"),
    ):
        with tempfile.TemporaryDirectory() as folder, made(entries, Path(folder)) as told:
            lines.append((f"{title} listed with proof", _stage("pull", folder)))
            lines.append((f"{title} listed once by {rival}", _stage(rival, *told)))
    return lines


def _audits(estate: Estate) -> list[tuple[str, dict]]:
    with tempfile.TemporaryDirectory() as folder:
        write_configuration(estate, Path(folder), 'source = "scim"\nbase_url = "https://{app}.example/scim/v2"')
        write_snapshot(estate, Path(folder) / "scimaudit-data")
        audit, script = _stage("audit", folder), _stage("duckdb", folder, str(Path(folder) / "duckdb"))
        rules, questions = _stage("rules", folder), _stage("duckdb-rules", folder)
        sealed, verified, *by_hand = (
            _stage(name, folder, *rows)
            for name, rows in (
                ("seal", ()),
                *((each, (str(estate.accounts),)) for each in ("verify", "copied", "sha256sum")),
            )
        )
    for mine, rival in ((audit, script), (rules, questions)):
        if mine["kinds"] != rival["kinds"]:
            raise SystemExit(f"the findings differ: {mine['kinds']} and {rival['kinds']}")
    size = f"{estate.accounts:,} accounts, {estate.accounts * estate.grants:,} grants"
    return [
        (f"audit and reports, {size}", audit),
        (f"DuckDB script, {size}", script),
        (f"all rules, {size}", rules),
        (f"DuckDB questions, {size}", questions),
        (f"sealed, {size}", sealed),
        ("cp and sha256sum of the same files", by_hand[0]),
        ("verified", verified),
        ("sha256sum --check", by_hand[1]),
    ]


def _stage(*arguments: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-W", "ignore", "-m", "benchmarks.stage", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def _served(estate: Estate, page: int, latency: float) -> Iterator[int]:
    command = [
        sys.executable, "-m", "benchmarks.server", "--accounts", str(estate.accounts), "--apps", str(estate.apps),
        "--people", str(estate.people), "--grants", str(estate.grants), "--page", str(page), "--latency", str(latency),
    ]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield int(server.stdout.readline())
        finally:
            server.stdin.close()
            server.wait(timeout=10)


def _roster(estate: Estate, folder: Path) -> None:
    lines = ["employee_number,user_name,email,given_name,family_name,status,department,title"]
    lines += [
        f"{row['employee_number']},{row['user_name']},{row['emails'][0]},{row['given_name']},{row['family_name']},"
        f"{row['status']},{row['department']},{row['title']}"
        for row in estate.people_table().to_pylist()
    ]
    (folder / "hr.csv").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
