"""No version with a known weakness is allowed: the advisories that are known here, against pyproject.toml and the locks.

This list is not the audit (``make audit-dependencies`` asks a service), but it needs no network and runs on each commit.
"""

from __future__ import annotations

import pytest
from packaging.version import Version

from requirements import locks
from tests.supply.test_locks import RUN

# The first version without the weakness.
ADVISORIES = [
    ("cryptography", "46.0.6", "CVE-2026-34073"),
    ("cryptography", "46.0.7", "CVE-2026-39892"),
    ("h11", "0.16.0", "CVE-2025-43859"),
    ("httpx", "0.23.0", "CVE-2021-41945"),
    ("jinja2", "3.1.5", "CVE-2024-56201"),
    ("jinja2", "3.1.5", "CVE-2024-56326"),
    ("jinja2", "3.1.6", "CVE-2025-27516"),
    ("openpyxl", "2.4.2", "CVE-2017-5992"),
    ("orjson", "3.9.15", "CVE-2024-27454"),
    ("pyarrow", "14.0.1", "CVE-2023-47248"),
    ("pyarrow", "26.0.0", "CVE-2026-92287"),
    ("pyjwt", "2.12.0", "CVE-2026-32597"),
    ("pyjwt", "2.13.0", "fixes of 2.13.0"),
    ("requests", "2.32.4", "CVE-2024-47081"),
    ("requests", "2.33.0", "CVE-2026-25645"),
    ("urllib3", "2.6.0", "CVE-2025-66418"),
    ("urllib3", "2.6.0", "CVE-2025-66471"),
    ("urllib3", "2.6.3", "CVE-2026-21441"),
    ("urllib3", "2.7.0", "CVE-2026-44431"),
    ("urllib3", "2.7.0", "CVE-2026-44432"),
]
NAMED = [f"{package} {advisory}" for package, _, advisory in ADVISORIES]


@pytest.mark.parametrize(("package", "fixed", "advisory"), ADVISORIES, ids=NAMED)
def test_pyproject_allows_no_version_before_the_fix(package: str, fixed: str, advisory: str) -> None:
    [requirement] = [each for each in RUN if each.name == package]
    [floor] = [Version(each.version) for each in requirement.specifier if each.operator == ">="]
    assert floor >= Version(fixed), advisory


@pytest.mark.parametrize("name", ["run", "extras", "dev", "lowest"])
@pytest.mark.parametrize(("package", "fixed", "advisory"), ADVISORIES, ids=NAMED)
def test_no_lock_holds_a_version_before_the_fix(name: str, package: str, fixed: str, advisory: str) -> None:
    held = [pin.version for pin in locks.read(name) if pin.name == package]
    assert held, f"{package} is not in {name}.lock"
    assert min(held) >= Version(fixed), advisory


def test_workbooks_are_read_with_guarded_xml() -> None:
    """openpyxl refuses entity bombs only where defusedxml is installed."""
    assert "defusedxml" in {each.name for each in RUN}
