"""What a named class or function makes of its arguments where it is one that we know; no calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nandoctor.checkpoints.array_builders import ARRAY_BUILDERS
from nandoctor.checkpoints.pickle_objects import Encoded, Global, Instance, key_of
from nandoctor.checkpoints.tensor_builders import TENSOR_BUILDERS

Builder = Callable[..., Any]
_SMALL = 64


def build(cls: Any, arguments: Any) -> Any:
    """Return what ``cls(*arguments)`` stands for: a plain container, or an inert placeholder."""
    builder = _BUILDERS.get(cls.path) if isinstance(cls, Global) else None
    if builder is not None and isinstance(arguments, tuple):
        try:
            return builder(*arguments)
        except (TypeError, ValueError, AttributeError, IndexError, KeyError, OverflowError):
            pass
    return Instance(cls, arguments)


def is_known(path: str) -> bool:
    """Whether a global needs no mention: we build it, or it only names a type."""
    module, _, name = path.rpartition(".")
    names_type = module in ("torch", "torch.storage") and (
        name.endswith("Storage")
        or name in _TORCH_NAMES
        or name.startswith(("float", "uint", "bits"))
    )
    return path in _BUILDERS or names_type or path in _PLAIN_NAMES


_TORCH_WORDS = """
bfloat16 half double int long short int8 int16 int32 int64 bool complex32 complex64 complex128
qint8 quint8 qint32 quint4x2 quint2x4 per_tensor_affine per_channel_affine strided sparse_coo
sparse_csr sparse_csc sparse_bsr sparse_bsc preserve_format contiguous_format
"""
_PLAIN_WORDS = """
numpy.ndarray torch.nn.parameter.Parameter torch.Tensor torch._tensor.Tensor
torch.storage._load_from_bytes builtins.int builtins.float builtins.str builtins.bytes
builtins.bool builtins.object builtins.NoneType
"""
_TORCH_NAMES, _PLAIN_NAMES = frozenset(_TORCH_WORDS.split()), frozenset(_PLAIN_WORDS.split())


def _pairs(items: Any = ()) -> Any:
    """Alias a dict; move a list of pairs over, so that no list can be copied many times."""
    if isinstance(items, dict):
        return items
    made = {key_of(pair[0]): pair[1] for pair in _sequence(items)}
    if isinstance(items, list):
        items.clear()
    return made


def _sequence(items: Any = ()) -> Any:
    """Alias a sequence; what a set or tuple would do to it does not matter to us."""
    if isinstance(items, list) or (isinstance(items, tuple) and len(items) < _SMALL):
        return items
    raise TypeError("no plain sequence")


def _set(items: Any = ()) -> Any:
    return _sequence(items) or []


def _deque(items: Any = (), maxlen: Any = None) -> Any:
    return _sequence(items) or []


def _default_dict(factory: Any = None, items: Any = ()) -> Any:
    return _pairs(items)


def _encode(text: Any, encoding: Any = "utf-8") -> Any:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1", "utf-8", "ascii"):
        raise TypeError("no text")
    return text.encode(encoding) if len(text) < _SMALL else Encoded(text, encoding)


def _bytearray(data: Any = b"", encoding: Any = None) -> Any:
    return _encode(data, "latin-1") if isinstance(data, str) else data


def _path(*parts: Any) -> str:
    text = "/".join(part for part in parts[:_SMALL] if isinstance(part, str))
    if len(text) > 4 * _SMALL:
        raise ValueError("no path")
    return text.replace("//", "/")


def _reconstructor(cls: Any, base: Any, state: Any) -> Any:
    made = Instance(cls)
    made.pairs = state if isinstance(state, dict) else None
    made.items = state if isinstance(state, list) else None
    return made


def _complex(real: Any = 0, imaginary: Any = 0) -> complex:
    return complex(float(real), float(imaginary))


_BUILDERS: dict[str, Builder] = {
    "collections.OrderedDict": _pairs,
    "collections.defaultdict": _default_dict,
    "collections.Counter": _pairs,
    "collections.deque": _deque,
    "builtins.dict": _pairs,
    "builtins.set": _set,
    "builtins.frozenset": _set,
    "builtins.list": _set,
    "builtins.tuple": _sequence,
    "builtins.bytearray": _bytearray,
    "builtins.complex": _complex,
    "_codecs.encode": _encode,
    "copyreg._reconstructor": _reconstructor,
    "copyreg.__newobj__": lambda cls, *arguments: build(cls, arguments),
    **{
        f"pathlib.{kind}Path": _path
        for kind in ("Posix", "Windows", "PurePosix", "PureWindows", "")
    },
    **{f"pathlib._local.{kind}Path": _path for kind in ("Posix", "Windows")},
    **ARRAY_BUILDERS,
    **TENSOR_BUILDERS,
}
