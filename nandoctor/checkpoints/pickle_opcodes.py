"""What each pickle opcode does to the machine's stack; every one of protocols 0 to 5."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nandoctor.checkpoints.pickle_builders import build
from nandoctor.checkpoints.pickle_literals import (
    Action,
    i4,
    long,
    number,
    old_text,
    payload,
    push,
    text,
    u1,
    u2,
    u4,
    u8,
)
from nandoctor.checkpoints.pickle_objects import Global, Instance, PickleError
from nandoctor.checkpoints.pickle_operands import (
    as_dict,
    extend,
    integer_line,
    string_line,
    update,
)

if TYPE_CHECKING:
    from nandoctor.checkpoints.pickle_machine import PickleMachine

NESTED = "torch.storage._load_from_bytes"
"""How a plain pickle holds a tensor's storage: as the bytes of another file."""


def _memo_get(index: Callable[[PickleMachine], int]) -> Action:
    return push(lambda m: m.memo[index(m)])


def _memo_put(index: Callable[[PickleMachine], int]) -> Action:
    def action(m: PickleMachine) -> None:
        m.memo[index(m)] = m.stack[-1]

    return action


def _pop_mark(m: PickleMachine) -> None:
    m.pop_mark()


def _index_line(m: PickleMachine) -> int:
    return int(m.stream.line()[:32])


def _memoize(m: PickleMachine) -> None:
    m.memo[len(m.memo)] = m.stack[-1]


def _tuple_of(size: int) -> Action:
    def action(m: PickleMachine) -> None:
        items = tuple(m.stack[-size:])
        if len(items) < size:
            raise PickleError("a tuple of things that are not there")
        m.stack[-size:] = [items]

    return action


def _mark(m: PickleMachine) -> None:
    m.marks.append(len(m.stack))


def _pop(m: PickleMachine) -> None:
    if m.marks and m.marks[-1] == len(m.stack):
        m.marks.pop()
    else:
        m.stack.pop()


def _fill(put: Callable[[Any, list[Any]], None], count: int | None) -> Action:
    def action(m: PickleMachine) -> None:
        if count is None:
            items = m.pop_mark()
        else:
            items = m.stack[-count:]
            del m.stack[-count:]
        put(m.stack[-1], items)

    return action


def _build_state(m: PickleMachine) -> None:
    state = m.stack.pop()
    target = m.stack[-1]
    if isinstance(target, Instance):
        target.state = state


def _reduce(m: PickleMachine) -> None:
    arguments = m.stack.pop()
    cls = m.stack.pop()
    is_nested = isinstance(cls, Global) and cls.path == NESTED
    m.stack.append(m.open_nested(arguments) if is_nested else build(cls, arguments))


def _new_with_keywords(m: PickleMachine) -> None:
    keywords, arguments, cls = m.stack.pop(), m.stack.pop(), m.stack.pop()
    made = Instance(cls, arguments)
    made.state = keywords
    m.stack.append(made)


def _old_object(m: PickleMachine) -> None:
    items = m.pop_mark()
    m.stack.append(build(items[0], tuple(items[1:])))


def _old_instance(m: PickleMachine) -> None:
    module, name = m.stream.line().decode(), m.stream.line().decode()
    m.stack.append(build(m.named(module, name), tuple(m.pop_mark())))


def _global_line(m: PickleMachine) -> Global:
    return m.named(m.stream.line().decode(), m.stream.line().decode())


def _stack_global(m: PickleMachine) -> None:
    name = m.stack.pop()
    m.stack.append(m.named(m.stack.pop(), name))


def _extension(code: Callable[[PickleMachine], int]) -> Action:
    return push(lambda m: m.named("copyreg", f"extension_{code(m)}"))


def _persistent(m: PickleMachine) -> None:
    m.stack.append(m.persistent(m.stack.pop()))


def _nothing(m: PickleMachine) -> None:
    """Opcodes that carry nothing for us (READONLY_BUFFER)."""


def _skip(size: int) -> Action:
    def action(m: PickleMachine) -> None:
        m.stream.take(size)

    return action


_TABLE: dict[int | str, Action] = {
    0x80: _skip(1), 0x95: _skip(8), "(": _mark, "0": _pop,
    "1": _pop_mark, "2": push(lambda m: m.stack[-1]),
    "N": push(lambda m: None), 0x88: push(lambda m: True), 0x89: push(lambda m: False),
    "I": push(lambda m: integer_line(m.stream)), "L": push(lambda m: integer_line(m.stream)),
    "J": push(i4), "K": push(u1), "M": push(u2), 0x8A: long(u1), 0x8B: long(i4),
    "F": push(lambda m: float(m.stream.line())), "G": push(number(">d")),
    "S": push(lambda m: string_line(m.stream)), "T": old_text(u4), "U": old_text(u1),
    "B": payload(u4), "C": payload(u1), 0x8E: payload(u8), 0x96: payload(u8),
    "V": push(lambda m: m.stream.line().decode("raw_unicode_escape")),
    "X": text(u4), 0x8C: text(u1), 0x8D: text(u8),
    ")": push(lambda m: ()), "t": push(lambda m: tuple(m.pop_mark())),
    0x85: _tuple_of(1), 0x86: _tuple_of(2), 0x87: _tuple_of(3),
    "]": push(lambda m: []), "l": push(lambda m: m.pop_mark()),
    "}": push(lambda m: {}), "d": push(lambda m: as_dict(m.pop_mark())),
    0x8F: push(lambda m: []), 0x91: push(lambda m: m.pop_mark()),
    "a": _fill(extend, 1), "e": _fill(extend, None), 0x90: _fill(extend, None),
    "s": _fill(update, 2), "u": _fill(update, None),
    "g": _memo_get(_index_line), "h": _memo_get(u1), "j": _memo_get(u4),
    "p": _memo_put(_index_line), "q": _memo_put(u1), "r": _memo_put(u4), 0x94: _memoize,
    "c": push(_global_line), 0x93: _stack_global, "R": _reduce, 0x81: _reduce,
    0x92: _new_with_keywords, "o": _old_object, "i": _old_instance, "b": _build_state,
    0x82: _extension(u1), 0x83: _extension(u2), 0x84: _extension(u4),
    "P": push(lambda m: m.persistent(m.stream.line().decode())), "Q": _persistent,
    0x97: push(lambda m: None), 0x98: _nothing,
}  # fmt: skip
OPCODES = {code if isinstance(code, int) else ord(code): act for code, act in _TABLE.items()}
