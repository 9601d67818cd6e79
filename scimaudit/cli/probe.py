"""``scimaudit probe``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scimaudit.cli.options import Json

Url = Annotated[str, typer.Argument(metavar="URL", help="The server's SCIM address, up to and without /Users.")]
TokenEnv = Annotated[str, typer.Option("--token-env", metavar="NAME", help="Environment variable with a bearer token.")]
User = Annotated[str, typer.Option("--user", metavar="NAME", help="User name for basic authentication.")]
PasswordEnv = Annotated[
    str, typer.Option("--password-env", metavar="NAME", help="Environment variable with its password.")
]
Named = Annotated[str, typer.Option("--name", metavar="NAME", help="What to call the profile.")]
Ca = Annotated[Path | None, typer.Option("--ca", metavar="FILE", help="PEM file of a private certificate authority.")]


def command(
    url: Url,
    token_env: TokenEnv = "",
    user: User = "",
    password_env: PasswordEnv = "",
    name: Named = "my-app",
    ca: Ca = None,
    json: Json = False,
) -> None:
    """Find out what an unknown SCIM server does, with a few GET requests, and print the draft of its profile.

    Example: scimaudit probe https://app.example/scim/v2 --token-env APP_TOKEN > my-app.toml
    """
    from datetime import UTC, datetime

    from scimaudit.cli import show
    from scimaudit.sources.scim import reader
    from scimaudit.sources.scim.survey import draft, survey

    def now() -> datetime:
        return datetime.now(UTC)

    with reader(url, token_env=token_env, user=user, password_env=password_env, ca=ca, now=now) as client:
        found = survey(client)
    if json:
        show.json({"seen": dict(found.seen), "profile": found.profile})
        return
    for question, answer in found.seen:
        typer.echo(f"# {question}: {answer}", err=True)
    typer.echo(draft(found, name, url, now().date().isoformat()), nl=False)
