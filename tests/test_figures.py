"""What the suite tells of its own reach is added up over tests and workers."""

from __future__ import annotations

import json

from tests import figures


def line(**noted: object) -> str:
    return json.dumps({"name": "Kills", "counts": {}, "most": {}, "told": {}} | noted)


def test_counts_are_added_the_largest_stands_and_words_stand_once():
    rows = figures.together(
        [
            line(counts={"kills": 1200}, most={"MiB": 7}, told={"seed": "4"}),
            line(counts={"kills": 3}, most={"MiB": 5}, told={"seed": "4"}),
        ]
    )
    assert figures.sentence(rows["Kills"]) == "1,203 kills; 7 MiB; seed 4"


def test_the_page_has_a_row_for_each_name_and_keeps_those_that_were_not_played():
    page = figures.page({"Kills": {"kills": "3"}, "Flips": {"flips": "9"}}, "", on="2026-11-29, two cores")
    page = figures.page({"Kills": {"kills": "4"}}, page, on="2026-11-30, two cores")
    assert page.endswith("| Flips | 9 flips | 2026-11-29, two cores |\n| Kills | 4 kills | 2026-11-30, two cores |\n")
