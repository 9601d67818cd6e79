"""Takes the pictures of the README from a demonstration: ``python docs/pictures.py scimaudit-demo``. Needs Chromium."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console

from scimaudit import archive, config
from scimaudit.renderers import terminal

IMAGES = Path(__file__).parent / "images"
WIDTH, HEIGHT = 1200, 900


def report(folder: Path) -> None:
    """The head of the HTML report."""
    [page] = folder.glob("reports/report.html")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        tab.goto(page.resolve().as_uri())
        tab.screenshot(path=IMAGES / "report.png")
        browser.close()


def summary(folder: Path) -> None:
    """The summary as a terminal of 118 columns shows it."""
    loaded = config.load(folder / "scimaudit.toml")
    console = Console(record=True, width=118, force_terminal=True, file=io.StringIO())
    terminal.summary(console, archive.latest(loaded.store).audit)
    console.save_svg(str(IMAGES / "terminal.svg"), title="scimaudit run")


if __name__ == "__main__":
    report(Path(sys.argv[1]))
    summary(Path(sys.argv[1]))
