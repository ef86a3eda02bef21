"""``--include-hiding``: cures that hide any fault run on request only and confirm nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nandoctor.cli.app import app

RUN = Path(__file__).parents[2] / "sample_checkpoints" / "log_of_zero"


@pytest.mark.parametrize("flags", [[], ["--include-hiding"]])
def test_replay_tries_what_hides_only_when_asked(flags: list[str]) -> None:
    """nan_to_num stands among the trials with the flag alone, and the grade rests on others."""
    done = CliRunner().invoke(app, ["replay", str(RUN), "--format", "json", *flags])
    report = json.loads(done.stdout)
    hiding = [trial for trial in report["trials"] if trial["hides"]]
    assert [trial["intervention"] for trial in hiding] == ["nan_to_num"] * len(flags)
    assert not any("nan_to_num" in line for line in report["diagnosis"]["evidence"])
