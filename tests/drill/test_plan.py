"""Plans: what they may say, and the first one that is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from subprocess import CompletedProcess

import pytest

from scimaudit.config import load
from scimaudit.drill import plan as plans
from scimaudit.errors import ConfigError
from tests.drill.conftest import Firm

Run = Callable[..., "CompletedProcess[str]"]
HEAD = 'kind = "leaver"\nperson = "7"\nstart = 2026-11-20T08:30:00\n'


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("colour = 1\n[apps.crm]\naccount = 'absent'\n", "unknown key", "apps, canary, kind, person, start, title"),
        ("[apps.crn]\naccount = 'absent'\n", "there is no app 'crn'", "known apps: crm, chat"),
        ("[apps.crm]\nacount = 'absent'\n", "unknown key", "account, attributes, entitlements, groups"),
        ("[apps.crm]\naccount = 'gone'\n", "'exists', 'active', 'inactive' or 'absent'", ""),
        ("[apps.crm]\nattributes = { colour = 'red' }\n", "there is no attribute 'colour'", ""),
        ("[apps.crm]\naccount = 'absent'\nwithin = 'soon'\n", "is no length of time", ""),
        ("[apps.crm]\nwithin = '1 h'\n", "expects nothing", ""),
        ("[apps.crm]\ngroups = { none = true, has = ['x'] }\n", "say has and lacks", ""),
        ("[apps]\n", "expects nothing", ""),
        ("[canary]\n[apps.crm]\naccount = 'absent'\n", "of a person or of a [canary]", ""),
        ("[apps.crm\n", "is not valid TOML", ""),
    ],
)
def test_what_a_plan_may_not_say(firm: Firm, text: str, said: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plans.load(firm.plan(HEAD + text), firm.config())
    assert said in caught.value.message
    assert hint in caught.value.hint


def test_a_day_is_no_moment(firm: Firm) -> None:
    with pytest.raises(ConfigError, match="is a day; say the time too"):
        plans.load(firm.plan(HEAD.replace("T08:30:00", "") + "[apps.crm]\naccount = 'absent'\n"), firm.config())


def test_limits_come_from_the_expectation_the_app_or_its_sla(firm: Firm) -> None:
    text = "[apps.crm]\nwithin = '2 d'\naccount = { is = 'absent', within = '90 s' }\ngroups = { none = true }\n[apps.chat]\naccount = 'absent'\n"
    plan = plans.load(firm.plan(HEAD + text), firm.config())
    limits = {(each.app, each.what): each.within for each in plans.expectations(plan)}
    assert limits == {
        ("crm", "account"): timedelta(seconds=90),
        ("crm", "groups"): timedelta(days=2),
        ("chat", "account"): timedelta(hours=24),
    }
    assert plan.start is not None
    assert plan.start.utcoffset() == timedelta(0)


@pytest.mark.parametrize("kind", ["joiner", "mover", "leaver"])
def test_the_first_plan_of_a_canary_is_a_plan(firm: Firm, scimaudit: Run, kind: str) -> None:
    path, config = firm.folder / "drills" / "new.toml", firm.config()
    done = scimaudit("drill", "plan", path, "--kind", kind, "--config", config.path)
    assert done.returncode == 0
    assert set(plans.load(path, config).apps) == {"crm", "chat"}


def test_a_plan_that_is_there_is_checked_and_not_written(firm: Firm, scimaudit: Run) -> None:
    path = firm.plan(HEAD + "[apps.crm]\naccount = 'absent'\n")
    text, config = path.read_text("utf-8"), firm.config()
    done = scimaudit("drill", "plan", path, "--config", config.path)
    assert (done.stdout, path.read_text("utf-8")) == ("crm: account absent within 1 d\n", text)


def test_the_first_plan_of_an_app_with_a_dot_in_its_name_is_a_plan(firm: Firm, scimaudit: Run) -> None:
    config, path = firm.config().path, firm.folder / "drills" / "new.toml"
    config.write_text(config.read_text("utf-8").replace("apps.chat", 'apps."eu.chat"'), "utf-8")
    assert scimaudit("drill", "plan", path, "--config", config).returncode == 0
    assert set(plans.load(path, load(config)).apps) == {"crm", "eu.chat"}
