"""Finding kind ``policy-defect``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from scimaudit.policy.lines import Line, Remark
from scimaudit.rules import Judgement, judge, rule
from scimaudit.view import View, defects


@rule(
    title="Policy line cannot mean what it says",
    family="control",
    severity="low",
    action="Correct the line, or remove it from the file.",
    stopped_by=(),
    controls=(
        "soc2/CC6.3", "iso27001-2022/A.5.15", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.1", "nist-800-53-r5/AC-2",
    ),
    spans_apps=True,
)  # fmt: skip
def policy_defect(view: View) -> Judgement:
    """Lines of policy files that can be read and still decide nothing, or not what was meant.

    Detects: a rule that nobody can ever meet, one that a single deny rule takes back whole, one that says what another
    says, one that allows every right; a register line, ``privileged``, ``admin_accounts`` or ``non_human`` that fits
    everything; a line of the catalogue that fits everything and says that it is no power, or is held for a while only;
    a pattern of the register that fits accounts of people, whom the rules about people then do not see; a conflicting
    pair with one right on both sides; a side of a pair, or a line of the catalogue, that names no right that anybody
    holds; days that are still to come where they should not be, or that have passed, as far as no other kind tells; an
    owner of a rule, pair, line of the catalogue or app who does not work here; an approval, a disposition or a link
    signed by nobody in the roster, or by somebody who did not work here that day; a non-human account that answers for
    another; an approval of a right that nobody holds, and a link whose account or person does not exist. Counted by
    lines: of those in the policy folder (exceptions have kinds of their own), and of apps with an owner or patterns.

    Why: people rely on what is written down; a line that does nothing is a control that nobody operates.

    Not evaluable: a line of which some question cannot be decided, unless another one fails: whether anybody can meet a
    rule with too many comparisons, whether a signer or owner works here, whether a right is held where the app's
    listing is not proven.

    Remediation: say what was meant. ``scimaudit policy check`` tells it before the file is merged.
    """
    lines = defects.population(view.policy, view.facts.values())
    remarks = defects.of_view(view)
    wrong = [each for each in remarks if not each.unknown]
    open_ones = {each.line: each.unknown for each in remarks if each.unknown}
    failing = {each.line for each in wrong}
    rows = _frame(lines, view).assign(
        fails=[line in failing for line in lines],
        unknown=pd.array([open_ones.get(line) for line in lines], dtype="str"),
    )
    # A line with two defects is one line that failed and two findings: each is accepted or repaired on its own.
    found = judge(rows, fails=rows["fails"].astype(bool), unknown=rows["unknown"])
    return replace(found, failed=_findings(wrong, view))


def _frame(lines: Sequence[Line], view: View) -> pd.DataFrame:
    apps = pd.Categorical([line.app or None for line in lines], categories=list(view.facts))
    return pd.DataFrame({"app": apps, "value": pd.array([line.name for line in lines], dtype="str")})


def _findings(wrong: Sequence[Remark], view: View) -> pd.DataFrame:
    columns: Mapping[str, list[str | None]] = {
        "attribute": [f"{each.line.file} {each.check}" for each in wrong],
        "expected": [each.expected for each in wrong],
        "actual": [each.actual for each in wrong],
        "severity": [each.severity or None for each in wrong],
    }
    texts = {name: pd.array(cells, dtype="str") for name, cells in columns.items()}
    return _frame([each.line for each in wrong], view).assign(**texts)
