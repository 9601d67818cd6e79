"""The page in the documentation is the one the scenarios make."""

from tests.faults.scenarios import ALL
from tests.faults.table import PAGE, document


def test_the_page_is_up_to_date():
    assert PAGE.read_text("utf-8") == document(), "run: python -m tests.faults.table --write"


def test_every_scenario_stands_on_the_page_once():
    page = document()
    for scenario in ALL:
        assert page.count(f"| `{scenario.name}` |") == 1
    assert all(line.count(" | ") == 5 for line in page.splitlines() if line.startswith("| `"))
