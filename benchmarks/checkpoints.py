"""Checkpoint scans: speed and memory against the textbook check, and what a zoo of files gives.

    python benchmarks/checkpoints.py [--gigabytes 1.5] [--rounds 3] [--zoo ZOO_OUT] [--keep DIR]

Both sides run in fresh processes, alternating, on files in the page cache; the textbook is
``torch.load`` to CPU, then isnan, isinf and norm of every tensor.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OURS = """
import json, resource, sys, time
start = time.perf_counter()
from nandoctor.checkpoints import open_checkpoint, scan
imported = time.perf_counter()
facts = scan(open_checkpoint(sys.argv[1]), exact=len(sys.argv) > 2)
print(json.dumps({"seconds": time.perf_counter() - imported, "wall": time.perf_counter() - start,
    "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "n": len(facts.tensors),
    "torch": "torch" in sys.modules}))
"""
TEXTBOOK = """
import json, resource, sys, time
start = time.perf_counter()
import torch
imported = time.perf_counter()
def tensors(node):
    if isinstance(node, torch.Tensor):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from tensors(value)
if sys.argv[1].endswith(".safetensors"):
    from safetensors.torch import load_file
    tree = load_file(sys.argv[1])
else:
    tree = torch.load(sys.argv[1], map_location="cpu", weights_only=True)
n = 0
for tensor in tensors(tree):
    torch.isnan(tensor).any().item(), torch.isinf(tensor).any().item(), tensor.norm().item()
    n += 1
