"""HTML and SVG elements as strings that are escaped by construction; knows no report."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


class Markup(str):
    """Finished markup: goes into an element as it is, while a plain string is escaped."""

    __slots__ = ()


_VOID = frozenset({"input", "meta", "wbr"})


def el(name: str, /, *children: object, **attributes: object) -> Markup:
    """Return an element; ``class_`` is class, an underscore in a name is a hyphen.

    Args:
        name: Of the element.
        children: Markup stays, text is escaped, None is left out, an iterable is spread.
        attributes: None and False are left out, True stands without a value.
    """
    opened = name + "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{opened}>")
    return Markup(f"<{opened}>{join(*children)}</{name}>")


def join(*children: object) -> Markup:
    """Return the children one after the other."""
    return Markup("".join(_child(child) for child in children))


def _child(child: object) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return escape(child)
    if isinstance(child, Iterable):
        return join(*child)
    return escape(str(child))


def _attribute(key: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
