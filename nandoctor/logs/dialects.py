"""Names of text logs by how their lines look; the name goes into the report, nothing is read by
it."""

from __future__ import annotations

import re

_DIALECTS: tuple[tuple[str, str], ...] = (
    ("hf_dict", r"\{'loss': |'learning_rate': .*'epoch': "),
    ("nemo", r"reduced_train_loss="),
    ("megatron", r"iteration +\d+/ *\d+ \|.*(?:lm[ _-]loss|global batch size|consumed samples)"),
    ("deepspeed", r"\[deepspeed\] |\[logging\.py:\d+:log_dist\].*step=\d+, skipped="),
    ("nanogpt", r"^iter \d+: loss [\w.-]+.*, time [\d.]+ms"),
    ("modded_nanogpt", r"^step:\d+/\d+ (?:train|val)_loss:"),
    ("llm_c", r"^step +\d+/\d+ \| (?:train )?loss \S+ \([+-]"),
    ("torchtitan", r"step: *\d+ .*loss: *\S+ .*(?:memory|grad_norm): "),
    ("torchtune", r"^Step \d+ \| loss:\S+ lr:"),
    ("fairseq", r"train_inner \||\| num_updates \d+|num_updates=\d+, lr="),
    ("mmengine", r"(?:mmengine|mmdet|mmseg|mmcls|mmdet3d) - INFO - (?:Epoch|Iter)"),
    ("detectron2", r"d2\.utils\.events\]"),
    ("yolo", r"^ +Epoch +(?:GPU_mem|gpu_mem).*loss"),
    ("keras", r"\d+/\d+ (?:\[[=>.]+\]|\S*\u2501).* - loss: "),
    ("pytorch_example", r"Train Epoch: \d+ \[\d+/\d+ |Epoch: \[\d+\]\[ *\d+/\d+\]"),
    ("tensorflow", r"INFO:tensorflow:(?:global step|loss = )"),
    ("caffe", r"solver\.cpp.*Iteration \d+"),
    ("darknet", r"^\s*\d+: [\d.]+, [\d.]+ avg"),
    ("tqdm", r"\d+%\|.*\d+/\d+ \[.*\S+=\S+"),
)
_COMPILED = tuple((name, re.compile(pattern, re.MULTILINE)) for name, pattern in _DIALECTS)
DIALECT_NAMES = frozenset(name for name, _ in _DIALECTS)
_LOOKED_AT = 1 << 16


def dialect_of(head: bytes) -> str:
    """Return the name of the framework whose lines these are; empty where none is recognised."""
    text = head[:_LOOKED_AT].decode("utf-8", "replace").replace("\r", "\n")
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return next((name for name, pattern in _COMPILED if pattern.search(text)), "")
