"""What opcodes do to the machine's stack, memo and marks; which opcode does it stands elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nandoctor.checkpoints.pickle_builders import build
from nandoctor.checkpoints.pickle_literals import Action, push
from nandoctor.checkpoints.pickle_objects import Global, Instance, PickleError
from nandoctor.checkpoints.pickle_state import PickleState

NESTED = "torch.storage._load_from_bytes"
"""How a plain pickle holds a tensor's storage: as the bytes of another file."""


def memo_get(index: Callable[[PickleState], int]) -> Action:
    """Push what the memo holds at an index."""
    return push(lambda m: m.memo[index(m)])


def memo_put(index: Callable[[PickleState], int]) -> Action:
    """Remember the top of the stack at an index."""

    def action(m: PickleState) -> None:
        m.memo[index(m)] = m.stack[-1]

    return action


def drop_to_mark(m: PickleState) -> None:
    """Forget everything down to the mark."""
    m.pop_mark()


def index_line(m: PickleState) -> int:
    """Return the index that a line of text holds."""
    return int(m.stream.line()[:32])


def memoize(m: PickleState) -> None:
    """Remember the top of the stack at the next index."""
    m.memo[len(m.memo)] = m.stack[-1]


def tuple_of(size: int) -> Action:
    """Put the topmost things into a tuple."""

    def action(m: PickleState) -> None:
        items = tuple(m.stack[-size:])
        if len(items) < size:
            raise PickleError("a tuple of things that are not there")
        m.stack[-size:] = [items]

    return action


def mark(m: PickleState) -> None:
    """Mark this height of the stack."""
    m.marks.append(len(m.stack))


def pop(m: PickleState) -> None:
    """Forget the top of the stack, or the mark on it."""
    if m.marks and m.marks[-1] == len(m.stack):
        m.marks.pop()
    else:
        m.stack.pop()


def fill(put: Callable[[Any, list[Any]], None], count: int | None) -> Action:
    """Put the topmost things, or all above the mark, into the container below them."""

    def action(m: PickleState) -> None:
        if count is None:
            items = m.pop_mark()
        else:
            items = m.stack[-count:]
            del m.stack[-count:]
        put(m.stack[-1], items)

    return action


def build_state(m: PickleState) -> None:
    """Keep what ``__setstate__`` would be given."""
    state = m.stack.pop()
    target = m.stack[-1]
    if isinstance(target, Instance):
        target.state = state


def reduce(m: PickleState) -> None:
    """Build what a call would return; nothing is called."""
    arguments = m.stack.pop()
    cls = m.stack.pop()
    is_nested = isinstance(cls, Global) and cls.path == NESTED
    m.stack.append(m.open_nested(arguments) if is_nested else build(cls, arguments))


def new_with_keywords(m: PickleState) -> None:
    """Build a placeholder of ``__new__`` with keywords."""
    keywords, arguments, cls = m.stack.pop(), m.stack.pop(), m.stack.pop()
    made = Instance(cls, arguments)
    made.state = keywords
    m.stack.append(made)


def old_object(m: PickleState) -> None:
    """Build what OBJ would."""
    items = m.pop_mark()
    m.stack.append(build(items[0], tuple(items[1:])))


def old_instance(m: PickleState) -> None:
    """Build what INST would."""
    module, name = m.stream.line().decode(), m.stream.line().decode()
    m.stack.append(build(m.named(module, name), tuple(m.pop_mark())))


def global_line(m: PickleState) -> Global:
    """Name the global of two lines."""
    return m.named(m.stream.line().decode(), m.stream.line().decode())


def stack_global(m: PickleState) -> None:
    """Name the global of two texts on the stack."""
    name = m.stack.pop()
    m.stack.append(m.named(m.stack.pop(), name))


def extension(code: Callable[[PickleState], int]) -> Action:
    """Name what an extension code stands for; the registry is not asked."""
    return push(lambda m: m.named("copyreg", f"extension_{code(m)}"))


def persistent(m: PickleState) -> None:
    """Resolve a persistent id."""
    m.stack.append(m.persistent(m.stack.pop()))
