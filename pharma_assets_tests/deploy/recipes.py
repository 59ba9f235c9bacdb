"""What the files in deploy/ say, as a container engine or systemd would read them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import yaml

from pharma_assets.services import script
from pharma_assets.settings import PROJECT

DEPLOY = PROJECT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
UNITS = DEPLOY / "systemd"

# Where the image and the units have the project.
INSTALLED = "/opt/pharma"


def compose(variables: Mapping[str, str]) -> dict[str, Any]:
    """The compose file with its variables filled in. Raises KeyError for one that must be given and is not."""
    text = re.sub(r"\$\{(\w+)(?:(:[-?])([^}]*))?\}", lambda found: _value(found, variables), COMPOSE.read_text("utf-8"))
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str:
    name, operator, default = found.groups()
    if operator == ":-":
        return variables.get(name) or default
    return variables[name]


def example_variables(path: Path) -> dict[str, str]:
    """The variables of an example of an environment file."""
    lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def unit(path: Path) -> RawConfigParser:
    """A systemd unit."""
    parser = RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(path.read_text("utf-8"))
    return parser


def command_of(path: Path) -> list[str]:
    """What a unit starts."""
    return shlex.split(unit(path)["Service"]["ExecStart"])


def on_this_machine(command: list[str], ports: Mapping[str, int], workspace: Path) -> list[str]:
    """A command of a recipe with this machine's paths, on loopback and with ports that are free."""
    out = []
    for part in command:
        if part.endswith("deploy/workspace.yaml"):
            out.append(str(workspace))
        elif part.startswith(f"{INSTALLED}/.venv/bin/"):
            out.append(script(Path(part).name))
        else:
            out.append(str(ports.get(part, "127.0.0.1" if part == "0.0.0.0" else part)))  # noqa: S104
    if Path(out[0]).name == out[0] and Path(script(out[0])).exists():
        out[0] = script(out[0])
    return out