print(json.dumps({"seconds": time.perf_counter() - imported, "wall": time.perf_counter() - start,
    "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "n": n}))
"""


def make_file(folder: Path, dtype: str, suffix: str, gigabytes: float) -> Path:
    """Write a transformer's worth of random weights of that size."""
    path = folder / f"{dtype}_{gigabytes:g}GB{suffix}"
    if path.exists():
        return path
    code = f"""
import torch
generator = torch.Generator().manual_seed(0)
dtype = torch.{dtype}
size, width, layer = 0, 2048, 0
state = {{}}
while size < {gigabytes} * 1e9:
    for name, shape in (("q", (width, width)), ("k", (width, width)), ("mlp", (4 * width, width)),
                        ("norm", (width,)), ("bias", (width,))):
        values = torch.randn(shape, generator=generator) * 0.02 + (name == "norm")
        state[f"layers.{{layer}}.{{name}}.weight"] = values.to(dtype)
        size += values.numel() * state[f"layers.{{layer}}.{{name}}.weight"].element_size()
    layer += 1
if {suffix!r} == ".safetensors":
    from safetensors.torch import save_file
    save_file(state, {str(path)!r})
else:
    torch.save({{"step": 1, "model_state": state}}, {str(path)!r})
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    return path


def run(code: str, *arguments: str) -> dict[str, float]:
    """Run one side in a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, capture_output=True, env=env
    )
    result: dict[str, float] = json.loads(done.stdout)
    return result


def read_speed(path: Path) -> float:
    """Return the seconds of a plain sequential read."""
    start = time.perf_counter()
    with path.open("rb", buffering=0) as file:
        buffer = bytearray(1 << 20)
        while file.readinto(buffer):
            pass
    return time.perf_counter() - start


def drop_cache(path: Path) -> None:
    """Ask the kernel to forget a file's pages."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def compare(folder: Path, gigabytes: float, rounds: int) -> None:
    """Print the speed table."""
    print(
        f"{'file':26s} {'state':5s} {'read s':>7s} {'ours s':>7s} {'exact s':>8s} "
        f"{'textbook s':>10s} {'ratio':>6s} {'our RSS MB':>10s} {'textbook RSS':>12s}"
    )
    for dtype, suffix in (("float32", ".pt"), ("float16", ".pt"), ("bfloat16", ".safetensors")):
        path = make_file(folder, dtype, suffix, gigabytes)
        read_speed(path)
        ours, theirs, exact = [], [], []
        for _ in range(rounds):
            ours.append(run(OURS, str(path)))
            theirs.append(run(TEXTBOOK, str(path)))
            exact.append(run(OURS, str(path), "exact"))
        mid = statistics.median
        mine, other = mid(r["seconds"] for r in ours), mid(r["seconds"] for r in theirs)
        print(
            f"{path.name:26s} warm  {read_speed(path):7.2f} {mine:7.2f} "
            f"{mid(r['seconds'] for r in exact):8.2f} {other:10.2f} {other / mine:5.1f}x "
            f"{max(r['rss'] for r in ours):10.0f} {max(r['rss'] for r in theirs):12.0f}"
        )
        drop_cache(path)
        cold_read = read_speed(path)
        drop_cache(path)
        cold = run(OURS, str(path))
        drop_cache(path)
        cold_other = run(TEXTBOOK, str(path))
        print(
            f"{path.name:26s} cold  {cold_read:7.2f} {cold['seconds']:7.2f} {'':8s} "
            f"{cold_other['seconds']:10.2f} {cold_other['seconds'] / cold['seconds']:5.1f}x "
            f"{cold['rss']:10.0f} {cold_other['rss']:12.0f}"
        )


def start_up(folder: Path, rounds: int) -> None:
    """Print how long a small checkpoint takes from the start of Python."""
    small = folder / "small.pt"
    code = "import torch; torch.save({'step': 1, 'model': {'w': torch.randn(64, 64)}}, %r)"
    subprocess.run([sys.executable, "-c", code % str(small)], check=True)
    walls: dict[str, list[float]] = {"scan": [], "import torch": []}
    for _ in range(rounds + 2):
        for name in walls:
            start = time.perf_counter()
            if name == "scan":
                assert not run(OURS, str(small))["torch"]
            else:
                subprocess.run([sys.executable, "-c", "import torch"], check=True)
            walls[name].append(time.perf_counter() - start)
    mine, torch = (statistics.median(walls[name]) for name in walls)
    print(
        f"small checkpoint: {mine * 1e3:.0f} ms; import torch: {torch * 1e3:.0f} ms; "
        f"1/{torch / mine:.1f}"
    )


def visit(zoo: Path) -> None:
    """Print what every artefact of a zoo gives, or why it is refused."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from nandoctor.checkpoints import open_checkpoint, scan
    from nandoctor.errors import UnreadableInputError

    folders = [p.parent for name in ("trainer_state.json", ".metadata", "adapter_config.json",
               "random_states_0.pkl", "*.index.json", "latest", "latest_checkpointed_iteration.txt")
               for p in zoo.rglob(name) if "wandb" not in p.parts]  # fmt: skip
    suffixes = (
        ".pt",
        ".pth",
        ".bin",
        ".ckpt",
        ".tar",
        ".pkl",
        ".npz",
        ".npy",
        ".pt2",
        ".safetensors",
    )
    files = [p for p in zoo.rglob("*") if p.suffix in suffixes and p.is_file()]
    counts = {"opened": 0, "refused": 0}
    for path in sorted({*folders, *files}):
        name = str(path.relative_to(zoo))
        try:
            facts = scan(open_checkpoint(path))
        except UnreadableInputError as error:
            counts["refused"] += 1
            print(f"  {name:58.58s} refused: {str(error).removeprefix(str(path))[2:]}")
            continue
        counts["opened"] += 1
        bad = sum(not tensor.is_finite for tensor in facts.tensors)
        extra = f" dangerous {', '.join(facts.dangerous)}" if facts.dangerous else ""
        extra += f" damage: {facts.damage[0].reason}" if facts.damage else ""
        print(
            f"  {name:58.58s} {facts.format:19s} step {facts.training.step!s:>5s} "
            f"{len(facts.tensors):4d} tensors {bad:3d} bad{extra}"
        )
    marks = list(zoo.rglob("PICKLE_CODE_RAN")) + list(Path.cwd().glob("PICKLE_CODE_RAN"))
    print(
        f"zoo: {counts['opened']} opened, {counts['refused']} refused, "
        f"code executed: {'YES' if marks else 'no'}"
    )


def main() -> None:
    """Parse the command line and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="unused here: the files are generated")
    parser.add_argument("--zoo", type=Path, help="output folder of make_zoo.py")
    parser.add_argument("--gigabytes", type=float, default=1.5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="keep the generated files here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        start_up(folder, arguments.rounds)
        if arguments.gigabytes > 0:
            compare(folder, arguments.gigabytes, arguments.rounds)
    if arguments.zoo:
        visit(arguments.zoo)


if __name__ == "__main__":
    main()
