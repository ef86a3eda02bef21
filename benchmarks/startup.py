"""How long ``nandoctor --help`` takes beside a one-command Typer program with rich help.

Run as ``python benchmarks/startup.py [--runs N]``; both are started in turn in one run, so that
the ratio does not depend on what else the machine is doing.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


def seconds(command: list[str]) -> float:
    """Run a command and return its wall time."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Print the median of each and the median of the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--data", help="not used; every benchmark takes it")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "greet.py"
        script.write_text(ONE_COMMAND)
        commands = {
            "one-command Typer --help": [sys.executable, str(script), "--help"],
            "nandoctor --help": [sys.executable, "-m", "nandoctor", "--help"],
            "nandoctor --version": [sys.executable, "-m", "nandoctor", "--version"],
            "import nandoctor": [sys.executable, "-c", "import nandoctor"],
            "python -c pass": [sys.executable, "-c", "pass"],
        }
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for run in range(runs + 1):
            for name, command in commands.items():
                elapsed = seconds(command)
                if run:  # the first one fills the caches
                    taken[name].append(elapsed)
    base = taken["one-command Typer --help"]
    print(f"{'command':<28}{'median ms':>10}{'ratio':>8}")
    for name, times in taken.items():
        ratio = statistics.median(t / b for t, b in zip(times, base, strict=True))
        print(f"{name:<28}{1000 * statistics.median(times):>10.0f}{ratio:>8.2f}")


if __name__ == "__main__":
    main()
