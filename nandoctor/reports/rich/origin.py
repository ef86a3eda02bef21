"""The origin: the op that failed, its source line, what went in and out, the way to the loss."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from nandoctor.evidence import OpTensor, Origin, Source
from nandoctor.findings import Report
from nandoctor.reports.rich.style import bullets, pairs, section
from nandoctor.reports.text import number
from nandoctor.reports.view import View
from nandoctor.reports.words import Words


def origin(report: Report, view: View, say: Words) -> RenderableType | None:
    """Return the origin of the replayed step, or that the replay was finite."""
    facts = report.replay
    if facts is None:
        return None
    if facts.origin is None:
        text = say("The step was run again and stayed finite: loss {loss}, grad norm {norm}.",
                   loss=number(facts.loss), norm=number(facts.grad_norm))  # fmt: skip
        return section(say("Replay"), Text(text))
    place = facts.origin
    body: list[RenderableType] = [pairs(_rows(place, say))]
    source = place.user_source or place.source
    if source is not None:
        body.append(_excerpt(source))
    extra = [*facts.notes, *(say("harmless: {text}", text=text) for text in facts.harmless)]
    if extra:
        body.append(bullets([(text, "dim") for text in extra]))
    return section(say("Origin"), Group(*body))


def _rows(place: Origin, say: Words) -> list[tuple[str, RenderableType]]:
    arrow = " → "
    op = place.op if not place.forward_op else f"{place.op} ({say('of')} {place.forward_op})"
    module = place.module or say("(root)")
    if place.module_class:
        module += f" ({place.module_class})"
    rows: list[tuple[str, RenderableType]] = [
        (say("phase"), say(place.phase)),
        (say("module"), module),
        (say("op"), Text(op, style="bold")),
    ]
    if place.tensor:
        rows.append((say("tensor"), place.tensor))
    if place.samples is not None:
        where = f" ({'; '.join(place.positions)})" if place.positions else ""
        rows.append((say("samples"), ", ".join(map(str, place.samples)) + where))
    rows += [(say("in"), text) for text in _tensors(place.inputs, say)]
    rows += [(say("out"), text) for text in _tensors(place.outputs, say)]
    if place.path_to_loss:
        rows.append((say("path"), arrow.join(place.path_to_loss)))
    if place.reaches:
        rows.append((say("reaches"), _few(place.reaches)))
    return rows


def _few(names: tuple[str, ...], limit: int = 4) -> str:
    more = f" (+{len(names) - limit})" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _tensors(tensors: Iterable[OpTensor], say: Words) -> list[str]:
    lines = []
    for item in tensors:
        stats = item.stats
        shape = "x".join(map(str, stats.shape)) or say("scalar")
        text = f"{stats.dtype} {shape}  {number(stats.min)} … {number(stats.max)}"
        if stats.num_nonfinite:
            text += f"  {say('{n} non-finite', n=f'{stats.num_nonfinite:,}')}"
        if item.offending:
            values = ", ".join(number(value) for value in item.offending[:3])
            text += f"  [{say('offending')}: {values}]"
        lines.append(text)
    return lines


def _excerpt(source: Source) -> RenderableType:
    bar = "│"
    text = Text(f"{source.file}:{source.line}", style="underline")
    text.append(f" in {source.function}\n", style="not underline dim")
    text.append(f"{source.line:>5} {bar} ", style="not underline dim")
    text.append(source.code.strip(), style="not underline bold")
    return text
