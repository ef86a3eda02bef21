"""Why a path is no checkpoint, in plain words."""

from __future__ import annotations

from pathlib import Path

from nandoctor.errors import UnreadableInputError

_HEAD = 4096
_MAGIC = (
    (b"version https://git-lfs", "a git-lfs pointer, not the file itself", "run: git lfs pull"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (b"\x1f\x8b", "a gzip file", "unpack it first: gunzip"),
    (b"\x28\xb5\x2f\xfd", "a zstandard file", "unpack it first: unzstd"),
    (b"BZh", "a bzip2 file", "unpack it first: bunzip2"),
    (b"\xfd7zXZ", "an xz file", "unpack it first: unxz"),
    (b"Rar!", "a rar archive", "unpack it first"),
    (b"\x89HDF", "an HDF5 file (Keras, h5py)", "only PyTorch, safetensors and NumPy are read"),
    (b"GGUF", "a GGUF file (llama.cpp)", "inspect the training checkpoint instead"),
    (b"\x89PNG", "a PNG image", ""),
    (b"\x7fELF", "a program", ""),
)
_INSIDE = ("*checkpoint*", "step*", "*.safetensors", "*.ckpt", "*.pth", "*.pt")
_HTML = (b"<!doctype", b"<html", b"<?xml", b"<head")


def refusal(path: Path) -> UnreadableInputError:
    """Return the error that says what a path is instead of a checkpoint."""
    fact, hint = _what_it_is(path)
    return UnreadableInputError(f"{path}: {fact}", hint=hint or "name a checkpoint that was saved")


def _what_it_is(path: Path) -> tuple[str, str]:
    if path.is_dir():
        inside = [p.name for pattern in _INSIDE for p in sorted(path.glob(pattern))]
        hint = f"it holds {', '.join(inside[-3:])}: name one of them" if inside else ""
        return "not a checkpoint directory", hint or "name the checkpoint file or directory itself"
    if not path.is_file():
        return "not a regular file", ""
    size = path.stat().st_size
    if not size:
        return "the file is empty (0 bytes)", "the write failed; take the checkpoint before it"
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for magic, fact, hint in _MAGIC:
        if head.startswith(magic):
            return f"not a checkpoint but {fact}", hint
    if head[257:262] == b"ustar":
        return "not a checkpoint but a tar archive", "unpack it first: tar xf"
    if not head.strip(b"\0"):
        return f"nothing but zero bytes ({size} bytes)", "the disk was full or the write was cut"
    text = head.lstrip().lower()
    if text.startswith(_HTML):
        return "an HTML page, not a checkpoint", "the download failed; look at it in a browser"
    if text.isascii() and b"\0" not in text:
        return "a text file, not a checkpoint", "logs are for: nandoctor classify"
    if path.suffix == ".distcp":
        return "a part of a distributed checkpoint", f"name its directory: {path.parent}"
    if path.suffix == ".safetensors":
        return "its safetensors header is damaged", "its first bytes were overwritten"
    return "not a checkpoint of a known format", ""
