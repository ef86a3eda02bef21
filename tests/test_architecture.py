"""The import rules of docs/architecture.md, checked over the source, imports in functions too."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

import nandoctor

PACKAGE = Path(nandoctor.__file__).parent
FLOORS = [
    {"cli"},
    {"pipeline"},
    {"recovery"},
    {"reports", "rules", "decision", "checklist", "tracing", "targets", "casebook"}
    | {"checkpoints", "logs"},
    {"interventions", "signals"},
    {"step", "snapshot", "batches"},
    {"target"},
    {"findings"},
    {"evidence"},
    {"errors"},
]
STEP_FLOOR = FLOORS[5]
WITH_TORCH = {"tracing", "targets", "interventions", "recovery", "training", "step", "snapshot"}
WITH_TORCH |= {"batches"}
FILES = sorted(
    path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or path.stem[0] != "_"
)


def room_of(path: Path) -> str:
    """Return the room that a file of the package belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def module_of(path: Path) -> str:
    """Return the dotted name of a file; a package's ``__init__`` keeps its own."""
    return ".".join(("nandoctor", *path.relative_to(PACKAGE).with_suffix("").parts))


def floor_of(room: str) -> int:
    """Return the number of a room's floor, from the top."""
    if room == "training":
        return 4
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def imported(tree: ast.AST) -> list[str]:
    """Return the full names of all modules that a file imports."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def module_level(tree: ast.Module) -> ast.Module:
    """Return what runs on import: no function bodies, no TYPE_CHECKING blocks."""

    class Prune(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
            return None

        def visit_If(self, node: ast.If) -> ast.If | None:
            return None if "TYPE_CHECKING" in ast.unparse(node.test) else node

    return Prune().visit(tree)


def is_allowed(room: str, other: str) -> bool:
    """Whether a room may import another."""
    if room == other or (room, other) == ("targets", "checkpoints"):
        return True
    if room == "training":
        return other in {"checkpoints"} or floor_of(other) >= 4
    if {room, other} <= STEP_FLOOR:
        return True
    return floor_of(other) > floor_of(room)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_of_a_file_point_one_way(path: Path) -> None:
    """A room imports only rooms on floors below its own."""
    room = room_of(path)
    used = [n.split(".") for n in imported(ast.parse(path.read_text()))]
    others = {n[1] for n in used if n[0] == "nandoctor" and len(n) > 1}
    rooms = {other for other in others if other in set().union(*FLOORS, {"training"})}
    assert not [other for other in rooms if not is_allowed(room, other)]


def test_no_files_import_in_a_circle() -> None:
    """Also inside a room the arrows run one way, imports for types only included."""
    modules = {module_of(path): path for path in FILES}
    graph = {}
    for module, path in modules.items():
        names = imported(ast.parse(path.read_text()))
        used = {part for name in names for part in (name, name.rpartition(".")[0])}
        graph[module] = used & set(modules)
    assert list(graphlib.TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_imports_stay_where_they_belong(path: Path) -> None:
    """torch, pandas and rich at module level only where the design allows it."""
    room = room_of(path)
    used = {n.split(".")[0] for n in imported(module_level(ast.parse(path.read_text())))}
    assert "pandas" not in used
    assert "torch" not in used or room in WITH_TORCH
    assert "rich" not in used or room in {"cli", "reports"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_the_cli_prints_and_exits(path: Path) -> None:
    """No print and no sys.exit outside cli/."""
    calls = [
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
    ]
    assert room_of(path) == "cli" or not {"print", "sys.exit", "exit"} & set(calls)


def test_no_public_name_equals_a_subpackage() -> None:
    """``from nandoctor import x`` means one thing."""
    rooms = {path.stem for path in PACKAGE.iterdir()}
    assert not rooms & set(nandoctor.__all__)


def test_import_nandoctor_costs_nothing_heavy() -> None:
    """The package itself imports neither torch, pandas, numpy nor rich."""
    code = "import sys, nandoctor; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "pandas", "numpy", "rich", "typer"} & set(done.stdout.split())
