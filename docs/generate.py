"""Writes docs/rules.md from the pages of the rules; ``--check`` fails where it is out of date."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from nandoctor.findings import Rule  # noqa: E402
from nandoctor.rules import RULES  # noqa: E402

TARGET = HERE / "rules.md"
FAMILIES = {
    "ND1": "Operation outside its domain",
    "ND2": "Precision",
    "ND3": "Data",
    "ND4": "Parameters, buffers, optimizer",
    "ND5": "Backward only",
    "ND6": "Training dynamics",
    "ND7": "Checkpoint completeness",
    "ND9": "Not numeric",
}
INTRODUCTION = """# Rules

Generated from the rules themselves by `python docs/generate.py`; do not edit. `nandoctor explain
CODE|CAUSE` prints the same pages. *Confirmed by* names the interventions of which one that makes
the failing step finite verifies the cause; a cause without any is never claimed as verified.
"""


def page() -> str:
    """Return the whole reference: a table of all rules, then their pages by family."""
    rules = sorted(RULES, key=lambda rule: rule.code)
    parts = [INTRODUCTION, _table(rules)]
    for prefix, title in FAMILIES.items():
        parts.append(f"## {prefix}xx: {title}\n")
        parts += [_entry(rule) for rule in rules if rule.code.startswith(prefix)]
    return "\n".join(parts).rstrip() + "\n"


def _table(rules: list[Rule]) -> str:
    rows = ["| code | cause | confirmed by |", "|---|---|---|"]
    for rule in rules:
        names = ", ".join(f"`{name}`" for name in rule.confirmed_by)
        rows.append(f"| {rule.code} | [{rule.cause}](#{rule.cause}) | {names} |")
    return "\n".join(rows) + "\n"


def _entry(rule: Rule) -> str:
    """Return one page, its headings two levels down, under an anchor of the cause's name."""
    text = rule.doc.strip().replace("\n## ", "\n#### ").removeprefix("## ")
    return f'<a id="{rule.cause}"></a>\n### {rule.cause} ({rule.code})\n\n#### {text}\n'


def main() -> int:
    """Write or check the reference; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 where stale")
    check = parser.parse_args().check
    if not check:
        TARGET.write_text(page(), encoding="utf-8")
        return 0
    if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == page():
        return 0
    print(f"{TARGET.name} is out of date: run python docs/generate.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
