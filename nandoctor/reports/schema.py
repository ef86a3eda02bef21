"""The JSON schema of ``nandoctor.report/1``, generated from the dataclasses behind it."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from nandoctor import evidence, findings

Schema = dict[str, Any]

NUMBER: Schema = {"anyOf": [{"type": "number"}, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
"""JSON has no NaN: a non-finite number is its name as a string."""
_SIMPLE: dict[Any, Schema] = {
    str: {"type": "string"}, bool: {"type": "boolean"}, int: {"type": "integer"}, float: NUMBER,
    type(None): {"type": "null"}, Any: {},
}  # fmt: skip


_RESHAPED = frozenset({"replay", "checkpoints", "logs", "files"})


def report_schema() -> Schema:
    """Return the schema of ``Report.to_dict()`` (JSON Schema 2020-12)."""
    definitions: Schema = {}
    properties = _report_properties(definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://github.com/nandoctor/nandoctor/report-1.schema.json",
        "title": "nandoctor report",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "$defs": dict(sorted(definitions.items())),
    }


def _report_properties(definitions: Schema) -> Schema:
    """Return the properties; those that ``to_dict`` reshapes are described here by hand."""
    hints = get_type_hints(findings.Report)
    plain = {
        field.name: _of(hints[field.name], definitions)
        for field in fields(findings.Report)
        if field.name not in _RESHAPED
    }
    checkpoint = _object(evidence.CheckpointFacts, definitions, without=("tensors", "training"))
    training = _object(evidence.TrainingState, definitions, without=("history",))
    names = _array({"type": "string"})
    _add(checkpoint, training=training, num_tensors={"type": "integer"}, modules=names)
    return {
        "schema": {"const": findings.SCHEMA},
        "status": {"enum": ["clean", "found"]},
        **plain,
        "origin": _or_null(_origin(definitions)),
        "replay": _or_null(_object(evidence.ReplayFacts, definitions, without=("origin",))),
        "checkpoints": _array(checkpoint),
        "logs": _array(_log(definitions)),
        "files": _array({"$ref": "#"}),
    }


def _origin(definitions: Schema) -> Schema:
    origin = _object(evidence.Origin, definitions)
    tensor = _object(evidence.TensorStats, definitions)
    hints = get_type_hints(evidence.OpTensor)
    extra = {name: _of(hint, definitions) for name, hint in hints.items() if name != "stats"}
    flat = _array(_add(tensor, **extra))
    cause = {"type": ["string", "null"]}
    grade = {"enum": [grade.name for grade in findings.Grade]}
    return _add(origin, inputs=flat, outputs=flat, forward_inputs=flat, cause=cause, grade=grade)


def _log(definitions: Schema) -> Schema:
    log = _object(evidence.LogFacts, definitions, without=("history",))
    return _add(log, num_rows={"type": "integer"}, columns=_array({"type": "string"}))


def _of(hint: Any, definitions: Schema) -> Schema:
    """Return the schema of a type hint; dataclasses go into the definitions."""
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    kind, args = get_origin(hint), get_args(hint)
    if kind is Literal:
        return {"enum": list(args)}
    if kind in (Union, types.UnionType):
        return {"anyOf": [_of(arg, definitions) for arg in args]}
    if kind is tuple:
        return _array(_of(args[0], definitions))
    if kind is not None and issubclass(kind, Mapping):
        return {"type": "object", "additionalProperties": _of(args[1], definitions)}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [member.name for member in hint]}
    if isinstance(hint, type) and is_dataclass(hint):
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = {}  # a mark, so that a type may hold itself
            definitions[hint.__name__] = _object(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    raise TypeError(f"no JSON schema for {hint!r}")


def _object(cls: Any, definitions: Schema, *, without: tuple[str, ...] = ()) -> Schema:
    hints = get_type_hints(cls)
    names = [field.name for field in fields(cls) if field.name not in without]
    properties = {name: _of(hints[name], definitions) for name in names}
    return {"type": "object", "properties": properties, "required": names}


def _add(schema: Schema, **properties: Schema) -> Schema:
    schema["properties"].update(properties)
    schema["required"] = list(schema["properties"])
    return schema


def _array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}
