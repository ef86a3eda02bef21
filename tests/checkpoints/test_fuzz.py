"""Thousands of broken files: no crash, no hang, no memory blow-up, nothing run."""

from __future__ import annotations

import random
import resource
import shutil
import time
from pathlib import Path

import pytest

from checkpoints.samples import WRITERS
from nandoctor.checkpoints import is_checkpoint, open_checkpoint, scan
from nandoctor.errors import UnreadableInputError

_ROUNDS = 250


def mutate(data: bytes, source: random.Random) -> bytes:
    """Flip bits, cut, overwrite with extremes or repeat a stretch."""
    raw = bytearray(data)
    if not raw:
        return bytes(raw)
    kind = source.randrange(4)
    if kind == 0:
        for _ in range(source.randint(1, 8)):
            raw[source.randrange(len(raw))] ^= 1 << source.randrange(8)
    elif kind == 1:
        del raw[source.randrange(len(raw)) :]
    elif kind == 2:
        at = source.randrange(len(raw))
        raw[at : at + 8] = source.choice([b"\xff", b"\0", b"\x7f"]) * 8
    else:
        at, other = source.randrange(len(raw)), source.randrange(len(raw))
        raw[at:at] = raw[other : other + 150]
    return bytes(raw)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(WRITERS))
def test_open_mutated_checkpoint_never_crashes(tmp_path: Path, name: str) -> None:
    """Each mutation is read in part, or refused with an error that names the file."""
    (tmp_path / "whole").mkdir()
    whole = WRITERS[name](tmp_path / "whole")
    source = random.Random(name)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(_ROUNDS):
        target = tmp_path / str(number) / whole.name
        target.parent.mkdir()
        copy = shutil.copytree if whole.is_dir() else shutil.copy
        copy(whole, target)
        files = [target] if target.is_file() else [p for p in target.rglob("*") if p.is_file()]
        victim = source.choice(files)
        victim.write_bytes(mutate(victim.read_bytes(), source))
        start = time.monotonic()
        try:
            is_checkpoint(target)
            scan(open_checkpoint(target))
        except UnreadableInputError as error:
            assert whole.name in str(error)
        assert time.monotonic() - start < 10
        shutil.rmtree(target.parent)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 150_000
