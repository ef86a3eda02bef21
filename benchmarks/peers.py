"""Four known ways to locate a NaN, written from their descriptions, for side-by-side figures.

Anomaly mode, a plain dispatch mode (first NaN or Inf seen), the textbook hook locator and
transformers' DebugUnderflowOverflow (where it can be imported). Each runs one step and returns
what it names; what it does not tell stays empty.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

TORCH = str(Path(torch.__file__).parent)


@dataclass
class Named:
    """What a locator names; ``is_alarm`` False = it found nothing."""

    is_alarm: bool = False
    module: str | None = None
    op: str | None = None
    file: str = ""
    line: int = 0
    function: str = ""

    @property
    def code(self) -> str:
        """The text of the line."""
        return linecache.getline(self.file, self.line).strip()


Step = Callable[[], None]


def anomaly_mode(model: torch.nn.Module, step: Step) -> Named:
    """Run under torch.autograd.detect_anomaly and read its message and warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with torch.autograd.detect_anomaly():
                step()
        except RuntimeError as error:
            found = re.search(r"Function '(\w+)Backward\d*' returned nan", str(error))
            if found is None:
                return Named()
            op = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", found.group(1)).lower()
            texts = [
                str(w.message) for w in caught if "Traceback of forward call" in str(w.message)
            ]
            frames = re.findall(r'File "([^"]+)", line (\d+), in (\S+)', texts[-1]) if texts else []
            user = [(f, int(n), name) for f, n, name in frames if not f.startswith(TORCH)]
            return Named(True, None, op, *(user[-1] if user else ("", 0, "")))
    return Named()


class _First(TorchDispatchMode):
    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.names = {m: n for n, m in model.named_modules()}
        self.stack: list[str] = [""]
        self.named = Named()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, (tuple, list)) else [out]:
            if self.named.is_alarm or not isinstance(tensor, torch.Tensor):
                continue
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                frames = [f for f in traceback.extract_stack() if not _is_tool(f.filename)]
                op = func._schema.name.split("::")[1].rstrip("_")
                self.named = Named(True, self.stack[-1], op)
                if frames:
                    last = frames[-1]
                    self.named.file, self.named.line = last.filename, last.lineno or 0
                    self.named.function = last.name
        return out


def _is_tool(file: str) -> bool:
    return file.startswith(TORCH) or file == __file__


def dispatch_mode(model: torch.nn.Module, step: Step) -> Named:
    """Report the first op whose result holds a NaN or an Inf."""
    mode = _First(model)

    def enter(module: torch.nn.Module, _: Any) -> None:
        mode.stack.append(mode.names.get(module, mode.stack[-1]))

    def leave(module: torch.nn.Module, *_: Any) -> None:
        mode.stack.pop()

    with _hooks(model, enter, leave), contextlib.suppress(Exception), mode:
        step()
    return mode.named


def hook_locator(model: torch.nn.Module, step: Step) -> Named:
    """Report the first module whose forward output holds a NaN or an Inf (textbook)."""
    names = {m: n for n, m in model.named_modules()}
    named = Named()

    def check(module: torch.nn.Module, _: Any, output: Any) -> None:
        for tensor in _tensors(output):
            if not named.is_alarm and not bool(torch.isfinite(tensor).all()):
                named.is_alarm, named.module = True, names.get(module, "")

    with _hooks(model, lambda *_: None, check), contextlib.suppress(Exception):
        step()
    return named


def debug_underflow_overflow(model: torch.nn.Module, step: Step) -> Named:
    """Run transformers' DebugUnderflowOverflow and read the last frame that it prints."""
    from transformers.debug_utils import DebugUnderflowOverflow

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            DebugUnderflowOverflow(model)
            step()
        except ValueError as error:
            if "DebugUnderflowOverflow" not in str(error):
                return Named()
            found = re.findall(r"^\s+([\w.]+) \w+\n\S+ +\S+ ", printed.getvalue(), re.MULTILINE)
            return Named(True, found[-1] if found else "")
        except Exception:  # it dies on some inputs
            return Named()
    return Named()


@contextlib.contextmanager
def _hooks(model: torch.nn.Module, before: Any, after: Any) -> Iterator[None]:
    handles = []
    for module in model.modules():
        handles.append(module.register_forward_pre_hook(before))
        handles.append(module.register_forward_hook(after, always_call=after.__name__ == "leave"))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        if value.is_floating_point():
            yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)


PEERS: dict[str, Callable[[torch.nn.Module, Step], Named]] = {
    "anomaly mode": anomaly_mode,
    "dispatch mode, first NaN or Inf": dispatch_mode,
    "forward hooks": hook_locator,
}
if "transformers" in sys.modules or __import__("importlib.util").util.find_spec("transformers"):
    PEERS["DebugUnderflowOverflow"] = debug_underflow_overflow
