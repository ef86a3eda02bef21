# ruff: noqa: E501
"""Lines read at once by a learnt template give what the general way gives line by line."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest

from nandoctor.logs import read_log
from nandoctor.logs.text_reader import TextReader

LOSSES = ["nan", "NAN", "inf", "-inf", "1e38", "358068508261867004967067454537728.0000"]


def _lines(kind: str, count: int) -> list[str]:
    rng = random.Random(kind)
    lines = []
    for step in range(count):
        loss = f"{rng.lognormvariate(0, 2):.5f}" if rng.random() > 0.02 else rng.choice(LOSSES)
        norm, lr = rng.lognormvariate(0, 1), 1e-4 * rng.random()
        lines.append(
            {
                "hf": f"{{'loss': {loss}, 'grad_norm': {norm}, 'learning_rate': {lr}, 'epoch': 0.1}}",
                "megatron": f" iteration {step:8d}/  500000 | elapsed (ms): {norm * 99:.1f} | learning"
                f" rate: {lr:.3E} | lm loss: {loss} | loss scale: {2.0 ** rng.randint(0, 16)} | grad"
                f" norm: {norm:.3f} | number of nan iterations: {step // 400:3d} |",
                "nanogpt": f"iter {step}: loss {loss}, time {norm:.2f}ms, mfu {norm:.2f}%",
                "prefix": f"2024-01-01 10:{step // 60 % 60:02d}:{step % 60:02d},{step % 1000:03d} - "
                f"my.trainer - INFO - {'Valid' if step % 50 == 0 else 'Train'} step {step} loss {loss}",
                "ranks": f"[rank{step % 2}]: step {step // 2} | loss {loss} | gnorm {norm:.4f}",
                "bare": f"{step} loss {loss}",
            }[kind]
        )
        if rng.random() < 0.01:
            lines.append(
                rng.choice(["saving checkpoint", "", "eval_loss: 3.1", "WARNING slow 3.5"])
            )
    return lines


@pytest.mark.parametrize("kind", ["hf", "megatron", "nanogpt", "prefix", "ranks", "bare"])
def test_read_log_of_many_alike_lines_equals_reading_them_one_by_one(
    kind: str, tmp_path: Path
) -> None:
    """All groups hold the same rows, at the same lines, whichever way they were read."""
    lines = _lines(kind, 3000)
    path = tmp_path / "train.log"
    path.write_text("\n".join(lines))
    slow = TextReader()
    for number, line in enumerate(lines, 1):
        slow.take(number, line)
    rows, values = [], []
    for group in slow.groups.by_keys.values():
        key = next((k for k in group.keys if k in ("loss", "lm loss")), None)
        if key is not None and (group.rank or 0) == 0:
            table = group.table()
            rows.extend(table[0].tolist())
            values.extend(table[1][:, group.keys.index(key)].tolist())
    order = np.argsort(rows)
    history = read_log(str(path)).history
    assert history.loss is not None
    logged = history.loss.logged
    assert history.line[logged].tolist() == np.array(rows)[order].tolist()
    for found, expected in zip(history.loss.values[logged], np.array(values)[order], strict=True):
        assert found == expected or (math.isnan(found) and math.isnan(expected))


def test_text_reader_of_alike_lines_learns_a_template() -> None:
    """The equality above is not vacuous: these lines are learnt."""
    reader = TextReader()
    for number, line in enumerate(_lines("megatron", 60), 1):
        reader.take(number, line)
    reader.learn()
    assert len(reader.templates) == 1
