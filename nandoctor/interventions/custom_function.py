"""The user's ``autograd.Function`` that an origin stands in."""

from __future__ import annotations

import inspect
from pathlib import Path

import torch

from nandoctor.evidence import Origin, Source


def custom_function(origin: Origin | None) -> type[torch.autograd.Function] | None:
    """Return the class that an origin names: ``NormFn`` or ``NormFnBackward``; None for any op."""
    names = [origin.forward_op or "", origin.op] if origin else []
    name = next((name.removesuffix("Backward") for name in names if name[:1].isupper()), "")
    stack: list[type] = [torch.autograd.Function]
    while stack and name:
        cls = stack.pop()
        if cls.__name__ == name and not cls.__module__.startswith("torch."):
            return cls
        stack += cls.__subclasses__()
    return None


def source_of_backward(cls: type[torch.autograd.Function]) -> Source | None:
    """Return where its backward begins, None where that is not Python."""
    code = getattr(inspect.unwrap(cls.backward), "__code__", None)
    if code is None:
        return None
    lines = [line for _, _, line in code.co_lines() if line is not None]
    return Source(str(Path(code.co_filename).absolute()), max(lines), code.co_name, "")
