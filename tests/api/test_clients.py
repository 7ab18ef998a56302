"""What clients were built on stays; a client generated from the description reads every answer."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from tests.api.test_documentation import described
from tests.conftest import shared_on_one_kind
from tests.live import ADMIN_KEY, API_KEY, Live

Schema = Mapping[str, Any]
# The description of 10.0 without its prose.
FIRST = json.loads(Path(__file__).with_name("openapi_10_0.json").read_text())
# Erasing waits for no run any more.
NO_LONGER = {("/api/admin/customers/{customer_id}", "delete"): {"409"}}
OPERATIONS = [(path, method) for path, methods in FIRST["paths"].items() for method in methods]


def resolved(schema: Schema, document: Schema) -> Schema:
    """Follow references; of a choice with null, return the other."""
    while "$ref" in schema or "anyOf" in schema:
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        else:
            schema = next(one for one in schema["anyOf"] if one.get("type") != "null")
    return schema


def is_nullable(schema: Schema) -> bool:
    return any(one.get("type") == "null" for one in schema.get("anyOf", ()))


def gone(first: Schema, now: Schema, new: Schema, where: str) -> Iterator[str]:
    """Name what an answer of 10.0 had and today's has not, or has of another type."""
    could_be_null, can_be_null = is_nullable(first), is_nullable(now)
    first, now = resolved(first, FIRST), resolved(now, new)
    if first.get("type") != now.get("type"):
        yield f"{where} was {first.get('type')}, is {now.get('type')}"
    if can_be_null and not could_be_null:
        yield f"{where} may be null now"
    for name, of_member in first.get("properties", {}).items():
        if name not in now.get("properties", {}):
            yield f"{where}.{name} is gone"
        else:
            yield from gone(of_member, now["properties"][name], new, f"{where}.{name}")
    if "items" in first:
        yield from gone(first["items"], now.get("items", {}), new, f"{where}[]")


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_of_the_first_version_is_still_given(path: str, method: str) -> None:
    new = described()
    first, now = FIRST["paths"][path][method], new["paths"][path][method]
    no_longer = NO_LONGER.get((path, method), set())
    assert set(first["responses"]) - set(now["responses"]) <= no_longer
    for status, answer in first["responses"].items():
        if status in no_longer:
            continue
        for media, content in answer.get("content", {}).items():
            schema = now["responses"][status]["content"][media].get("schema", {})
            if "properties" in resolved(content.get("schema", {}), FIRST):
                assert not [*gone(content["schema"], schema, new, f"{path} {status}")]


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_question_of_the_first_version_can_still_be_asked(path: str, method: str) -> None:
    first, now = FIRST["paths"][path][method], described()["paths"][path][method]
    names = {parameter["name"] for parameter in first.get("parameters", ())}
    known = {parameter["name"] for parameter in now.get("parameters", ())}
    needed = {one["name"] for one in now.get("parameters", ()) if one.get("required")}
    assert names <= known
    assert needed <= names


def test_every_parameter_and_field_is_described() -> None:
    document = described()
    bare = [
        f"{name}.{member}"
        for name, schema in document["components"]["schemas"].items()
        for member, of_member in schema.get("properties", {}).items()
        if "description" not in {**of_member, **resolved(of_member, document)}
    ]
    bare += [
        f"{path} {parameter['name']}"
        for path, methods in document["paths"].items()
        for operation in methods.values()
        for parameter in operation.get("parameters", ())
        if "description" not in parameter
    ]
    assert not bare


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Generate a client as a shop's developer would, without a warning, and import it."""
    folder = tmp_path_factory.mktemp("client")
    description = folder / "openapi.json"
    description.write_text(json.dumps(described()))
    package = folder / "generated"
    generator = Path(sys.executable).with_name("openapi-python-client")
    wanted = ("--path", description, "--output-path", package, "--meta", "none")
    done = subprocess.run(
        (generator, "generate", *wanted, "--fail-on-warning"),
        env={"PATH": str(Path(sys.executable).parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield importlib.import_module("generated")
    sys.path.remove(str(folder))


@shared_on_one_kind
def test_a_generated_client_reads_a_profile_and_every_refusal(client: Any, live: Live) -> None:
    get_customer = importlib.import_module("generated.api.customers.get_customer")
    search = importlib.import_module("generated.api.customers.search_customers")
    report = importlib.import_module("generated.api.admin.get_run_report")
    with opened(client, live, API_KEY) as plain:
        found = get_customer.sync(client=plain, customer_id="4")
        unknown = get_customer.sync_detailed(client=plain, customer_id="nobody")
        refused = search.sync_detailed(client=plain, query="person", limit=0)
    with opened(client, live, ADMIN_KEY) as admin:
        missing = report.sync_detailed(client=admin, run_id="none")
    assert (found.customer_id, found.email) == ("4", "person4@example.com")
    assert unknown.status_code == HTTPStatus.NOT_FOUND
    assert unknown.parsed.detail == "No customer has the id nobody."
    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert refused.parsed.detail.startswith("query.limit: ")
    assert missing.status_code == HTTPStatus.NOT_FOUND
    assert missing.parsed.detail == "No run has the id none."


def opened(client: Any, live: Live, key: str) -> Any:
    """Give a client with a key; it closes its connections at the end of a `with` block."""
    return client.AuthenticatedClient(
        live.address, token=key, prefix="", auth_header_name="X-API-Key"
    )
