"""What is released: a wheel that is built twice is one wheel, and its bill of materials is CycloneDX."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from packaging.markers import default_environment

from requirements import locks, sbom
from scimaudit import __version__
from tests.supply.test_locks import RUN

EPOCH = "1780000000"


def built(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with a wheel and its bill, as ``make dist`` leaves it."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=locks.FOLDER.parent, check=True, capture_output=True)
    sbom.main(folder)
    return folder


def test_a_release_is_reproducible_and_says_what_is_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # It takes seconds, which every worker would spend while it collects.
    from cyclonedx.validation.json import JsonStrictValidator

    one, two = (built(tmp_path / name, monkeypatch) for name in ("one", "two"))
    names = [f"scimaudit-{__version__}-py3-none-any.whl", f"scimaudit-{__version__}.cdx.json"]
    for folder in (one, two):
        assert sorted(path.name for path in folder.iterdir()) == names
    for name in names:
        assert (one / name).read_bytes() == (two / name).read_bytes()
    wheel, bill = (one / name for name in names)
    text = bill.read_text("utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    told = json.loads(text)
    root = told["metadata"]["component"]
    assert (root["name"], root["version"]) == ("scimaudit", __version__)
    assert root["licenses"][0]["license"]["id"] == "Apache-2.0"
    assert root["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}]
    assert told["metadata"]["timestamp"] == "2026-05-28T20:26:40+00:00"
    compare(told["components"])
    needs = {each["ref"]: each["dependsOn"] for each in told["dependencies"]}
    direct = {purl.removeprefix("pkg:pypi/").split("@")[0] for purl in needs[root["bom-ref"]]}
    assert {each.name for each in RUN if each.marker is None} <= direct
    assert "pkg:pypi/h11@0.16.0" in needs[next(ref for ref in needs if ref.startswith("pkg:pypi/httpcore@"))]


def compare(components: list[dict]) -> None:
    """Each component is a pin of the lock with all its hashes; each that is installed here has its licence."""
    told = {each["purl"]: each for each in components}
    pins = {f"pkg:pypi/{pin.name}@{pin.version}": pin for pin in locks.read("extras")}
    assert told.keys() == pins.keys()
    assert len(told) == len(components)
    run = {pin.name for pin in locks.read("run")}
    for purl, pin in pins.items():
        each = told[purl]
        hashes = [held for reference in each["externalReferences"] for held in reference.get("hashes", ())]
        assert [held["content"] for held in hashes if held["alg"] == "SHA-256"] == list(pin.hashes)
        assert each["scope"] == ("required" if pin.name in run else "optional")
        assert ("licenses" in each) >= pin.applies(default_environment()), purl


def test_what_is_no_bill_of_materials_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scimaudit-1.0-py3-none-any.whl").touch()
    monkeypatch.setattr(sbom, "of", lambda wheel: {"bomFormat": "CycloneDX", "specVersion": "1.6", "parts": []})
    with pytest.raises(ValueError, match="no CycloneDX"):
        sbom.main(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
