"""The JSON schema: every report of the tests validates, and no key is missing from it."""

from __future__ import annotations

import copy
import json

import builders
import jsonschema
import pytest

from nandoctor.reports import RENDERERS
from nandoctor.reports.schema import report_schema

KINDS = (
    "report", "clean_report", "undecided_report", "files_report", "hostile_report",
    "series_report", "compare_report", "checklist_report",
)  # fmt: skip


def closed(schema):
    """Return the schema with every described object refusing keys that it does not describe."""
    if isinstance(schema, dict):
        own = {key: closed(value) for key, value in schema.items()}
        return own | ({"additionalProperties": False} if "properties" in schema else {})
    return [closed(item) for item in schema] if isinstance(schema, list) else schema


def test_schema_itself_is_valid():
    """The schema is a JSON Schema 2020-12."""
    jsonschema.Draft202012Validator.check_schema(report_schema())


@pytest.mark.parametrize("kind", KINDS)
def test_schema_accepts_json_report_and_knows_every_key(kind):
    """What the JSON renderer writes validates, also where unknown keys are refused."""
    data = json.loads(RENDERERS["json"](getattr(builders, kind)()), parse_constant=pytest.fail)
    jsonschema.validate(data, closed(copy.deepcopy(report_schema())))


def test_schema_refuses_wrong_types_and_missing_keys():
    """A report that breaks the contract does not validate."""
    good = builders.report().to_dict()
    for bad in ({**good, "status": "fine"}, {k: v for k, v in good.items() if k != "trials"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, report_schema())
