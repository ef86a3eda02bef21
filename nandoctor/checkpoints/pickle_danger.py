"""Which names in a pickle would run code or touch the machine if they were resolved."""

from __future__ import annotations

import sys

from nandoctor.checkpoints.pickle_builders import is_known

_HARMLESS_MODULES = frozenset(
    [
        "abc",
        "argparse",
        "array",
        "collections",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "ipaddress",
        "numbers",
        "pathlib",
        "string",
        "typing",
        "uuid",
        "zoneinfo",
        "re",
        "__future__",
    ]
)
_HARMLESS = frozenset(
    [
        "builtins.slice",
        "builtins.range",
        "builtins.Ellipsis",
        "builtins.NotImplemented",
        "builtins.object",
        "builtins.property",
        "builtins.staticmethod",
        "builtins.super",
        "types.SimpleNamespace",
        "types.NoneType",
        "types.MappingProxyType",
        "functools.partial",
        "random.Random",
        "io.BytesIO",
        "io.StringIO",
        "itertools.count",
        "itertools.cycle",
        "logging.getLogger",
        "logging.Logger",
        "logging.Formatter",
        "logging.RootLogger",
        "time.struct_time",
        "copyreg.__newobj_ex__",
        "http.HTTPStatus",
        "queue.Queue",
        "math.inf",
        "math.nan",
        "threading.Event",
        "math.cos",
        "math.exp",
        "math.sqrt",
    ]
)
_ERRORS = ("Error", "Exception", "Warning")
_ELSEWHERE = (
    "aiohttp.", "bdb.", "cloudpickle.", "commands.", "dill.", "IPython.", "jinja2.", "joblib.",
    "numexpr.", "numpy.distutils.", "numpy.f2py.", "numpy.fromfile", "numpy.load", "numpy.memmap",
    "numpy.save", "numpy.testing.", "pandas.eval", "pandas.read_", "paramiko.", "pip.",
    "pkg_resources.",
    "requests.", "setuptools.", "torch.classes.", "torch.compile", "torch.distributed.run",
    "torch.hub.",
    "torch.jit.load", "torch.jit.unsupported", "torch.load", "torch.ops.load", "torch.save",
    "torch.serialization.load", "torch.testing._internal.",
    "torch.utils._config_module", "torch.utils.bottleneck", "torch.utils.collect_env",
    "torch.utils.cpp_extension", "torch.utils.data.datapipes", "torch.utils.model_zoo",
    "torch._dynamo.", "torch._inductor.", "urllib2.", "urllib3.", "httpx.", "sympy.", "fsspec.",
    "tensorflow.", "webbrowser.", "nt.", "_winapi.", "yaml.",
)  # fmt: skip


def is_dangerous(path: str) -> bool:
    """Whether resolving and calling that global could do more than build a value.

    The standard library is taken as dangerous but for its plain values; of other libraries those
    parts are listed that load, fetch, compile or run things.
    """
    if is_known(path) or path in _HARMLESS:
        return False
    module, _, name = path.rpartition(".")
    root = module.partition(".")[0]
    if root == "builtins":
        return not name.endswith(_ERRORS)
    if root in sys.stdlib_module_names:
        return root not in _HARMLESS_MODULES or _is_hidden_import(path)
    is_class = root == "torch" and name.lstrip("_")[:1].isupper()
    return path.startswith(_ELSEWHERE) and not is_class


def _is_hidden_import(path: str) -> bool:
    """Whether a harmless module is only the way to another (``enum.sys.modules``)."""
    root, *parts = path.split(".")
    return any(part in sys.stdlib_module_names and part != root for part in parts)


def sort_out(paths: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split named globals into (classes that became placeholders, dangerous ones)."""
    dangerous = tuple(path for path in paths if is_dangerous(path))
    classes = tuple(path for path in paths if path not in dangerous and not is_known(path))
    return classes, dangerous
