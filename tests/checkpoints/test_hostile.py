"""Files built to run code, to exhaust the reader or to show two readers different things."""

from __future__ import annotations

import pickle
import resource
import struct
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from nandoctor.checkpoints import is_checkpoint, load_batch, load_state, open_checkpoint, scan
from nandoctor.errors import UnreadableInputError

MARK = "nandoctor_mark"


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module on sys.path that leaves a mark when it is imported or called."""
    marker = tmp_path / "MARK"
    code = f"open({str(marker)!r}, 'w')\ndef run(*a, **k):\n    open({str(marker)!r}, 'w')\n"
    (tmp_path / f"{MARK}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    return marker


def _short(text: str) -> bytes:
    return b"\x8c" + bytes([len(text)]) + text.encode()


def _attacks() -> dict[str, bytes]:
    """Return pickles that would call os.system, or import the trap, by every road."""
    named, trapped = b"cos\nsystem\n", f"c{MARK}\nrun\n".encode()
    argument = b"X\x04\x00\x00\x00true"
    stacked = b"\x80\x04" + _short("os") + _short("system") + b"\x93"
    inner = b"\x80\x02" + named + argument + b"\x85R."
    return {
        "reduce": b"\x80\x02" + named + argument + b"\x85R.",
        "stack_global": stacked + argument + b"\x85R.",
        "inst": b"(" + argument + b"ios\nsystem\n.",
        "obj": b"(" + named + argument + b"o.",
        "newobj": b"\x80\x02" + named + argument + b"\x85\x81.",
        "newobj_ex": b"\x80\x04" + named + argument + b"\x85}\x92.",
        "build": b"\x80\x02" + named + b")\x81}" + argument + argument + b"sb.",
        "text_protocol": b"cos\nsystem\n(S'true'\ntR.",
        "extension": b"\x80\x02\x82\x01" + argument + b"\x85R.",
        "memo_games": b"\x80\x02"
        + named
        + b"q\x01cbuiltins\nlist\nq\x01h\x01"
        + argument
        + b"\x85R.",
        "stacked": pickle.dumps({"a": 1}) + inner,
        "dotted": b"\x80\x04" + _short("collections") + _short("sys.modules") + b"\x93.",
        "nested": b"\x80\x02cpickle\nloads\nB" + struct.pack("<I", len(inner)) + inner + b"\x85R.",
        "python2": b"c__builtin__\neval\n(S'1'\ntR.",
        "in_list": b"\x80\x02](" + named + argument + b"\x85R" + trapped + b")Re.",
    }


@pytest.mark.parametrize("road", list(_attacks()))
def test_open_hostile_pickle_runs_nothing_and_names_it(
    tmp_path: Path, trap: Path, road: str
) -> None:
    """Every road to a call ends in an inert placeholder, and the global is listed as dangerous."""
    path = tmp_path / "evil.pkl"
    path.write_bytes(_attacks()[road])
    facts = scan(open_checkpoint(path))
    assert facts.dangerous
    assert not trap.exists() and MARK not in sys.modules
    with pytest.raises(UnreadableInputError, match="refused"):
        load_batch(path)


class _Runs:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('executed')",))


@pytest.mark.parametrize("is_zip", [True, False])
def test_open_hostile_torch_file_reads_tensors_and_names_exec(tmp_path: Path, is_zip: bool) -> None:
    """The tensors of a malicious file are still read; loading it for a replay is refused."""
    path = tmp_path / "evil.pt"
    tree = {"model": {"w": torch.ones(3)}, "x": _Runs()}
    torch.save(tree, path, _use_new_zipfile_serialization=is_zip)
    facts = scan(open_checkpoint(path))
    assert facts.dangerous == ("builtins.exec",)
    assert [(t.name, t.max) for t in facts.tensors] == [("w", 1.0)]
    with pytest.raises(UnreadableInputError, match=r"builtins\.exec"):
        load_state(path)


def test_open_plain_pickle_of_tensor_finds_danger_within(tmp_path: Path) -> None:
    """A dangerous pickle hidden in a storage's inner file is named, and nothing runs."""
    hidden = b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R."
    body = b"\x80\x02ctorch.storage\n_load_from_bytes\nB" + struct.pack("<I", len(hidden))
    path = tmp_path / "evil.pkl"
    path.write_bytes(body + hidden + b"\x85R.")
    assert "os.system" in scan(open_checkpoint(path)).dangerous


def test_open_object_array_names_what_its_pickle_calls(tmp_path: Path) -> None:
    """An object array is not loaded; the globals of its pickle are listed."""
    np.save(tmp_path / "a.npy", np.array([_Runs()], dtype=object), allow_pickle=True)
    facts = scan(open_checkpoint(tmp_path / "a.npy"))
    assert "builtins.exec" in facts.dangerous and not facts.tensors


