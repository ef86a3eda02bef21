"""The orders in which trainers hand a model's parameters to the groups of an optimizer."""

from __future__ import annotations

from nandoctor.checkpoints.registration_order import Shapes


def group_orders(sizes: list[int], parameters: Shapes) -> list[Shapes]:
    """Return the orders that trainers use: the model's, or decayed parameters before the others."""
    orders = [parameters, *_module_orders(sizes, parameters)]
    if len(sizes) == 2:
        for keeps_out in (_is_bias_or_norm, _is_vector, _is_bias):
            rest = [p for p in parameters if keeps_out(p)]
            decayed = [p for p in parameters if not keeps_out(p)]
            orders += [[*decayed, *rest]] if len(decayed) == sizes[0] else []
            orders += [[*rest, *decayed]] if len(rest) == sizes[0] else []
    return orders


def _module_orders(sizes: list[int], parameters: Shapes) -> list[Shapes]:
    """Return the orders in which one of two groups is a module (another rate for the projector)."""
    if len(sizes) != 2:
        return []
    names = [name for name, _ in parameters]
    prefixes = {name[:at] for name in names for at, c in enumerate(name) if c == "."}
    orders: list[Shapes] = []
    for prefix in sorted(prefixes):
        inside = [p for p in parameters if p[0].startswith(f"{prefix}.")]
        rest = [p for p in parameters if not p[0].startswith(f"{prefix}.")]
        if rest and (len(inside), len(rest)) == tuple(sizes):
            orders.append([*inside, *rest])
        if rest and (len(rest), len(inside)) == tuple(sizes):
            orders.append([*rest, *inside])
    return orders


def _is_vector(parameter: tuple[str, tuple[int, ...]]) -> bool:
    return len(parameter[1]) < 2


def _is_bias(parameter: tuple[str, tuple[int, ...]]) -> bool:
    return parameter[0].endswith("bias")


def _is_bias_or_norm(parameter: tuple[str, tuple[int, ...]]) -> bool:
    """As Hugging Face's Trainer splits: biases and the weights of normalisation layers."""
    name, shape = parameter
    layer = name.rpartition(".")[0].rpartition(".")[2].lower()
    is_norm = len(shape) == 1 and ("norm" in layer or layer.startswith(("ln", "bn")))
    return "bias" in name or is_norm
