"""Writes the generated pages of this folder: ``python docs/generate.py``. A test compares them with the code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from typer.main import get_command

from scimaudit import cli, config, sources
from scimaudit.sources import _presets

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))
import generate_rules  # noqa: E402 - a sibling, found only now

NOTE = "<!-- Written by docs/generate.py from the code. Change that, then run `make docs`. -->\n"


def commands() -> str:
    """Every command with its help."""
    root: Any = get_command(cli.app)
    parts = ["# Commands\n", NOTE]
    for name, command in _commands(root):
        summary, _, example = (command.help or "").partition("Example:")
        parts.append(f"## scimaudit {name}\n\n{' '.join(summary.split())}\n\n```\n{' '.join(example.split())}\n```\n")
        rows = [f"| {_option(each)} | {each.help or ''} |" for each in command.params if getattr(each, "help", None)]
        if rows:
            parts.append("\n".join(["| option | what it does |", "|---|---|", *rows]) + "\n")
    parts.append(
        "Exit codes: 0 nothing at or above `--fail-on`; 1 findings; 2 usage, configuration or a disk that fails; 3 a listing\n"
        "or a roster was not proven complete, or its settings changed; 4 a safety gate tripped; 5 evidence failed\n"
        "verification, or could not be sealed; 70 a bug; 130 interrupted. The highest of 5, 4, 3, 2 and 1 wins; see\n"
        "[exit codes](exit-codes.md).\n"
    )
    return "\n".join(parts)


def _commands(root: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every command under its whole name, those of a group after it."""
    for name, command in root.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def configuration() -> str:
    """Every key of the configuration."""
    parts = [
        "# Configuration: `scimaudit.toml`\n",
        NOTE,
        "Paths are relative to the file. An unknown key is an error that lists the known ones. `scimaudit schema` writes the\n"
        "JSON Schema, for editors.\n",
        _section("[audit]", config.Audit),
        _section("[audit.gates]", config.Gates),
        _section("[network]", config.Network),
        _section("[review]", config.Review, "How campaigns go is on the page [reviews](reviews.md)."),
        _section("[drill]", config.Drill, "How drills go is on the page [drills](drills.md)."),
        _section("[evidence]", config.Evidence, "What a bundle is, is on the page [evidence](evidence.md)."),
        _section(
            "[rosters.NAME]",
            config.Roster,
            "The order of the file is the order of precedence. Keys of the source stand here too.",
        ),
        _section("[apps.NAME]", config.App, "An app without `listings` is reported as not audited."),
        _section(
            "register",
            config.Register,
            "Who controls what: a mechanism (`saml`, `oidc`, `password`, `scim`, `jit`, `manual` or `none`), a list where "
            'several write the same, or `{ by = "manual", owner = "…" }`. Judged by '
            "[`register-contradiction`](rules.md#register-contradiction).",
        ),
        _section("how", config.How),
        _section("drift", config.Drift),
        _section("canaries", config.Canary),
        _section("scope_accepted", config.ScopeAccepted),
        _section(
            "[[apps.NAME.listings]]",
            config.AppListing,
            "Several listings of one app are merged. Keys of the source stand here too.",
        ),
    ]
    parts += [
        _section(f'source = "{name}"', sources.load(name), (sources.load(name).__doc__ or "").strip())
        for name in sources.names()
    ]
    parts.append(
        "## [rules.KIND]\n\nSettings of each kind stand in [rules.md](rules.md), beside `severity` and `enabled`.\n"
    )
    return "\n".join(parts)


def exports() -> str:
    """Every preset of a console's export."""
    parts = [
        "# Exports of consoles\n",
        NOTE,
        '`preset = "NAME"` in a listing of source `csv`, `xlsx` or `json` knows the headings and words of a console\'s export. What\n'
        "the configuration says itself comes first. A heading that must be there and is not is an error that names it: consoles\n"
        "change, and a preset is dated. A word of activity that is not listed is unknown, never inactive.\n",
        '```toml\n[[apps.slack.listings]]\nsource = "csv"\npreset = "slack-members"\npath = "exports/slack-*.csv"\n'
        'exported_by = "j.doe"\nexported_at = "2026-11-20"\ndeclared_total = 412\n```\n',
    ]
    for name in _presets.names():
        preset = _presets.load(name)
        rows = [f"| `{column}` | {heading} | yes |" for column, heading in preset.columns.items()]
        rows += [f"| `{column}` | {heading} | |" for column, heading in preset.also.items()]
        words = [f"{kind}: {', '.join(said)}" for kind, said in preset.active.items()]
        lines = [
            f"## {name}",
            f"{preset.title}. {preset.how}.",
            f"Not in the file: {preset.hides}." if preset.hides else "",
            preset.note,
            "\n".join(["| column | heading | must be there |", "|---|---|---|", *rows]),
            f"Active is {'; '.join(words)}." if words else "",
            "\n".join(f"- {each.date}: <{each.url}> ({each.says})" for each in preset.sources),
        ]
        parts.append("\n\n".join(line for line in lines if line) + "\n")
    return "\n".join(parts)


def _section(title: str, model: type[BaseModel], text: str = "") -> str:
    words = " ".join((text or (model.__doc__ or "").partition(": ")[2] or "").split())
    rows = ["| key | default | what it says |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        if name in ("name", "settings", "path") and model in (
            config.Roster,
            config.App,
            config.AppListing,
            config.Config,
        ):
            continue
        if field.default is not PydanticUndefined:
            default = _default(field.default)
        else:
            default = "required" if field.is_required() else "none"
        rows.append(f"| `{field.alias or name}` | {default} | {(field.description or '').replace('|', '/')} |")
    return f"## {title}\n\n" + (f"{words}\n\n" if words else "") + "\n".join(rows) + "\n"


def _default(value: object) -> str:
    if value is None or value in ("", (), {}) or isinstance(value, BaseModel):
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"`{key}`" for key in value)
    return f"`{str(value).lower() if isinstance(value, bool) else ', '.join(value) if isinstance(value, tuple) else value}`"


def _option(option: Any) -> str:
    if option.param_type_name == "argument":
        return f"`{option.metavar or option.name.upper()}`"
    return ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))


PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands,
    "configuration.md": configuration,
    "exports.md": exports,
    "rules.md": generate_rules.page,
}


def main() -> None:
    """Write them all."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
