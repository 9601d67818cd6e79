"""Figures as OpenMetrics text, for a scraper (https://prometheus.io/docs/specs/om/open_metrics_spec/).

A figure that cannot be told is left out: a scraper sees a gap, and no zero. What a figure is told without stands beside
it, under its name and ``_not_evaluable``: a share of the few that could be judged must not look like one of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from scimaudit.renderers.encode import show
from scimaudit.result import MetricLine

PREFIX: Final = "scimaudit_"
_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def text(lines: Sequence[MetricLine]) -> str:
    """The whole exposition; the figures of one name stand together."""
    families: dict[str, list[MetricLine]] = {}
    for line in [*lines, *_without(lines)]:
        families.setdefault(line.name, []).append(line)
    parts = [part for name, family in families.items() for part in _family(PREFIX + name, family)]
    return "\n".join([*parts, "# EOF"]) + "\n"


def _without(lines: Sequence[MetricLine]) -> Iterator[MetricLine]:
    said = "rows that could not be judged and that the figure is told without"
    for line in lines:
        if line.of is not None or line.not_evaluable:
            yield MetricLine(f"{line.name}_not_evaluable", line.labels, float(line.not_evaluable), "", said)


def _family(name: str, lines: Sequence[MetricLine]) -> Iterator[str]:
    known = [line for line in lines if line.value is not None]
    if not known:
        return
    yield f"# TYPE {name} gauge"
    if known[0].unit:
        yield f"# UNIT {name} {known[0].unit}"
    yield f"# HELP {name} {_escaped(known[0].meaning)}"
    for labels, value in _distinct(known):
        yield f"{name}{labels} {value!r}"


def _distinct(lines: Iterable[MetricLine]) -> Iterator[tuple[str, float]]:
    """Each set of labels once, for a second sample of it would void the whole text."""
    seen = set()
    for line in lines:
        labels = _labels(line.labels)
        if labels not in seen and line.value is not None:
            seen.add(labels)
            yield labels, float(line.value)


def _labels(labels: Mapping[str, str]) -> str:
    cells = ",".join(f'{name}="{_escaped(value)}"' for name, value in sorted(labels.items()))
    return f"{{{cells}}}" if cells else ""


def _escaped(value: str) -> str:
    return show(value).translate(_ESCAPES)
