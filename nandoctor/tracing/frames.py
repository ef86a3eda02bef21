"""Where in the source an op was called from, and by which module; read from the Python stack."""

from __future__ import annotations

import linecache
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import FrameType

import torch

from nandoctor.evidence import Source

_TORCH = str(Path(torch.__file__).parent) + "/"
_OURS = str(Path(__file__).parent.parent) + "/"
_OPTIM = _TORCH + "optim/"
_ENGINE = (_TORCH + "autograd/graph.py", "_engine_run_backward")
_FUNCTION = _TORCH + "autograd/function.py"
_CHECKPOINT = _TORCH + "utils/checkpoint.py"
_INSTALLED = tuple({sysconfig.get_path(key) + "/" for key in ("purelib", "platlib", "stdlib")})
_CALL = torch.nn.Module._call_impl.__code__


@dataclass(frozen=True, slots=True)
class Place:
    """Who called an op.

    Args:
        module: Dotted path of the innermost module whose forward was running.
        is_recomputed: An activation checkpoint ran its block again.
        is_custom: Called from a Python ``autograd.Function``.
    """

    module: str
    module_class: str
    source: Source | None
    user_source: Source | None
    is_recomputed: bool
    is_custom: bool


def place_here(
    names: Mapping[int, str], *, in_optimizer: bool = False, above_function: bool = False
) -> Place:
    """Read the stack of the op that is being dispatched now.

    Args:
        names: Dotted path of each module, by id.
        in_optimizer: Frames inside torch.optim count as sources.
        above_function: The caller of the innermost ``autograd.Function`` is meant, not its own
            forward.
    """
    frames = list(_frames_below_engine(sys._getframe(1)))
    files = [frame.f_code.co_filename for frame in frames]
    inside = next((i for i in range(1, len(files)) if _is_function_call(files, i)), 0)
    first = inside + 1 if inside and above_function else 0
    module, module_class = _module_of(frames, names)
    sources = [i for i in range(first, len(frames)) if _is_source(files[i], in_optimizer)]
    users = [i for i in sources if not _is_installed(files[i])]
    return Place(
        module=module,
        module_class=module_class,
        source=source_of(frames[sources[0]]) if sources else None,
        user_source=source_of(frames[users[0]]) if users else None,
        is_recomputed=_CHECKPOINT in files,
        is_custom=inside > 0,
    )


def _is_function_call(files: list[str], position: int) -> bool:
    """Whether a frame is the ``apply`` of an ``autograd.Function``; a checkpoint is none."""
    return files[position] == _FUNCTION and files[position - 1] not in (_CHECKPOINT, _FUNCTION)


def module_here(names: Mapping[int, str]) -> str:
    """Return the path of the module whose forward is running now."""
    return _module_of(_frames_below_engine(sys._getframe(1)), names)[0]


def _frames_below_engine(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield the frames from the op upwards, down to the start of the step or of a backward."""
    while frame is not None and frame.f_code.co_filename.startswith(_OURS + "tracing/"):
        frame = frame.f_back
    while frame is not None:
        code = frame.f_code
        if (code.co_filename, code.co_name) == _ENGINE or code.co_filename.startswith(_OURS):
            return
        yield frame
        frame = frame.f_back


def _module_of(
    frames: Iterator[FrameType] | list[FrameType], names: Mapping[int, str]
) -> tuple[str, str]:
    for frame in frames:
        code = frame.f_code
        if code is not _CALL and code.co_name != "forward":
            continue
        owner = frame.f_locals.get("self")
        if isinstance(owner, torch.nn.Module) and id(owner) in names:
            return names[id(owner)], type(owner).__name__
    return "", ""


def source_of(frame: FrameType) -> Source:
    """Return the place that a frame stands at."""
    code = frame.f_code
    file = _absolute(code.co_filename)
    line = linecache.getline(code.co_filename, frame.f_lineno).strip()
    function = getattr(code, "co_qualname", None) or _qualified(frame)
    return Source(file, frame.f_lineno, function, line)


def _qualified(frame: FrameType) -> str:
    """Qualify a method by the class of its ``self``: Python 3.10 does not know it."""
    owner = frame.f_locals.get("self")
    name = frame.f_code.co_name
    return f"{type(owner).__name__}.{name}" if hasattr(type(owner), name) else name


def _is_source(file: str, in_optimizer: bool) -> bool:
    if file.startswith(_TORCH):
        return in_optimizer and file.startswith(_OPTIM)
    return not file.startswith(("<frozen", "<string"))


@lru_cache(maxsize=4096)
def _is_installed(file: str) -> bool:
    return file.startswith(_INSTALLED) or "/site-packages/" in file or "/dist-packages/" in file


@lru_cache(maxsize=4096)
def _absolute(file: str) -> str:
    return str(Path(file).absolute()) if not file.startswith("<") else file
