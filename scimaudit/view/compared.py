"""Values of accounts beside those of their owners, after the normaliser that each app declares."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scimaudit import identifiers
from scimaudit.view.inputs import AppFacts

if TYPE_CHECKING:
    from scimaudit.view import View


def fed(view: View, attribute: str) -> list[AppFacts]:
    """The apps in which the roster feeds this column of accounts."""
    return [facts for facts in view.facts.values() if facts.roster_feeds and attribute in facts.drift]


def normalised(apps: Sequence[AppFacts], attribute: str) -> dict[str, list[str]]:
    """Each normaliser that is used, with the names of the apps that use it for the attribute."""
    found: dict[str, list[str]] = {}
    for facts in apps:
        found.setdefault(facts.normalise.get(attribute, "text"), []).append(facts.app)
    return found


def codes(column: pd.Series, how: str, meaning: dict[str, int]) -> np.ndarray:
    """A number per value, equal for values that count as the same; -1 for null.

    :param how: ``exact``, ``text`` (white space and case do not count) or ``text-accents`` (accents neither).
    :param meaning: the numbers given so far, shared by the columns that are compared; filled here.
    """
    places, texts = pd.factorize(column)
    numbers = [meaning.setdefault(_folded(str(text), how), len(meaning)) for text in texts]
    found: np.ndarray = np.array([*numbers, -1], dtype=np.int64)[places]
    return found


def _folded(text: str, how: str) -> str:
    if how == "exact":
        return text
    if how == "text-accents":
        return identifiers.near(text) or ""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
