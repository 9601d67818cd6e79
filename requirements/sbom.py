"""The bill of materials of a wheel, as CycloneDX JSON: what ``pip install`` brings beside it, for every system.

``python -m requirements.sbom DIST`` reads the one wheel in a folder and writes ``scimaudit-VERSION.cdx.json`` beside
it. Names, versions and hashes are those of ``extras.lock``; licences and who needs whom are what the packages installed
here say, so a package for another system has none. One wheel, lock and ``SOURCE_DATE_EPOCH`` give one file.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from email.parser import Parser
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from packaging.utils import canonicalize_name

from requirements import locks

_PROJECT = locks.FOLDER.parent / "pyproject.toml"


def main(folder: Path) -> Path:
    """Write the bill of the wheel in ``folder``.

    :raises ValueError: there is not one wheel, or what came of it is no CycloneDX.
    """
    from cyclonedx.validation.json import JsonStrictValidator  # takes seconds

    [wheel] = folder.glob("*.whl")
    bill = of(wheel)
    text = json.dumps(bill, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise ValueError(f"the bill of materials is no CycloneDX: {wrong}")
    path = folder / f"scimaudit-{bill['metadata']['component']['version']}.cdx.json"
    path.write_text(text, "utf-8", newline="\n")
    return path


def of(wheel: Path) -> dict[str, Any]:
    """The bill of a wheel."""
    bill = _generate("environment", sys.executable, "--pyproject", str(_PROJECT))
    seen = {_key(each): each for each in bill["components"]}
    needed = {pin.name for pin in locks.read("run")}
    pinned = _generate("requirements", str(locks.FOLDER / "extras.lock"))["components"]
    root = {**bill["metadata"]["component"], **_root(wheel)}
    bill["metadata"]["component"] = root
    bill["components"] = [_component(each, seen.get(_key(each), {}), each["name"] in needed) for each in pinned]
    names = {seen[_key(each)]["bom-ref"]: each["purl"] for each in pinned if _key(each) in seen}
    names["root-component"] = root["bom-ref"]
    bill["dependencies"] = [
        {"ref": names[each["ref"]], "dependsOn": sorted(names[to] for to in each.get("dependsOn", ()) if to in names)}
        for each in bill["dependencies"]
        if each["ref"] in names
    ]
    return bill


def _key(component: Mapping[str, Any]) -> tuple[str, str]:
    return canonicalize_name(component["name"]), component["version"]


def _generate(*arguments: str) -> dict[str, Any]:
    """What CycloneDX's own generator writes; what is made of it is validated in the end."""
    options = ("--output-reproducible", "--spec-version", "1.6", "--no-validate")
    command = [sys.executable, "-m", "cyclonedx_py", *arguments, *options]
    done = subprocess.run(command, capture_output=True, check=True)
    return dict(json.loads(done.stdout))


def _component(pinned: Mapping[str, Any], seen: Mapping[str, Any], needed: bool) -> dict[str, Any]:
    told = {key: seen[key] for key in ("description", "licenses") if key in seen}
    kept = {key: pinned[key] for key in ("externalReferences", "name", "purl", "type", "version")}
    return {**kept, **told, "bom-ref": pinned["purl"], "scope": "required" if needed else "optional"}


def _root(wheel: Path) -> dict[str, Any]:
    with zipfile.ZipFile(wheel) as archive:
        [path] = [each for each in archive.namelist() if each.endswith(".dist-info/METADATA")]
        version = Parser().parsestr(archive.read(path).decode())["Version"]
    purl = f"pkg:pypi/scimaudit@{version}"
    sealed = {"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}
    return {"version": version, "purl": purl, "bom-ref": purl, "hashes": [sealed]}


if __name__ == "__main__":
    print(main(Path(sys.argv[1])))
