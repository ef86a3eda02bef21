"""torch.distributed.checkpoint directories (FSDP, DDP): ``.metadata`` and ``*.distcp`` files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nandoctor.checkpoints.archive import find_entry
from nandoctor.checkpoints.contents import ByteRange, CheckpointFormat, Contents, TensorRef
from nandoctor.checkpoints.directory import new_contents, read_file
from nandoctor.checkpoints.pickle_machine import no_persistent
from nandoctor.checkpoints.pickle_objects import Instance, Opaque
from nandoctor.checkpoints.pickle_reading import read_pickle
from nandoctor.checkpoints.regions import as_tensor
from nandoctor.checkpoints.tensor_builders import dtype_name
from nandoctor.checkpoints.torch_zip import read_tree
from nandoctor.checkpoints.unflattening import lists, put
from nandoctor.checkpoints.zip_directory import ZipTrickError, read_directory
from nandoctor.checkpoints.zip_end import ZipDamageError
from nandoctor.errors import UnreadableInputError
from nandoctor.evidence import Damage


def _sniff(path: Path, head: bytes) -> bool:
    return path.is_dir() and (path / ".metadata").is_file()


def _open(path: Path) -> Contents:
    contents = new_contents()
    file = path / ".metadata"
    whole = ByteRange(str(file), 0, file.stat().st_size)
    metadata, classes, dangerous = read_pickle(whole, file.name, no_persistent, contents.damage)
    fields = metadata.attributes() if isinstance(metadata, Instance) else {}
    described, stored = fields.get("state_dict_metadata"), fields.get("storage_data")
    if not isinstance(described, dict) or not isinstance(stored, dict):
        raise UnreadableInputError(
            f"{file}: truncated or not written by torch.distributed.checkpoint",
            hint="the save did not finish; take the checkpoint before it",
        )
    contents.classes = tuple(
        c for c in classes if not c.startswith("torch.distributed.checkpoint.")
    )
    contents.dangerous = dangerous
    places = _places(path, stored)
    paths = fields.get("planner_data")
    for name, entry in described.items():
        keys = paths.get(name) if isinstance(paths, dict) else None
        put(contents.tree, keys if isinstance(keys, tuple) else (name,),
             _item(str(name), entry, places, contents))  # fmt: skip
    contents.tree = lists(contents.tree)
    _add_common(path / "common.pt", contents)
    names = sorted({place.path for place in places.values()})
    contents.files += (file, *(Path(name) for name in names if Path(name).is_file()))
    return contents


def _add_common(file: Path, contents: Contents) -> None:
    """Add what Megatron-Core keeps beside the shards: the step, the settings, the RNG."""
    common = read_file(file, contents) if file.is_file() else None
    if isinstance(common, dict) and isinstance(contents.tree, dict):
        contents.tree = {**common, **contents.tree}


def _places(folder: Path, stored: dict[Any, Any]) -> dict[tuple[Any, ...], ByteRange]:
    """Return where each item lies, by its name and the place of its shard."""
    places = {}
    for key, info in stored.items():
        index = key.value.attributes() if isinstance(key, Opaque) else {}
        where = info.attributes() if isinstance(info, Instance) else {}
        name, offset, length = (where.get(k) for k in ("relative_path", "offset", "length"))
        inside = isinstance(name, str) and Path(name).name == name
        if inside and isinstance(offset, int) and isinstance(length, int):
            shard = index.get("offset")
            place = (index.get("fqn"), tuple(shard) if isinstance(shard, tuple) else None)
            places[place] = ByteRange(str(folder / str(name)), offset, length)
    return places


def _item(name: str, entry: Any, places: dict[Any, ByteRange], contents: Contents) -> Any:
    fields = entry.attributes() if isinstance(entry, Instance) else {}
    if "chunks" not in fields:
        place = places.get((name, None))
        return _read(place, name, contents) if place else None
    shape = _whole_numbers(fields.get("size"))
    dtype = _dtype(fields.get("properties"))
    pieces = []
    for chunk in fields["chunks"] if isinstance(fields["chunks"], list) else []:
        where = chunk.attributes() if isinstance(chunk, Instance) else {}
        origin, sizes = (_whole_numbers(where.get(key)) for key in ("offsets", "sizes"))
        place = places.get((name, origin)) or places.get((name, None))
        ref = as_tensor(_read(place, name, contents)) if place else None
        if ref is None or ref.shape != sizes:
            reason = f"its shard at {list(origin)} is missing"
            return TensorRef(dtype, shape, broken=reason if ref is None else f"{reason} or cut")
        if ref.broken:
            return TensorRef(dtype, shape, broken=ref.broken)
        pieces.append((origin, ref))
    if len(pieces) == 1 and pieces[0][1].shape == shape:
        return pieces[0][1]
    return TensorRef(dtype, shape, pieces=tuple(pieces))


def _whole_numbers(value: Any) -> tuple[int, ...]:
    """Return sizes as they were pickled, none where they are broken."""
    listed = value if isinstance(value, (tuple, list)) else ()
    return tuple(item for item in listed if isinstance(item, int))


def _dtype(properties: Any) -> str:
    """Return the dtype of pickled TensorProperties, whose state is a tuple that begins with it."""
    state = properties.state if isinstance(properties, Instance) else None
    found = state.get("dtype") if isinstance(state, dict) else state[0] if state else None
    try:
        return dtype_name(found)
    except TypeError:
        return "unknown"


def _read(place: ByteRange, name: str, contents: Contents) -> Any:
    """Return what one item holds: it is a torch archive within the file."""
    path = Path(place.path)
    if not path.is_file():
        return None
    try:
        entries = read_directory(path, place.start, place.size)
    except (ZipDamageError, ZipTrickError, OSError) as error:
        contents.damage.append(Damage(name, f"{path.name}: {error}"))
        return None
    pickled = find_entry(entries, "data.pkl")
    if pickled is None:
        return None
    inner = Contents(None, ())
    read_tree(entries, pickled, inner)
    contents.dangerous = tuple(dict.fromkeys((*contents.dangerous, *inner.dangerous)))
    contents.classes = tuple(dict.fromkeys((*contents.classes, *inner.classes)))
    contents.damage += inner.damage
    return inner.tree


FORMAT = CheckpointFormat("dcp", _sniff, _open)
