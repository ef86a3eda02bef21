"""Every benchmark, one after the other: python benchmarks/all.py [--data DIR]."""

import subprocess
import sys
from pathlib import Path

ORDER = (
    "startup", "checkpoints", "logs", "patterns", "forecast", "origin", "interventions",
    "diagnosis",
)  # fmt: skip


def main() -> int:
    """Run them all with the arguments given; the exit code tells how many did not end well."""
    failed = 0
    for name in ORDER:
        print(f"\n=== {name} ===", flush=True)
        script = Path(__file__).with_name(f"{name}.py")
        failed += subprocess.run([sys.executable, str(script), *sys.argv[1:]]).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
