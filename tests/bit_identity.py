"""Nested state compared bit for bit."""

from typing import Any

import torch

from nandoctor.snapshot import is_same_bits


def assert_same(before: Any, after: Any, where: str = "") -> None:
    """Fail at the first tensor or value that differs, named by its place."""
    if isinstance(before, torch.Tensor):
        assert is_same_bits(before, after), where
    elif isinstance(before, dict):
        assert before.keys() == after.keys(), where
        for key in before:
            assert_same(before[key], after[key], f"{where}.{key}")
    elif isinstance(before, (list, tuple)):
        assert len(before) == len(after), where
        for number, (a, b) in enumerate(zip(before, after, strict=True)):
            assert_same(a, b, f"{where}[{number}]")
    else:
        assert before == after, where
