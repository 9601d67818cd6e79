"""Fail where the parts that a false clean could hide in are not covered, branch by branch.

python tests/coverage_floor.py [PART ...]: these parts alone, where only their tests were run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

FLOORS = {
    "listing": (("scimaudit/sources/scim/", "scimaudit/transport/"), 95.0),
    "correlation": (("scimaudit/correlate/",), 95.0),
    "rules": (("scimaudit/rules/", "scimaudit/view/", "scimaudit/policy/"), 95.0),
    "encoders": (("scimaudit/renderers/",), 95.0),
    "everything": (("scimaudit/",), 90.0),
}


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "coverage.json"
        subprocess.run([sys.executable, "-m", "coverage", "json", "--quiet", "-o", str(path)], check=True)
        files = json.loads(path.read_text("utf-8"))["files"]
    failed = False
    for name in sys.argv[1:] or FLOORS:
        prefixes, floor = FLOORS[name]
        chosen = [data["summary"] for file, data in files.items() if Path(file).as_posix().startswith(prefixes)]
        covered = sum(summary["covered_branches"] for summary in chosen)
        total = sum(summary["num_branches"] for summary in chosen)
        share = 100 * covered / total if total else 0.0
        failed |= share < floor
        print(f"coverage of {name}: {share:.1f} % of branches (floor {floor:g} %)")  # noqa: T201 - a script
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
