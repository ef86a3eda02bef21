"""The README says what is there: commands, links, the two commands of a first-time user."""

import re
from pathlib import Path

from nandoctor.cli import COMMANDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_names_every_command_and_no_other() -> None:
    """The table and the program agree."""
    named = set(re.findall(r"`nandoctor (\w+)", README))
    assert named == {entry.name for entry in COMMANDS}


def test_readme_links_lead_to_files() -> None:
    """No dead link."""
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links and not [link for link in links if not (ROOT / link).exists()]


def test_readme_s_first_commands_are_tasks_of_dev_py() -> None:
    """What the README tells to type exists."""
    tasks = set(re.findall(r"^def (\w+)\(", (ROOT / "dev.py").read_text(), re.MULTILINE))
    typed = re.findall(r"python3 dev\.py ([\w-]+)", README)
    assert {"demo", "test-all"} <= set(typed)
    assert {name.replace("-", "_") for name in typed} <= tasks
