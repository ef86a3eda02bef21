"""Every task of a developer or a first-time user, with Python alone: ``python3 dev.py`` lists."""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = Path(os.environ.get("VENV", ROOT / ".venv"))
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
DEMO_RUN = "sample_checkpoints/corrupt_sample"


def run(*command: str | Path) -> None:
    """Run a command in the repository; one torch thread a process, since tests run in parallel."""
    print("+", *command, flush=True)
    environment = {"OMP_NUM_THREADS": "1", **os.environ}
    done = subprocess.run([str(part) for part in command], cwd=ROOT, env=environment)
    if done.returncode:
        sys.exit(done.returncode)


def install(extras: str = "") -> None:
    """Set up the virtual environment, unless it already holds what pyproject.toml asks for."""
    stamp = VENV / f".installed{extras}"
    wanted = (ROOT / "pyproject.toml").read_text() + (ROOT / "constraints.txt").read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if not PYTHON.exists():
        venv.create(VENV, with_pip=True)
    pip = (PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "-c", "constraints.txt", "-e", f".{extras}")
    stamp.write_text(wanted)


def demo(directory: str = DEMO_RUN) -> None:
    """set up and diagnose a shipped crash (another: python3 dev.py demo RUN)"""
    install()
    run(BIN / "nandoctor", "diagnose", directory, "--exit-zero")


def dev() -> None:
    """set up .venv with the development tools"""
    install("[dev,test]")


def lint() -> None:
    """ruff: style and format"""
    dev()
    run(PYTHON, "-m", "ruff", "check", ".")
    run(PYTHON, "-m", "ruff", "format", "--check", ".")


def types() -> None:
    """mypy --strict"""
    dev()
    run(PYTHON, "-m", "mypy")


def docs_check() -> None:
    """the generated pages say what is now true"""
    dev()
    run(PYTHON, "docs/generate.py", "--check")


def test(*arguments: str) -> None:
    """the fast tests (under 5 minutes)"""
    dev()
    run(PYTHON, "-m", "pytest", "-q", "-n", "2", "-m", "not slow", *arguments)


def test_all() -> None:
    """lint, types, docs and every test, the slow ones too (under 30 minutes)"""
    lint()
    types()
    docs_check()
    run(PYTHON, "-m", "pytest", "-q", "-n", "2")


def docs() -> None:
    """write the generated pages anew"""
    dev()
    run(PYTHON, "docs/generate.py")


def bench() -> None:
    """every figure that the README quotes"""
    dev()
    run(PYTHON, "benchmarks/all.py")


def samples(*names: str) -> None:
    """train the sample crashes anew (a few minutes)"""
    install()
    run(PYTHON, "sample_checkpoints/make.py", *names)


def package() -> None:
    """build sdist and wheel and check them"""
    dev()
    run(PYTHON, "-m", "build")
    run(PYTHON, "-m", "twine", "check", "--strict", *sorted((ROOT / "dist").glob("nandoctor-*")))


TASKS = (demo, dev, lint, types, docs_check, test, test_all, docs, bench, samples, package)


def main(name: str = "", *arguments: str) -> None:
    """Run a task, or list them."""
    tasks = {task.__name__.replace("_", "-"): task for task in TASKS}
    if name in tasks:
        tasks[name](*arguments)
        return
    for key, task in tasks.items():
        print(f"{key:12s}{task.__doc__}")
    sys.exit(f"no such task: {name}" if name not in ("", "help") else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
