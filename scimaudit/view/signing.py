"""Who stands behind the lines of policy files: owners who work here, signatures of people who worked here then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from scimaudit import identifiers
from scimaudit.policy import lines, patterns
from scimaudit.policy.lines import Line, Remark
from scimaudit.policy.nhi import NonHuman
from scimaudit.view.columns import arrow, known_false, known_true
from scimaudit.view.holders import holders

if TYPE_CHECKING:
    from scimaudit.view import View


def owners(view: View, owned: Iterable[tuple[Line, str]]) -> Iterator[Remark]:
    """Lines whose owner does not work here.

    :param owned: lines that name an owner, and the owner.
    """
    named = list(owned)
    states = holders(view.people, (owner for _, owner in named))["state"].to_dict()
    for line, owner in named:
        words = {"left": "does not work here", "stranger": "is nobody in the roster"}.get(states[owner])
        if words:
            yield Remark(line, "owner", "an owner who works here", f"{line.where}: its owner {owner} {words}")
        elif states[owner] == "unclear" or view.roster_unproven:
            yield Remark(line, "owner", unknown=_doubt(unclear=states[owner] == "unclear"))


def signatures(view: View) -> Iterator[Remark]:
    """Lines that somebody signed who did not work here on that day.

    Who left later signed rightly, so an end that nobody dated leaves the question open.
    """
    policy = view.policy
    signed = [(lines.of_approval(each), each.approved_by, each.approved_on) for each in policy.approvals]
    signed += [(lines.of_disposition(each), each.by, each.on) for each in policy.dispositions]
    signed += [(lines.of_link(each), each.decided_by, each.decided_on) for each in policy.links]
    told = judged(view, [by for _, by, _ in signed], [day for _, _, day in signed])
    for (line, by, day), trouble, unclear in zip(signed, told["trouble"], told["unclear"], strict=True):
        if trouble:
            due, said = "signed by somebody who worked here that day", f"{by} signed on {day} and {trouble}"
            yield Remark(line, "signature", due, f"{line.where}: {said}")
        elif unclear or view.roster_unproven:
            yield Remark(line, "signature", unknown=_doubt(unclear=unclear))


def judged(view: View, by: Sequence[str], days: Sequence[date]) -> pd.DataFrame:
    """Whether those who signed worked here on the day.

    :returns: for each signature ``trouble``, in words or empty, ``unclear``, and ``person_id``, null unless it is
        exactly one person's.
    """
    if not by:
        # Most policies have no such lines: nobody need be looked up for that.
        none = pd.Series(dtype="str")
        return pd.DataFrame({"trouble": none, "unclear": pd.Series(dtype=bool), "person_id": none})
    on = pd.Series(list(days), dtype="datetime64[s]")
    columns = ["end_date", "start_date", "previous_end_date", "ended"]
    who = holders(view.people, by).join(view.people.set_index("person_id")[columns], on="person_id")
    signer = who.reindex(list(by)).reset_index(drop=True)
    left = signer["state"] == "left"
    late = left & (signer["end_date"] < on)
    # Whoever was here once may have signed then; of somebody who works here that is told by a roster, or unclear.
    before = (signer["start_date"] > on) & signer["previous_end_date"].isna()
    told = any("previous_end_date" in view.supplies[name] for name in view.rosters)
    early = before & ((left & known_false(signer["ended"])) | ((signer["state"] == "live") & told))
    rightly = left & known_true(signer["ended"]) & (signer["end_date"] >= on)
    trouble = pd.Series("", index=signer.index, dtype="str")
    trouble = trouble.mask(signer["state"] == "stranger", "is nobody in the roster")
    trouble = trouble.mask(late, "left on " + signer["end_date"].dt.strftime("%Y-%m-%d").astype("str"))
    trouble = trouble.mask(early, "starts on " + signer["start_date"].dt.strftime("%Y-%m-%d").astype("str"))
    unclear = (signer["state"] == "unclear") | (left & ~late & ~early & ~rightly)
    unclear |= (signer["state"] == "live") & before & ~early
    return pd.DataFrame({"trouble": trouble, "unclear": unclear, "person_id": signer["person_id"]})


def machines(view: View) -> Iterator[Remark]:
    """Lines of the register whose owner is a registered account, and no person."""
    register = [line for line in view.policy.nhi if line.owner]
    states = holders(view.people, (line.owner for line in register))["state"].to_dict()
    answering = [line for line in register if states[line.owner] == "stranger"]
    if not answering:
        return
    registered = _registered(view, sorted({line.owner for line in answering}))
    owner_of = {identifiers.key(line.account): line.owner for line in sorted(view.policy.nhi, key=_name)}
    for line in answering:
        if line.owner in registered:
            told = lines.of_account(line)
            chain = ", whose owner is ".join(_chain(line, owner_of)[1:])
            said = f"its owner is {chain}, and none of them is a person"
            yield Remark(told, "machine", "a person who answers for it", f"{told.where}: {said}")


def _name(line: NonHuman) -> tuple[str, str]:
    return line.account, line.app


def _registered(view: View, owners: list[str]) -> set[str]:
    """Those of the owners that are accounts in the register, or names of accounts that it covers."""
    covered = view.accounts[view.accounts["nhi"]]
    keys = set(covered["user_name_key"].dropna())
    keys |= set(pc.list_flatten(arrow(covered["email_keys"])).drop_null().to_pylist())
    keys |= {identifiers.key(line.account) for line in view.policy.nhi}
    texts, fitting = patterns.Texts(owners), np.zeros(len(owners), dtype=bool)
    for line in view.policy.nhi:
        if patterns.is_pattern(line.account) and not patterns.everything(line.account):
            fitting[texts.fitting(line.account)] = True
    return {owner for owner, fits in zip(owners, fitting, strict=True) if fits or identifiers.key(owner) in keys}


def _chain(line: NonHuman, owner_of: dict[str | None, str]) -> list[str]:
    """The account, its owner, the owner's owner and so on, to the first that stands there already; at most five."""
    chain = [line.account, line.owner]
    while len(chain) < 5 and chain[-1] not in chain[:-1] and (after := owner_of.get(identifiers.key(chain[-1]))):
        chain.append(after)
    return chain


def _doubt(*, unclear: bool) -> str:
    return "semantics-unknown" if unclear else "roster-unproven"
