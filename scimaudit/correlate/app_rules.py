"""What correlation needs to know of an app."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

EXACT: Final = ("T1", "T2", "T3", "T4", "T5")
TIERS: Final = (*EXACT, "T6", "T7", "T8")


@dataclass(frozen=True)
class AppRules:
    """The correlation settings of one app; an app that states none is correlated with these defaults.

    :param external_id_is: people column that externalId holds; tier T1 runs only where this is declared.
    :param employee_number_digits: zero-pad employee numbers to this length before comparing.
    :param match_local_part: let tier T4 fall back to the part before the at sign.
    :param domains: old mail domain to new one (tier T5), as they stand in keys.
    :param tiers: the tiers to run.
    """

    external_id_is: str | None = None
    employee_number_digits: int | None = None
    match_local_part: bool = False
    domains: Mapping[str, str] = field(default_factory=dict)
    tiers: tuple[str, ...] = TIERS
