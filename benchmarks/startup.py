"""How long commands take from the start of the process, beside what they are compared with.

    python benchmarks/startup.py [--runs N] [--as-is]

``--help`` stands beside the ``--help`` of a one-command Typer program; ``inspect`` of a small
checkpoint and ``classify`` of a small CSV stand beside ``import torch``. All are started in turn,
so that the ratios do not depend on what else the machine is doing. Bytecode is cached as an
installed package has it; ``--as-is`` leaves that to the environment.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
ONE_COMMAND = '''
import typer
app = typer.Typer()

@app.command()
def main(name: str = typer.Argument(help="Whom to greet."), formal: bool = False) -> None:
    """Greet somebody."""
    print(name, formal)

if __name__ == "__main__":
    app()
'''
SMALL = """
import torch
from safetensors.torch import save_file
weights = {"w": torch.randn(64, 64)}
torch.save({"step": 1, "model": weights}, "small.pt")
save_file(weights, "small.safetensors")
"""
TYPER, TORCH = "one-command Typer --help", "import torch"
Taken = tuple[float, float]


def seconds(command: list[str], folder: Path, env: dict[str, str]) -> Taken:
    """Run a command and return its wall and CPU time."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, cwd=folder, env=env)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr.decode())
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def commands_in(folder: Path) -> dict[str, tuple[list[str], str]]:
    """Write the inputs; return name -> command and the name of what it is compared with."""
    (folder / "greet.py").write_text(ONE_COMMAND)
    rows = "".join(f"{n},{2 - n / 500},{1 + n / 900}\n" for n in range(300))
    (folder / "small.csv").write_text("step,loss,grad_norm\n" + rows)
    subprocess.run([sys.executable, "-c", SMALL], check=True, cwd=folder)
    python, nandoctor = [sys.executable], [sys.executable, "-m", "nandoctor"]
    return {
        TYPER: ([*python, "greet.py", "--help"], TYPER),
        "nandoctor --help": ([*nandoctor, "--help"], TYPER),
        "nandoctor --version": ([*nandoctor, "--version"], TYPER),
        "import nandoctor": ([*python, "-c", "import nandoctor"], TYPER),
        TORCH: ([*python, "-c", "import torch"], TORCH),
        "inspect small.pt": ([*nandoctor, "inspect", "small.pt"], TORCH),
        "inspect small.safetensors": ([*nandoctor, "inspect", "small.safetensors"], TORCH),
        "classify small.csv": ([*nandoctor, "classify", "small.csv"], TORCH),
    }


def measured(runs: int, is_as_is: bool) -> None:
    """Print the medians and the medians of the ratios of each round."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        if not is_as_is:
            env.pop("PYTHONDONTWRITEBYTECODE", None)
            env["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")
        commands = commands_in(folder)
        taken: dict[str, list[Taken]] = {name: [] for name in commands}
        for run in range(runs + 1):
            for name, (command, _) in commands.items():
                elapsed = seconds(command, folder, env)
                if run:  # the first one fills the caches
                    taken[name].append(elapsed)
    print(f"{'command':<28}{'wall ms':>9}{'CPU ms':>9}{'wall ratio':>12}{'CPU ratio':>11}  beside")
    for name, (_, other) in commands.items():
        pairs = list(zip(taken[name], taken[other], strict=True))
        wall, cpu = (1000 * statistics.median(mine[i] for mine, _ in pairs) for i in (0, 1))
        ratios = [statistics.median(mine[i] / base[i] for mine, base in pairs) for i in (0, 1)]
        shown = "".join(f"{f'1/{1 / r:.1f}' if r < 0.5 else f'{r:.2f}':>11}" for r in ratios)
        print(f"{name:<28}{wall:>9.0f}{cpu:>9.0f} {shown}  {other}")


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--as-is", action="store_true", help="leave caching of bytecode alone")
    parser.add_argument("--data", help="not used; every benchmark takes it")
    arguments = parser.parse_args()
    measured(arguments.runs, arguments.as_is)


if __name__ == "__main__":
    main()
