"""Which accounts that reviews judged are somebody else's now: apps and merged listings give an id out anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

from scimaudit import tables
from scimaudit.remediation.requesting import Held
from scimaudit.result import RevocationLine


def passed_on(
    lines: Iterable[RevocationLine], found: Mapping[str, Held], links: pa.Table
) -> dict[tuple[str, str], str]:
    """App and account id to how one sees that the account may not be the one that was reviewed.

    It is the same where its person is; where nobody knows a person then or now, where its user name is.

    :param links: rows of :data:`scimaudit.tables.LINKS`, of now.
    """
    known = tables.frame(links, ["app", "account_id", "person_id"]).dropna().astype("str")
    owners = {(app, account): person for app, account, person in known.itertuples(index=False)}
    told = {}
    for line in lines:
        row = found[line.app].accounts.get(line.account_id) if line.app in found else None
        name = row["user_name"] if row and isinstance(row["user_name"], str) else line.account
        person = owners.get((line.app, line.account_id), "")
        other = person != line.person_id if person and line.person_id else name.casefold() != line.account.casefold()
        if other:
            now, then = f"{name} of {person or 'nobody known'}", f"{line.account} of {line.person_id or 'nobody known'}"
            told[line.app, line.account_id] = f"it is {now} now, and was {then} when it was reviewed"
    return told
