"""Which action each pickle opcode is; every one of protocols 0 to 5."""

from __future__ import annotations

from nandoctor.checkpoints.pickle_actions import (
    build_state,
    drop_to_mark,
    extension,
    fill,
    global_line,
    index_line,
    mark,
    memo_get,
    memo_put,
    memoize,
    new_with_keywords,
    old_instance,
    old_object,
    persistent,
    pop,
    reduce,
    stack_global,
    tuple_of,
)
from nandoctor.checkpoints.pickle_literals import (
    Action,
    i4,
    long,
    nothing,
    number,
    old_text,
    payload,
    push,
    skip,
    text,
    u1,
    u2,
    u4,
    u8,
)
from nandoctor.checkpoints.pickle_operands import as_dict, extend, integer_line, string_line, update

_TABLE: dict[int | str, Action] = {
    0x80: skip(1), 0x95: skip(8), "(": mark, "0": pop,
    "1": drop_to_mark, "2": push(lambda m: m.stack[-1]),
    "N": push(lambda m: None), 0x88: push(lambda m: True), 0x89: push(lambda m: False),
    "I": push(lambda m: integer_line(m.stream)), "L": push(lambda m: integer_line(m.stream)),
    "J": push(i4), "K": push(u1), "M": push(u2), 0x8A: long(u1), 0x8B: long(i4),
    "F": push(lambda m: float(m.stream.line())), "G": push(number(">d")),
    "S": push(lambda m: string_line(m.stream)), "T": old_text(u4), "U": old_text(u1),
    "B": payload(u4), "C": payload(u1), 0x8E: payload(u8), 0x96: payload(u8),
    "V": push(lambda m: m.stream.line().decode("raw_unicode_escape")),
    "X": text(u4), 0x8C: text(u1), 0x8D: text(u8),
    ")": push(lambda m: ()), "t": push(lambda m: tuple(m.pop_mark())),
    0x85: tuple_of(1), 0x86: tuple_of(2), 0x87: tuple_of(3),
    "]": push(lambda m: []), "l": push(lambda m: m.pop_mark()),
    "}": push(lambda m: {}), "d": push(lambda m: as_dict(m.pop_mark())),
    0x8F: push(lambda m: []), 0x91: push(lambda m: m.pop_mark()),
    "a": fill(extend, 1), "e": fill(extend, None), 0x90: fill(extend, None),
    "s": fill(update, 2), "u": fill(update, None),
    "g": memo_get(index_line), "h": memo_get(u1), "j": memo_get(u4),
    "p": memo_put(index_line), "q": memo_put(u1), "r": memo_put(u4), 0x94: memoize,
    "c": push(global_line), 0x93: stack_global, "R": reduce, 0x81: reduce,
    0x92: new_with_keywords, "o": old_object, "i": old_instance, "b": build_state,
    0x82: extension(u1), 0x83: extension(u2), 0x84: extension(u4),
    "P": push(lambda m: m.persistent(m.stream.line().decode())), "Q": persistent,
    0x97: push(lambda m: None), 0x98: nothing,
}  # fmt: skip
OPCODES = {code if isinstance(code, int) else ord(code): act for code, act in _TABLE.items()}
