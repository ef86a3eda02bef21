"""The defaults that ``[tool.nandoctor]`` in the nearest pyproject.toml gives to options."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from nandoctor.cli import COMMANDS
from nandoctor.errors import NandoctorError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SHARED = frozenset({"format", "select", "ignore", "exit-zero", "redact", "lang", "all"})
"""Keys for all commands; a table ``[tool.nandoctor.<command>]`` holds options of one."""

_OTHER_NAMES = {"format": "format_", "all": "show_all", "filter": "name_filter"}
"""Options whose parameter is not called like them."""


def settings_for(command: str) -> dict[str, dict[str, Any]]:
    """Return command -> option -> default, in the shape that the parser takes.

    Raises:
        NandoctorError: The file is no TOML or has a key that no option is called.
    """
    path = _nearest()
    table = _table(path) if path else {}
    names = {entry.name for entry in COMMANDS}
    unknown = [key for key in table if key not in SHARED and key not in names]
    if unknown:
        raise NandoctorError(
            f"{path}: [tool.nandoctor] has no option {unknown[0]!r}",
            hint=f"there are {', '.join(sorted(SHARED))} and a table for each command",
        )
    own = table.get(command, {})
    if not isinstance(own, dict):
        raise NandoctorError(f"{path}: tool.nandoctor.{command} is no table",
                             hint=f"write [tool.nandoctor.{command}]")  # fmt: skip
    merged = {**{key: table[key] for key in table if key in SHARED}, **own}
    return {command: {_parameter(key): _plain(value) for key, value in merged.items()}}


def _nearest() -> Path | None:
    here = Path.cwd()
    candidates = (folder / "pyproject.toml" for folder in (here, *here.parents))
    return next((path for path in candidates if path.is_file()), None)


def _table(path: Path) -> dict[str, Any]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NandoctorError(f"{path}: not valid TOML: {error}", hint="mend the file") from error
    tool = data.get("tool", {})
    table = tool.get("nandoctor", {}) if isinstance(tool, dict) else {}
    return table if isinstance(table, dict) else {}


def _parameter(key: str) -> str:
    name = key.replace("-", "_")
    return _OTHER_NAMES.get(name, name)


def _plain(value: Any) -> Any:
    return ",".join(map(str, value)) if isinstance(value, list) else value
