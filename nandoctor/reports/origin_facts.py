"""What is known of an origin, in words: operands, places, the way to the loss."""

from __future__ import annotations

import math
from itertools import groupby

from nandoctor.evidence import OpTensor, Origin, Source
from nandoctor.reports.phrases import bad_count
from nandoctor.reports.text import number
from nandoctor.reports.words import Words


def origin_facts(place: Origin, say: Words) -> list[tuple[str, str]]:
    """Return label and value of everything that is known about an origin."""
    op = f"{place.op} ({say('of')} {place.forward_op})" if place.forward_op else place.op
    module = place.module or say("(root)")
    told = [text for text in place.positions if "," in text]  # more than the sample's number
    where = f" ({'; '.join(told)})" if told else ""
    samples = "" if place.samples is None else ", ".join(map(str, place.samples)) + where
    more = f" (+{len(place.reaches) - 4})" if len(place.reaches) > 4 else ""
    facts = [
        (say("phase"), say(place.phase)),
        (say("module"), module + (f" ({place.module_class})" if place.module_class else "")),
        (say("op"), op),
        (say("tensor"), place.tensor or ""),
        (say("samples"), samples),
        *((say("in"), operand(item, say)) for item in place.inputs),
        *((say("in"), f"{name} = {number(value)}") for name, value in infinite_arguments(place)),
        *((say("out"), operand(item, say)) for item in place.outputs),
        (say("path"), " → ".join(short_path(place, say))),
        (say("reaches"), ", ".join(place.reaches[:4]) + more),
    ]
    return [(label, value) for label, value in facts if value]


def infinite_arguments(place: Origin) -> list[tuple[str, float]]:
    """Return the plain numbers among the op's arguments that are not finite, by name."""
    given = place.arguments.items()
    return [(name, v) for name, v in given if isinstance(v, float) and not math.isfinite(v)]


def sources(place: Origin) -> list[Source]:
    """Return the user's line and, where another one ran the op, the library's."""
    found = [place.user_source, place.source]
    return list(dict.fromkeys(source for source in found if source is not None))


def operand(item: OpTensor, say: Words) -> str:
    """Return dtype, shape, range and what is wrong of a tensor at the origin."""
    stats = item.stats
    shape = "x".join(map(str, stats.shape)) or say("scalar")
    text = f"{stats.dtype} {shape}"
    if stats.min is not None:
        text += f"  {number(stats.min)} … {number(stats.max)}"
    if stats.num_nonfinite:
        text += f"  {bad_count(stats)}"
    values = dict.fromkeys(number(v) for v in item.offending if math.isfinite(v))
    if values:
        text += f"  [{say('offending')}: {', '.join(list(values)[:3])}]"
    return text


def short_path(place: Origin, say: Words, limit: int = 9) -> list[str]:
    """Return the way to the loss without repetitions; the middle of a long one is counted.

    An op of the root's own forward or of a free function stands without a module.
    """
    path = [link.removeprefix(": ") for link, _ in groupby(place.path_to_loss)]
    hidden = len(path) - limit
    if hidden <= 1:
        return path
    head = limit // 2
    return [*path[:head], say("{n} more ops", n=hidden), *path[head + hidden :]]
