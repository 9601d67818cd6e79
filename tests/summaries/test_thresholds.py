"""Limits of frameworks: the same rows, judged by another limit."""

from __future__ import annotations

from datetime import timedelta

from scimaudit import rules
from scimaudit.frameworks import frameworks
from scimaudit.summaries.thresholds import threshold_lines
from tests.rules.conftest import Make

make = Make()


def lines(*idle_days: int, **own):
    view = make.view(
        accounts=[make.account(f"a{n}", last_login=make.now - timedelta(days=days)) for n, days in enumerate(idle_days)]
    )
    judged = {"dormant": rules.load("dormant").check(view, **own)}
    return {line.control: line for line in threshold_lines(view, judged, {"dormant": own} if own else {})}


def test_the_strictest_limit_stands_beside_the_own_one():
    found = lines(30, 60, 100)
    cis, pci = found["cis-8.1/5.3"], found["pci-dss-4.0.1/8.2.6"]
    assert (cis.limit, cis.own, cis.beyond, cis.beyond_own) == (
        "days = 45, nhi_days = 45",
        "days = 90, nhi_days = 180",
        2,
        1,
    )
    assert (pci.beyond, pci.beyond_own, pci.judged, pci.not_evaluable) == (1, 1, 3, 0)


def test_the_own_limit_is_what_the_configuration_says():
    cis = lines(30, 60, 100, days=50)["cis-8.1/5.3"]
    assert (cis.own, cis.beyond, cis.beyond_own) == ("days = 50, nhi_days = 180", 2, 2)


def test_a_rule_that_is_switched_off_has_no_line():
    assert threshold_lines(make.view(), {}, {}) == ()


def test_every_limit_names_settings_of_a_rule_and_a_control():
    for each in frameworks():
        for limit in each.thresholds:
            assert set(limit.settings) <= set(rules.load(limit.kind).settings)
            assert limit.control in each.controls
            assert f"{each.id}/{limit.control}" in rules.load(limit.kind).controls
