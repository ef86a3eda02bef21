"""What find_run makes of a directory: content decides, names only break ties."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from nandoctor.errors import UnreadableInputError
from nandoctor.pipeline.rundir import find_run


def save(path: Path, step: int = 0) -> Path:
    """Write a small real checkpoint."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"step": step, "model_state": {"weight": torch.ones(3)}}, path)
    return path


def log(path: Path) -> Path:
    """Write a small log."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("step,loss\n" + "".join(f"{i},{2.0 - i * 0.1}\n" for i in range(9)))
    return path


def test_find_run_with_every_kind_of_file_tells_them_apart(tmp_path: Path) -> None:
    """Crash, last good, others newest first, logs of any name, batch and replay.py."""
    debug = save(tmp_path / "debug_checkpoint_step_9.pt")
    good = save(tmp_path / "last_good_step_5.pt")
    old, new = save(tmp_path / "step_2.pt"), save(tmp_path / "step_10.pt")
    batch = save(tmp_path / "batch.pt")
    odd = log(tmp_path / "what-it-printed.out")
    (tmp_path / "replay.py").write_text("")
    (tmp_path / "README.md").write_text("loss: 3.0\n" * 20)
    found = find_run(tmp_path)
    assert (found.crash, found.last_good, found.batch) == (debug, good, batch)
    assert found.checkpoints == (new, old)
    assert found.logs == (odd,)
    assert found.replay_file == tmp_path / "replay.py"
    assert found.unreadable == ()


def test_find_run_without_a_debug_checkpoint_takes_the_newest(tmp_path: Path) -> None:
    """The highest number in the name, not the order of writing."""
    newest = save(tmp_path / "checkpoints" / "step_100.pt")
    older = save(tmp_path / "checkpoints" / "step_20.pt")
    found = find_run(tmp_path)
    assert (found.crash, found.checkpoints) == (newest, (older,))


def test_find_run_with_logs_in_folders_finds_them(tmp_path: Path) -> None:
    """A logger's own folders are looked into where no log lies on top."""
    save(tmp_path / "last.ckpt")
    nested = log(tmp_path / "lightning_logs" / "version_0" / "metrics.csv")
    assert find_run(tmp_path).logs == (nested,)


def test_find_run_with_an_empty_debug_checkpoint_keeps_its_name(tmp_path: Path) -> None:
    """It is no checkpoint, but the user must hear of it."""
    good = save(tmp_path / "last_good.pt")
    (tmp_path / "debug_checkpoint_step_9.pt").touch()
    found = find_run(tmp_path)
    assert found.unreadable == (tmp_path / "debug_checkpoint_step_9.pt",)
    assert found.crash == good


def test_find_run_of_a_single_checkpoint_looks_at_nothing_else(tmp_path: Path) -> None:
    """A file is the whole run, and its neighbours are not touched."""
    debug = save(tmp_path / "debug.pt")
    log(tmp_path / "metrics.csv")
    assert find_run(debug).logs == ()


def test_find_run_without_checkpoint_and_log_says_so(tmp_path: Path) -> None:
    """Neither an image nor a truth file is evidence."""
    np.save(tmp_path / "batch.npy", np.zeros(3))
    (tmp_path / "truth.json").write_text('{"cause": "x", "onset_step": 3}')
    with pytest.raises(UnreadableInputError, match="no checkpoint and no training log"):
        find_run(tmp_path)
    shutil.rmtree(tmp_path)
    with pytest.raises(UnreadableInputError, match="no such file"):
        find_run(tmp_path)


def test_find_run_with_a_trainers_own_last_state_finds_the_checkpoints_below(
    tmp_path: Path,
) -> None:
    """trainer_state.json on top of an output directory makes no checkpoint of it."""
    for step in (30, 60):
        (save(tmp_path / f"checkpoint-{step}" / "pytorch_model.bin").parent
         / "trainer_state.json").write_text('{"global_step": 1, "log_history": []}')  # fmt: skip
    history = [{"step": i, "loss": 2.0 - i / 9} for i in range(9)]
    (tmp_path / "trainer_state.json").write_text(
        json.dumps({"global_step": 90, "log_history": history})
    )
    found = find_run(tmp_path)
    assert (found.crash, found.checkpoints) == (
        tmp_path / "checkpoint-60", (tmp_path / "checkpoint-30",),
    )  # fmt: skip
    assert found.logs == (tmp_path / "trainer_state.json",)
