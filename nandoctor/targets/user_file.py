"""A replay file ``FILE.py[:build_model]`` or ``package.module[:build_model]``; runs user code."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from nandoctor.errors import ReplayError
from nandoctor.targets.blueprint import Blueprint
from nandoctor.targets.data_stream import from_loader, stepped, undisturbed
from nandoctor.targets.user_code import user_code

_imported: set[str] = set()
"""Modules that an earlier user file brought in from its own directory."""


def split_reference(reference: str) -> tuple[str, str | None]:
    """Split ``FILE.py:attr`` or ``package.module:attr``; the attribute may be missing."""
    head, _, attribute = reference.rpartition(":")
    if head and attribute.isidentifier():
        return head, attribute
    return reference, None


def open_user_file(reference: str) -> Blueprint:
    """Execute a user's module and collect its functions.

    Raises:
        ReplayError: It is missing, raises, or lacks the function that builds the model.
    """
    location, attribute = split_reference(reference)
    module = load_module(location)
    name = attribute or "build_model"
    origin = module.__file__ or location
    make_batch = getattr(module, "make_batch", None) or from_loader(module)
    return Blueprint(
        origin=origin,
        build_model=_builder(module, name, origin),
        compute_loss=getattr(module, "compute_loss", None),
        build_optimizer=getattr(module, "build_optimizer", None),
        build_scheduler=getattr(module, "build_scheduler", None),
        make_batch=stepped(make_batch) if make_batch else None,
        other_batch=undisturbed(make_batch, module) if make_batch else None,
    )


def open_function(reference: str, default: str) -> Callable[..., Any]:
    """Return a function of a user's module, e.g. ``loss.py:compute_loss``."""
    location, attribute = split_reference(reference)
    module = load_module(location)
    name = attribute or default
    function = getattr(module, name, None)
    if not callable(function):
        raise ReplayError(
            f"{location} has no function {name}", hint=f"write def {name}(model, batch) in it"
        )
    return cast("Callable[..., Any]", function)


def _builder(module: ModuleType, name: str, origin: str) -> Callable[[], Any]:
    builder = getattr(module, name, None)
    if builder is None or not callable(builder):
        known = [n for n, v in vars(module).items() if _may_build(n, v, module)]
        hint = (
            f"name one of {', '.join(known)} after a colon"
            if known
            else "`nandoctor replay --template` prints a starter file"
        )
        raise ReplayError(f"{origin} has no function {name}", hint=hint)
    return cast("Callable[[], Any]", builder)


def _may_build(name: str, value: Any, module: ModuleType) -> bool:
    """Whether a name of a file is a function of its own that may return the model."""
    is_own = inspect.isfunction(value) and value.__module__ == module.__name__
    needs = inspect.signature(value).parameters.values() if is_own else ()
    is_free = all(parameter.default is not inspect.Parameter.empty for parameter in needs)
    return is_own and is_free and not name.startswith("_")


def load_module(location: str) -> ModuleType:
    """Import a file by its path, or a module by its dotted name.

    Raises:
        ReplayError: It does not exist, does not compile or raises.
    """
    if location.endswith(".py") or Path(location).exists():
        return _load_file(Path(location))
    with user_code(f"importing {location}", hint="give a FILE.py or an importable module"):
        if str(Path.cwd()) not in sys.path:
            sys.path.insert(0, str(Path.cwd()))
        return importlib.import_module(location)


def _load_file(path: Path) -> ModuleType:
    path = path.resolve()
    if not path.is_file():
        raise ReplayError(
            f"{path}: no such file", hint="`nandoctor replay --template` prints a starter file"
        )
    name = f"nandoctor_user_{path.stem}_{abs(hash(str(path)))}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ReplayError(f"{path} is no Python file", hint="give a file that ends in .py")
    module = importlib.util.module_from_spec(spec)
    before = set(sys.modules)
    _forget_neighbours()
    sys.modules[name] = module  # dataclasses and pickle look a class's module up
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    with user_code(f"loading {path.name}", files=[str(path)]):
        spec.loader.exec_module(module)
    _imported.update(n for n in set(sys.modules) - before if _lies_near(sys.modules[n], path))
    return module


def _lies_near(module: ModuleType, path: Path) -> bool:
    file = getattr(module, "__file__", None)
    return bool(file) and Path(str(file)).resolve().parent in (path.parent, path.parent.parent)


def _forget_neighbours() -> None:
    """Two runs may each have a ``models.py``: the second must not be given the first's."""
    for name in _imported:
        sys.modules.pop(name, None)
    _imported.clear()
