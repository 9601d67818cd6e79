"""What is wrong in a policy file is said with the file, the line and the trouble."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from scimaudit.correlate import decisions
from scimaudit.errors import PolicyError
from scimaudit.policy import Policy, apps, links, load, reading, trials, who_columns
from scimaudit.policy.exceptions import load as load_exceptions
from scimaudit.settle import known

RULE = '\n[[rules]]\nname = "eng"\nwho = "everyone"\nwhat = { app = "git", values = ["core"] }\nwhy = "x"\n'
PAIR = (
    '\n[[pairs]]\nname = "pay"\nleft = { app = "git", values = ["a"] }\nright = { app = "git", values = ["b"] }\n'
    'risk = "x"\n'
)
TEST = '\n[[tests]]\nname = "t"\napp = "git"\nvalue = "core"\nexpect = "silent"\n'
WAIVER = (
    '\n[[exceptions]]\nid = "EX-1"\nkind = "dormant"\napp = "git"\naccount = "ana"\nreason = "x"\n'
    'requested_by = "a"\napprover = "b"\napproved = 2026-11-01\nexpires = 2026-12-01\n'
)
NHI = "app,account,kind,owner,purpose,review_date,expires\ngit,bot,bot,ana,x,2027-01-01,\n"
APPROVALS = "app,account,value,approved_by,approved_on,until,reason\ngit,ana,core,bo,2026-01-01,,x\n"
DISPOSITIONS = "finding_id,disposition,by,on,until,reason\nf1,false-positive,ana,2026-01-01,,x\n"
LINKS = "app,account_id,person_id,relation,decided_by,decided_on,until,reason\ngit,a1,p1,is,ana,2026-01-01,,x\n"
CATALOGUE = "app,value,privileged\ngit,core,yes\n"
PRICES = "app,value,price,currency,as_of\ngit,,12.50,EUR,2026-03-01\n"
FILES = {
    "entitlements.toml": RULE, "sod.toml": PAIR, "tests.toml": TEST, "exceptions.toml": WAIVER, "nhi.csv": NHI,
    "approvals.csv": APPROVALS, "dispositions.csv": DISPOSITIONS, "links.csv": LINKS,
    "catalogue.csv": CATALOGUE, "prices.csv": PRICES,
}  # fmt: skip


def read(folder) -> Policy:
    """Every policy file of a folder, as the audit and ``policy check`` read them."""
    found = load(folder)
    tried = trials.load(folder / "tests.toml", who_columns())
    path = folder / "links.csv"
    decided = links.of(decisions.read(path)) if path.exists() else ()
    known(found.exceptions, ["dormant"])
    apps.known([(trial.place, trial.app) for trial in tried], ["git"])
    whole = replace(found, dispositions=(), links=decided)
    apps.check(whole, ["git"])
    return whole


def trouble(folder, file, text) -> str:
    (folder / file).write_text(text, "utf-8")
    with pytest.raises(PolicyError) as caught:
        read(folder)
    return caught.value.message.removeprefix(f"{folder}/")


def test_the_files_below_are_right(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    found = read(tmp_path)
    assert [each.place for part in (found.rules, found.conflicts, found.exceptions) for each in part] == [
        "entitlements.toml, line 2", "sod.toml, line 2", "exceptions.toml, line 2",
    ]  # fmt: skip
    assert [each.place for part in (found.nhi, found.approvals, found.links) for each in part] == [
        "nhi.csv, line 2", "approvals.csv, line 2", "links.csv, line 2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("entitlements.toml", "why =", "because =", "line 2, rule 1 (eng): unknown key 'because'"),
        ("entitlements.toml", '"git"', '"gti"', "line 2 names the app 'gti'"),
        (
            "entitlements.toml",
            '"everyone"',
            "'departement = \"x\"'",
            "line 2, rule 1 (eng): who: people have no column",
        ),
        ("entitlements.toml", 'why = "x"', "why = 3", "line 2, rule 1 (eng): why must be text"),
        ("entitlements.toml", 'name = "eng"', 'name = "  "', "line 2, rule 1 (  ): name is missing"),
        ("sod.toml", "risk =", "danger =", "line 2, pair 1 (pay): unknown key 'danger'"),
        ("sod.toml", 'right = { app = "git"', 'right = { app = "gti"', "line 2 names the app 'gti'"),
        ("sod.toml", '["a"]', '"a"', "line 2, pair 1 (pay): left: values must be a list"),
        ("tests.toml", "expect =", "expects =", "line 2, test 1 (t): unknown key 'expects'"),
        ("tests.toml", '"git"', '"gti"', "line 2 names the app 'gti'"),
        ("tests.toml", 'value = "core"', "value = 1", "line 2, test 1 (t): value must be text"),
        ("tests.toml", "app =", "person = { title = 7 }\napp =", "line 2, test 1 (t): person.title must be text"),
        ("exceptions.toml", "reason =", "reasons =", "line 2, exception 1 (EX-1): unknown key 'reasons'"),
        ("exceptions.toml", '"git"', '"gti"', "line 2 names the app 'gti'"),
        ("exceptions.toml", '"dormant"', '"dormnt"', "line 2 (EX-1) names the kind 'dormnt'"),
        ("exceptions.toml", "2026-12-01", "2026-10-01", "line 2, exception 1 (EX-1): it expires before"),
        ("exceptions.toml", "2026-12-01", '"soon"', "line 2, exception 1 (EX-1): expires must be a date"),
        ("nhi.csv", "kind", "sort", "line 1: unknown column 'sort'"),
        ("nhi.csv", "git,", "gti,", "line 2 names the app 'gti'"),
        ("nhi.csv", "2027-01-01", "20270101", "line 2: review_date is '20270101'"),
        ("approvals.csv", "until", "til", "line 1: unknown column 'til'"),
        ("approvals.csv", "until,", "", "line 1: no column 'until'"),
        ("approvals.csv", "until", "app", "line 1: no column 'until'"),
        ("approvals.csv", "git,", "gti,", "line 2 names the app 'gti'"),
        ("approvals.csv", "2026-01-01", "1.1.2026", "line 2: approved_on is '1.1.2026'"),
        ("approvals.csv", "2026-01-01,,", "2026-01-02,2026-01-01,", "line 2: it ends before it was approved"),
        ("dispositions.csv", "reason", "why", "line 1: unknown column 'why'"),
        ("dispositions.csv", "2026-01-01", "soon", "line 2: on is 'soon'"),
        ("dispositions.csv", "2026-01-01,,", "2026-01-02,2026-01-01,", "line 2: it ends before it was decided"),
        ("dispositions.csv", "false-positive", "false", "line 2: disposition is 'false'"),
        ("links.csv", "relation", "how", "line 1: unknown column 'how'"),
        ("links.csv", "git,", "gti,", "line 2 names the app 'gti'"),
        ("links.csv", "2026-01-01", "soon", "line 2: decided_on is 'soon'"),
        ("catalogue.csv", "privileged", "power", "line 1: unknown column 'power'"),
        ("catalogue.csv", "git,", "gti,", "line 2 names the app 'gti'"),
        ("catalogue.csv", "yes", "maybe", "line 2: privileged is 'maybe'"),
        ("prices.csv", "price", "cost", "line 1: unknown column 'cost'"),
        ("prices.csv", "git,", "gti,", "line 2 names the app 'gti'"),
        ("prices.csv", "12.50", "1,250", "line 2: 6 cells where the header has 5"),
        ("prices.csv", "2026-03-01", "March", "line 2: as_of is 'March'"),
    ],
)
def test_the_line_and_the_trouble_are_named(tmp_path, file, old, new, said):
    assert old in FILES[file]
    assert trouble(tmp_path, file, FILES[file].replace(old, new, 1)).startswith(f"{file}, {said}")


@pytest.mark.parametrize(
    ("file", "again", "said"),
    [
        ("entitlements.toml", RULE, "line 8, rule 2 (eng): the name 'eng' stands twice, first in entitlements.toml, line 2"),
        ("sod.toml", PAIR, "line 8, pair 2 (pay): the name 'pay' stands twice, first in sod.toml, line 2"),
        ("tests.toml", TEST, "line 8, test 2 (t): the name 't' stands twice, first in tests.toml, line 2"),
        ("exceptions.toml", WAIVER, "line 13, exception 2 (EX-1): the id 'EX-1' stands twice, first in exceptions.toml, line 2"),
        ("nhi.csv", "git,BOT,bot,,,,\n", "line 3: 'BOT' of 'git' already stands in nhi.csv, line 2"),
        ("approvals.csv", "git,ana,core,cy,2026-01-02,,\n", "line 3: the same right already stands in approvals.csv, line 2"),
        ("dispositions.csv", "f1,false-positive,bo,2026-01-02,,y\n", "line 3: f1 stands there twice, first in dispositions.csv, line 2"),
        ("catalogue.csv", "git,core,no\n", "line 3: 'core' of 'git' already stands in catalogue.csv, line 2"),
        ("prices.csv", "git,,1,EUR,2026-03-01\n", "line 3: 'a seat' of 'git' already stands in prices.csv, line 2"),
        ("links.csv", "git,a1,p2,is,ana,2026-02-01,,x\n", "line 3: is p2 for account 'a1' of 'git' cannot stand beside is p1 on line 2"),
    ],
)  # fmt: skip
def test_what_stands_twice_names_both_places(tmp_path, file, again, said):
    assert trouble(tmp_path, file, FILES[file] + again) == f"{file}, {said}"


def test_a_cell_with_line_breaks_is_named_by_the_line_it_begins_on(tmp_path):
    text = APPROVALS + '\ngit,bo,core,cy,2026-01-01,,"one\ntwo"\ngit,cy,core,bo,never,,\n'
    assert trouble(tmp_path, "approvals.csv", text).startswith("approvals.csv, line 6: approved_on")
    assert load(tmp_path / "none").approvals == ()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("[[rules]]\n\n [[ rules ]] # one\n[['rules']]\n[[\"rules\"]]", [1, 3, 4, 5]),
        ('x = """\n[[rules]]\n"""\n[[rules]]', [4]),
        ("x = '''\n[[rules]]\n'''\n[[rules]]", [4]),
        ('x = """a\\"""\n[[rules]]"""\n[[rules]]', [3]),
        ('x = """a"""""\n[[rules]]', [2]),
        ("x = \"it's\" # '''\n[[rules]]", [2]),
        ("# [[rules]]\n[[other]]\n[rules.what]\n[[rules]]", [4]),
    ],
)
def test_only_a_header_is_a_header(text, lines):
    assert reading.header_lines(text, "rules") == lines


def test_tables_without_headers_are_named_without_a_line(tmp_path):
    rule = '{ name = "eng", who = "everyone", what = { app = "gti", values = ["a"] }, why = "x" }'
    assert (
        trouble(tmp_path, "entitlements.toml", f"rules = [{rule}]") == "entitlements.toml, rule 1 names the app 'gti'"
    )


def test_columns_may_stand_in_any_order(tmp_path):
    (tmp_path / "approvals.csv").write_text(
        "reason,until,approved_on,approved_by,value,account,app\nx,,2026-01-01,bo,core,ana,git\n", "utf-8"
    )
    found = load(tmp_path).approvals[0]
    assert (found.app, found.approved_by, found.approved_on, found.until) == ("git", "bo", date(2026, 1, 1), None)


def test_the_place_of_a_line_does_not_make_it_another(tmp_path):
    (tmp_path / "a").mkdir()
    for folder, text in ((tmp_path, WAIVER), (tmp_path / "a", "\n\n" + WAIVER)):
        (folder / "exceptions.toml").write_text(text, "utf-8")
    one, other = (load_exceptions(folder / "exceptions.toml")[0] for folder in (tmp_path, tmp_path / "a"))
    assert one == other
    assert one.place != other.place
