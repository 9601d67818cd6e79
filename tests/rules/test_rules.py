from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimaudit import rules
from scimaudit.errors import ConfigError
from scimaudit.rules import Judgement, because, judge, merged
from scimaudit.tables import NOT_EVALUABLE


def flags(*values):
    return pd.Series(values, dtype=bool)


def counts(judgement: Judgement):
    ledger = judgement.ledger.astype({"app": object, "reason": object})
    return ledger.where(ledger.notna(), None).to_numpy().tolist()


ROWS = pd.DataFrame({"app": pd.Categorical(["b", "a", "b", None])})


def test_a_population_is_sorted_per_app_with_the_rows_without_app_last():
    unknown = because(ROWS.index, (flags(True, False, False, False), "too-young"))
    found = judge(ROWS, fails=flags(False, True, True, False), unknown=unknown)
    assert counts(found) == [["a", 1, 1, 0, None], ["b", 2, 1, 1, "too-young 1"], [None, 1, 0, 0, None]]
    assert found.failed.index.tolist() == [1, 2]


def test_what_is_known_to_be_wrong_is_not_excused_by_what_is_unknown():
    found = judge(ROWS[:1], fails=flags(True), unknown=pd.Series(["too-young"], dtype="str"))
    assert counts(found) == [["b", 1, 1, 0, None]]


def test_a_row_outside_counts_nowhere_even_if_it_would_fail():
    found = judge(ROWS, fails=flags(True, True, True, True), within=flags(False, True, False, False))
    assert counts(found) == [["a", 1, 1, 0, None]]
    assert found.failed.index.tolist() == [1]


def test_rows_without_an_app_column_are_one_population():
    assert counts(judge(pd.DataFrame({"x": [1, 2]}), fails=flags(False, True))) == [[None, 2, 1, 0, None]]


@pytest.mark.parametrize("name", ["fails", "within"])
def test_a_null_mask_is_refused(name):
    masks = {"fails": flags(True), "within": flags(True), name: pd.Series([None], dtype="boolean")}
    with pytest.raises(ValueError, match=f"{name} is neither true nor false"):
        judge(ROWS[:1], **masks)


def test_a_reason_that_is_not_ours_is_refused():
    with pytest.raises(ValueError, match="bad-weather"):
        judge(ROWS[:1], fails=flags(False), unknown=pd.Series(["bad-weather"], dtype="str"))


def test_the_first_reason_that_holds_is_given():
    index = pd.RangeIndex(3)
    found = because(index, (flags(True, False, False), "too-young"), (flags(True, True, False), "no-peers"))
    assert found.astype("str").fillna("").tolist() == ["too-young", "no-peers", ""]
    assert because(index, (True, "no-peers")).tolist() == ["no-peers"] * 3


def test_saying_leaves_the_judgement_as_it_was():
    found = judge(ROWS, fails=flags(True, False, False, False))
    said = found.saying(expected="this", actual=lambda rows: "that " + rows["app"].astype("str"))
    assert said.failed["actual"].tolist() == ["that b"]
    assert "actual" not in found.failed
    assert said.ledger is found.ledger


def test_merging_adds_counts_and_reasons_per_app():
    young = because(ROWS.index, (flags(True, True, False, False), "too-young"))
    alone = because(ROWS.index, (flags(True, False, False, True), "no-peers"))
    fails = flags(False, False, True, False)
    found = merged([judge(ROWS, fails=fails, unknown=young), judge(ROWS, fails=fails, unknown=alone)])
    assert counts(found) == [
        ["a", 2, 0, 1, "too-young 1"],
        ["b", 4, 2, 2, "no-peers 1, too-young 1"],
        [None, 2, 0, 1, "no-peers 1"],
    ]
    assert found.failed["app"].tolist() == ["b", "b"]


def test_merging_nothing_is_empty():
    found = merged([])
    assert (len(found.ledger), len(found.failed)) == (0, 0)
    assert list(found.ledger.columns) == ["app", "population", "failed", "not_evaluable", "reason"]
    assert list(found.failed.columns) == ["expected", "actual"]


verdicts = st.tuples(
    st.sampled_from(["a", "b", None]), st.booleans(), st.sampled_from([None, *NOT_EVALUABLE]), st.booleans()
)


@settings(deadline=None)  # a busy machine is not a defect
@given(st.lists(verdicts, max_size=30))
def test_the_ledger_is_what_counting_by_hand_gives(drawn):
    rows = pd.DataFrame({"app": pd.Series([app for app, *_ in drawn], dtype="str")})
    found = judge(
        rows,
        fails=flags(*(fails for _, fails, *_ in drawn)),
        unknown=pd.Series([reason for *_, reason, _ in drawn], dtype="str"),
        within=flags(*(within for *_, within in drawn)),
    )
    due = []
    for app in ("a", "b", None):
        mine = [row for row in drawn if row[0] == app and row[3]]
        reasons = [reason for _, fails, reason, _ in mine if reason and not fails]
        text = ", ".join(f"{reason} {reasons.count(reason)}" for reason in sorted(set(reasons)))
        if mine:
            due.append([app, len(mine), sum(row[1] for row in mine), len(reasons), text or None])
    assert counts(found) == due


def test_an_unknown_kind_lists_the_known_ones():
    with pytest.raises(ConfigError, match="zombie") as caught:
        rules.load("zombie")
    assert "leaver-active" in caught.value.hint


def test_a_declaration_knows_its_families_and_severities():
    with pytest.raises(ValueError, match="terrible"):
        rules.rule(title="t", family="orphan", severity="terrible", action="a", stopped_by=())


def test_a_rule_knows_its_settings():
    rule = rules.load("leaver-active")
    assert {name: parameter.default for name, parameter in rule.settings.items()} == {"grace_days": 0}
