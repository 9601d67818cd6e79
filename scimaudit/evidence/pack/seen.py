"""One app at a time as the rules see it: never more than one app's accounts and rights in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from zoneinfo import ZoneInfo

import pyarrow.compute as pc

from scimaudit import facts, policy, tables, view
from scimaudit.audit import decided
from scimaudit.evidence.pack.proof import Proofs, proofs
from scimaudit.evidence.parts import Parts
from scimaudit.policy import links as policy_links
from scimaudit.view import View


class Seen:
    """What the whole pack is written from."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.audit, self.snapshot, self.config = parts.stored.audit, parts.snapshot, parts.config

    @cached_property
    def proofs(self) -> Proofs:
        """What the listings prove."""
        return proofs(self.audit, self.snapshot, self.config)

    @cached_property
    def policy(self) -> policy.Policy:
        """The policy as it judged."""
        names = self.snapshot.people().column_names
        extras = [name for name in names if name not in tables.PEOPLE.names]
        loaded = policy.load(self.config.policy, extra_columns=extras)
        return replace(loaded, links=policy_links.of(decided(self.config)))

    def views(self) -> Iterator[tuple[str, View]]:
        """Each app of the snapshot, by name, with its own accounts and rights."""
        people, links = self.snapshot.people(), self.parts.stored.links()
        apps, sources = facts.app_facts(self.config, self.snapshot), facts.source_facts(self.config, self.snapshot)
        zones = {each.name: ZoneInfo(each.time_zone) for each in self.config.rosters if each.time_zone}
        moment = self.audit.meta.as_of
        for line in self.snapshot.manifest.apps:
            yield (
                line.app,
                view.build(
                    people=people,
                    accounts=self.snapshot.accounts(line.app),
                    grants=self.snapshot.grants(line.app),
                    links=links.filter(pc.equal(links["app"].cast("string"), line.app)),
                    apps=apps,
                    sources=sources,
                    policy=self.policy,
                    as_of=moment,
                    today=moment.astimezone(self.config.zone).date(),
                    zone=self.config.zone,
                    roster_zones=zones,
                ),
            )
