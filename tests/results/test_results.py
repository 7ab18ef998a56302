"""What crosses walls is frozen, documented to the last field, and one type to its last door."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from dataclasses import fields

import pytest
from pydantic import TypeAdapter

from backend import results
from backend.core.field_docs import field_docs
from backend.results.forecast_report import CalibrationBin, Thresholds
from backend.results.move import LineageEvent, SegmentFlow
from backend.results.root import Result
from backend.results.run_report import RunReport


def all_results() -> Iterator[type[Result]]:
    for module in pkgutil.iter_modules(results.__path__):
        found = importlib.import_module(f"backend.results.{module.name}")
        for _, one in inspect.getmembers(found, inspect.isclass):
            if issubclass(one, Result) and one.__module__ == found.__name__ and one is not Result:
                yield one


@pytest.mark.parametrize("result", list(all_results()))
def test_a_result_is_frozen_and_says_what_each_field_is(result: type[Result]) -> None:
    assert "__slots__" in vars(result)
    assert vars(result)["__dataclass_params__"].frozen
    assert {one.name for one in fields(result)} == set(field_docs(result))  # type: ignore[arg-type]
    assert result.__doc__


def test_the_schema_repeats_what_is_written_beneath_the_fields() -> None:
    schema = TypeAdapter(RunReport).json_schema(mode="serialization")
    parts = {"RunReport": schema, **schema["$defs"]}
    bare = [
        f"{name}.{field}"
        for name, part in parts.items()
        for field, described in part.get("properties", {}).items()
        if not described.get("description")
    ]
    assert not bare
    risk = parts["Segment"]["properties"]["churn_risk_avg"]
    assert risk["description"].endswith("null where nobody has ordered.")
    assert risk["anyOf"][0] == {"type": "number", "minimum": 0, "maximum": 1}


def test_an_inherited_field_keeps_its_words() -> None:
    assert field_docs(LineageEvent)["segment_id"] == "The segment that came or went."


def test_names_that_python_cannot_have_are_those_of_json() -> None:
    flow = SegmentFlow(from_="a", to="b", customers=2)
    assert TypeAdapter(SegmentFlow).dump_json(flow) == b'{"from":"a","to":"b","customers":2}'
    assert TypeAdapter(SegmentFlow).validate_json(b'{"from":"a","to":"b","customers":2}') == flow
    assert "from" in TypeAdapter(CalibrationBin).json_schema()["properties"]
    assert "not enough history" in TypeAdapter(Thresholds).json_schema()["properties"]