def _bombs() -> dict[str, bytes]:
    nested = b"\x80\x02N" + b"\x85" * 60
    laughs = b"\x80\x02)" + b"2\x86" * 60
    copies = b"\x80\x02](" + b"N" * 1000 + b"e0" + b"](" + b"N" * 1000 + b"eq\x00"
    return {
        "huge_memo_index": b"\x80\x02Nr\xff\xff\xff\x7f.",
        "huge_bytes": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 60) + b"x.",
        "huge_text": b"\x80\x02X\xff\xff\xff\xffx.",
        "huge_integer": b"\x80\x02\x8b" + struct.pack("<i", 1 << 30) + b"\x01" * 100 + b".",
        "huge_frame": b"\x80\x04\x95" + struct.pack("<Q", 1 << 62) + b"N.",
        "long_digits": b"I" + b"9" * 100_000 + b"\n.",
        "deep_lists": b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",
        "deep_tuples": b"\x80\x02N" + b"\x85" * 100_000 + b".",
        "tuple_as_key": b"\x80\x02}" + laughs[2:] + b"Ns.",
        "nested_key": b"\x80\x02}" + nested[2:] + b"Ns.",
        "copied_lists": copies + b"cbuiltins\nlist\nq\x01h\x00\x85R" * 3000 + b".",
        "copied_sets": copies + b"cbuiltins\nset\nq\x01h\x00\x85R" * 3000 + b".",
        "encoded_often": b"\x80\x02X\x00\x80\x00\x00" + b"y" * 32768 + b"q\x00"
        + b"c_codecs\nencode\nh\x00X\x06\x00\x00\x00latin1\x86R" * 3000 + b".",
        "pops_nothing": b"\x80\x020.",
        "cycle": b"\x80\x02]q\x00h\x00a.",
    }  # fmt: skip


@pytest.mark.parametrize("name", list(_bombs()))
def test_open_pickle_bomb_stays_small_and_quick(tmp_path: Path, name: str) -> None:
    """Bombs are read or refused within a second and some megabytes."""
    path = tmp_path / "bomb.pkl"
    path.write_bytes(_bombs()[name])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.monotonic()
    try:
        scan(open_checkpoint(path))
    except UnreadableInputError as error:
        assert path.name in str(error)
    assert time.monotonic() - start < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_open_billion_laughs_terminates(tmp_path: Path) -> None:
    """A structure with 2**45 leaves in a few nodes is walked once a node."""
    laughs: list[object] = [torch.ones(1)]
    for _ in range(45):
        laughs = [laughs, laughs]
    cycle: list[object] = []
    cycle.append(cycle)
    torch.save({"model": {"w": torch.ones(2)}, "a": laughs, "b": cycle}, tmp_path / "l.pt")
    facts = scan(open_checkpoint(tmp_path / "l.pt"))
    assert len(facts.tensors) == 2


def _rewrite(path: Path, change: str) -> None:
    """Apply a trick to a torch file: entries that two readers understand differently."""
    with zipfile.ZipFile(path) as archive:
        entries = [(info.filename, archive.read(info)) for info in archive.infolist()]
    if change == "duplicate":
        entries.append((entries[0][0], b"\x80\x02cos\nsystem\n."))
    if change == "outside":
        entries.append(("../../evil.txt", b"x"))
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries:
            archive.writestr(name, data)
    if change == "encrypted":
        raw = bytearray(path.read_bytes())
        raw[raw.index(b"PK\x01\x02") + 8] |= 1
        path.write_bytes(bytes(raw))
    if change == "renamed":
        raw = bytearray(path.read_bytes())
        raw[raw.index(b"data.pkl")] = ord("b")
        path.write_bytes(bytes(raw))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("change", ["duplicate", "outside", "encrypted", "renamed"])
def test_open_zip_trick_is_refused(tmp_path: Path, change: str) -> None:
    """Duplicate, escaping, flagged or renamed entries are refused before anything is read."""
    path = tmp_path / "trick.pt"
    torch.save({"w": torch.ones(2)}, path)
    _rewrite(path, change)
    with pytest.raises(UnreadableInputError, match="refused"):
        open_checkpoint(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"7z\xbc\xaf\x27\x1c" + b"\0" * 50, "7z"),
        (b"\0" * 257 + b"ustar" + b"\0" * 500, "tar"),
        (b"\x1f\x8b\x08" + b"\0" * 50, "gzip"),
        (b"\x80\x09abc", "known format"),
    ],
)
def test_open_other_container_is_refused_by_name(
    tmp_path: Path, content: bytes, words: str
) -> None:
    """Other archives in a checkpoint's clothes are refused with their name."""
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    assert not is_checkpoint(path)
    with pytest.raises(UnreadableInputError, match=words):
        open_checkpoint(path)


def test_scan_absurd_shape_is_refused_without_memory(tmp_path: Path) -> None:
    """Shapes and strides that the storage cannot hold are damage, not an allocation."""
    base = torch.zeros(4)
    tree = {"model": {"wide": base.expand(1 << 20, 4), "w": base}}
    torch.save(tree, tmp_path / "a.pt")
    wide = scan(open_checkpoint(tmp_path / "a.pt")).tensors[0]
    assert wide.num_zero == 4 << 20
    raw = (tmp_path / "a.pt").read_bytes()
    absurd = raw.replace(b"J\x00\x00\x10\x00K\x04", b"J\xff\xff\xff\x7fM\xff\x7f")
    assert absurd != raw
    (tmp_path / "b.pt").write_bytes(absurd[: len(raw)])
    assert scan(open_checkpoint(tmp_path / "b.pt")).damage
