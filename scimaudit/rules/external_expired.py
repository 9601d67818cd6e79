"""Finding kind ``external-expired``."""

from __future__ import annotations

from scimaudit.policy import patterns
from scimaudit.rules import Judgement, because, judge, rule
from scimaudit.view import View
from scimaudit.view.columns import known_false, known_true


@rule(
    title="Contractor or guest beyond the end",
    family="orphan",
    severity="high",
    action="Disable the account, or have the sponsor confirm it with a new end date.",
    stopped_by=("disable",),
    remedy="disable",
    decide=True,
    controls=(
        "soc2/CC6.2", "iso27001-2022/A.5.16", "iso27001-2022/A.5.18", "pci-dss-4.0.1/7.2.4", "pci-dss-4.0.1/8.2.7",
        "nist-800-53-r5/AC-2(2)", "nist-800-53-r5/AC-2(3)", "nist-800-53-r5/PS-7", "cis-8.1/6.2",
    ),
)  # fmt: skip
def external_expired(
    view: View,
    *,
    worker_types: str = "*contract*, *extern*, *guest*, *vendor*, *consult*, *freelan*",
    require_end_date: bool = False,
    require_sponsor: bool = False,
) -> Judgement:
    """Active accounts of external people whose time is over, or who lack the end date or sponsor that policy demands.

    Detects: an active account of a person whose worker type matches one of ``worker_types`` (patterns, separated by
    commas), or of a guest, where the end date has passed or the person is terminated. With ``require_end_date`` or
    ``require_sponsor`` (a manager in the system of record), also where that is missing.

    Why: external people rarely pass through the leaver process; their end date is often the only thing that ends
    access.

    Not evaluable: people without a worker type, guests whom nobody or nobody in particular owns, and accounts and
    people of unknown status. Nobody passes while the roster is not proven.

    Remediation: disable what has ended. For what goes on, record a new end date and who vouches for it at the
    source.
    """
    accounts = view.accounts
    matched = accounts["situation"] == "matched"
    guest = accounts["account_kind"] == "guest"
    kinds = [kind.strip() for kind in worker_types.split(",") if kind.strip()]
    external = guest | patterns.matches(accounts["owner_worker_type"], kinds)
    untyped = matched & ~guest & accounts["owner_worker_type"].isna()
    ended = known_true(accounts["owner_ended"])
    open_ended = require_end_date & accounts["owner_end_date"].isna() & (accounts["situation"] != "ambiguous")
    unsponsored = require_sponsor & accounts["owner_manager_id"].isna() & (accounts["situation"] != "ambiguous")
    found = judge(
        accounts,
        within=(external | untyped) & ~accounts["nhi"] & ~known_false(accounts["active"]),
        fails=external & known_true(accounts["active"]) & (ended | open_ended | unsponsored),
        unknown=because(
            accounts.index,
            (accounts["active"].isna(), "semantics-unknown"),
            (untyped | (accounts["situation"] == "unmatched"), "attribute-absent"),
            (accounts["owner_ended"].isna(), "semantics-unknown"),
            (view.roster_unproven, "roster-unproven"),
        ),
    )
    index = found.failed.index
    missing = open_ended.loc[index].map({True: "no end date", False: ""})
    missing = missing.mask(unsponsored.loc[index], missing.where(missing == "", missing + ", ") + "no sponsor")
    day = " ended on " + found.failed["owner_end_date"].dt.strftime("%Y-%m-%d")
    over = day.where(known_true(found.failed["owner_days_since_end"].notna()), " is terminated")
    return found.saying(
        expected="an external account within its time, with what policy demands on record",
        actual=("active, the person" + over).where(ended.loc[index], "active, " + missing),
    )
