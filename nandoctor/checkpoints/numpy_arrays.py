"""NumPy's .npy files and .npz archives; object arrays are listed, their pickles never loaded."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np

from nandoctor.checkpoints.archive import has_entries, read_entries
from nandoctor.checkpoints.array_builders import fortran_strides
from nandoctor.checkpoints.contents import ByteRange, CheckpointFormat, Contents, TensorRef
from nandoctor.checkpoints.dtypes import element_type
from nandoctor.checkpoints.inflate import first_bytes
from nandoctor.checkpoints.pickle_machine import no_persistent
from nandoctor.checkpoints.pickle_reading import read_pickle
from nandoctor.evidence import Damage

_MAGIC = b"\x93NUMPY"
_MAX_HEADER = 1 << 16
_KINDS = "fiubc"


def parse_header(head: bytes) -> tuple[Any, tuple[int, ...], bool, int]:
    """Return (dtype description, shape, is Fortran-ordered, place of the data).

    Raises:
        ValueError: No whole header.
    """
    if not head.startswith(_MAGIC) or len(head) < 12:
        raise ValueError("no NumPy header")
    width = 2 if head[6] == 1 else 4
    length = int.from_bytes(head[8 : 8 + width], "little")
    start = 8 + width + length
    if length > _MAX_HEADER or start > len(head):
        raise ValueError("its NumPy header is cut")
    try:
        header = ast.literal_eval(head[8 + width : start].decode("latin-1").strip())
        shape = tuple(header["shape"])
        if not all(type(n) is int and n >= 0 for n in shape):
            raise ValueError("shape")
        return header["descr"], shape, bool(header["fortran_order"]), start
    except (SyntaxError, KeyError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError("its NumPy header is broken") from error


def _array(head: bytes, data: ByteRange, where: str, contents: Contents) -> TensorRef:
    descr, shape, is_fortran, start = parse_header(head)
    body = ByteRange(data.path, data.start + start, data.size - start)
    if data.packed is not None:
        body = ByteRange(data.path, data.start, data.size, data.packed)
    code = str(descr)
    if code.lstrip("|<>=") == "O":
        return _objects(body, where, contents)
    try:
        dtype = np.dtype(code) if isinstance(descr, str) and code[1:2] in _KINDS else None
    except TypeError:
        dtype = None
    if dtype is None or element_type(dtype.name) is None:
        return TensorRef(code[:32], shape, broken="its dtype is not a plain number")
    if not data.packed and body.size < dtype.itemsize * int(np.prod(shape, dtype=object)):
        return TensorRef(dtype.name, shape, broken="truncated: its data end early")
    offset = start // dtype.itemsize if data.packed else 0
    strides = fortran_strides(shape) if is_fortran else None
    swapped = dtype.newbyteorder("=") != dtype
    if data.packed and start % dtype.itemsize:
        return TensorRef(dtype.name, shape, broken="its packed data are not aligned")
    return TensorRef(dtype.name, shape, strides, offset, body, swapped)


def _objects(body: ByteRange, where: str, contents: Contents) -> TensorRef:
    """Note what an object array's pickle names; its values stay unread."""
    if body.packed is None:
        _, classes, dangerous = read_pickle(body, where, no_persistent, contents.damage)
        contents.classes += classes
        contents.dangerous += dangerous
    return TensorRef("object", (), broken="an object array: its pickle is not loaded")


def _open_archive(path: Path) -> Contents:
    contents = Contents({}, (path,))
    entries = read_entries(path, contents.damage)
    arrays = {}
    for name, entry in entries.items():
        if name.endswith(".npy"):
            try:
                arrays[name[:-4]] = _array(
                    first_bytes(entry.data, _MAX_HEADER), entry.data, name, contents
                )
            except ValueError as error:
                contents.damage.append(Damage(name, str(error)))
    contents.tree = arrays
    contents.hints["crc"] = [(e.name, e.data, e.crc) for e in entries.values() if e.is_whole]
    return contents


def _open_single(path: Path) -> Contents:
    contents = Contents({}, (path,))
    data = ByteRange(str(path), 0, path.stat().st_size)
    try:
        contents.tree = {
            path.stem: _array(first_bytes(data, _MAX_HEADER), data, path.name, contents)
        }
    except ValueError as error:
        contents.damage.append(Damage(path.name, str(error)))
    return contents


NPZ = CheckpointFormat("npz", lambda path, head: has_entries(path, head, ".npy"), _open_archive)
FORMAT = CheckpointFormat("npy", lambda path, head: head.startswith(_MAGIC), _open_single)
