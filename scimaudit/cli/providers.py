"""``scimaudit providers``."""

from __future__ import annotations

from typing import Annotated

import typer

from scimaudit.cli.options import Json, NoColor

Named = Annotated[str, typer.Argument(metavar="[NAME]", help="One provider, with everything that is known of it.")]
Block = Annotated[bool, typer.Option("--block", help="Print the block of scimaudit.toml to fill in.")]


def command(name: Named = "", block: Block = False, json: Json = False, no_color: NoColor = False) -> None:
    """The SCIM providers that have a profile: how they page, whom they list, and where each fact comes from.

    Example: scimaudit providers slack
    """
    from scimaudit.cli import show
    from scimaudit.renderers import terminal
    from scimaudit.sources.scim import profile as profiles

    if block and not name:
        raise typer.BadParameter("name the provider whose block you want", param_hint="--block")
    if name:
        found = profiles.load(name)
        if block:
            from scimaudit.sources.scim.block import block as written

            typer.echo(written(found), nl=False)
            return
        if json:
            show.json(found.model_dump(mode="json"))
            return
        terminal.rows(terminal.console(no_color=no_color), found.name, ("what", "known"), profiles.told(found))
        return
    known = [profiles.load(each) for each in profiles.names()]
    if json:
        show.json([each.model_dump(mode="json") for each in known])
        return
    head = ("provider", "name", "SCIM", "signs in by", "paging", "lists", "checked", "confidence")
    body = [
        (each.id, each.name, ", ".join(each.versions), ", ".join(each.auth.kinds) or "unknown", each.mode,
         each.population, each.verified_on, each.confidence)
        for each in known
    ]  # fmt: skip
    terminal.rows(terminal.console(no_color=no_color), f"{len(known)} providers", head, body)
