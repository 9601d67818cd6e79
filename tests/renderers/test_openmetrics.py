from __future__ import annotations

from scimaudit.renderers._openmetrics import text
from scimaudit.result import MetricLine


def figure(value: float | None, name: str = "open_days", unit: str = "days", **labels: str) -> MetricLine:
    return MetricLine(name, labels, value, unit, "what it is")


def test_the_text_ends_with_its_end_and_a_family_has_one_head() -> None:
    assert text([figure(1.5, app="a"), figure(None, "gone"), figure(2, app="b")]) == (
        "# TYPE scimaudit_open_days gauge\n# UNIT scimaudit_open_days days\n# HELP scimaudit_open_days what it is\n"
        'scimaudit_open_days{app="a"} 1.5\nscimaudit_open_days{app="b"} 2.0\n# EOF\n'
    )


def test_what_cannot_be_told_is_left_out_and_no_zero() -> None:
    assert text([figure(None)]) == "# EOF\n"
    assert text([]) == "# EOF\n"


def test_no_name_of_an_app_breaks_out_of_its_label() -> None:
    line = text([figure(1, app='a"} 5\n# EOF\nx{b="\\')]).splitlines()[3]
    assert line.startswith('scimaudit_open_days{app="a\\"} 5')
    assert line.endswith('x{b=\\"\\\\"} 1.0')


def test_names_that_look_alike_after_escaping_are_one_sample() -> None:
    lines = text([figure(1, app="a"), figure(2, app="a")]).splitlines()
    assert sum(line.startswith("scimaudit_open_days{") for line in lines) == 1


def test_what_a_figure_is_told_without_stands_beside_it() -> None:
    line = MetricLine("kept_ratio", {"app": "a"}, 1.0, "ratio", "what it is", of=1, not_evaluable=99)
    assert 'scimaudit_kept_ratio_not_evaluable{app="a"} 99.0' in text([line]).splitlines()
