"""The rule reference in docs/ agrees with the rules."""

import subprocess
import sys
from pathlib import Path

import pytest

from nandoctor.rules import RULES

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_reference_is_what_the_rules_say() -> None:
    """``python docs/generate.py --check`` passes."""
    command = [sys.executable, str(DOCS / "generate.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.cause)
def test_reference_has_an_anchor_for_every_rule(rule) -> None:  # type: ignore[no-untyped-def]
    """A report may link to the page of a cause."""
    assert f'<a id="{rule.cause}"></a>' in (DOCS / "rules.md").read_text(encoding="utf-8")
