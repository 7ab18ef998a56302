"""Klaviyo's and HubSpot's APIs and a plain endpoint, as far as copies speak to them, on loopback.

Each keeps its people under the shop's ids, counts what it is asked, refuses who is too quick, and
fails where a test says so.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """What a tool was asked."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Reply:
    """What it answers."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class MailingTool:
    """A tool with its people.

    Attributes
    ----------
    people
        By the shop's id, what the tool knows of them.
    refuses
        Whose data it does not take.
    fails
        What the next requests are answered, instead of being done.
    rests_after
        After how many requests it takes none for a second.
    turned_away, hurried
        How many requests came then, and how many of these although they had been told to wait.
    """

    name: ClassVar[str]
    address: str = ""
    people: dict[str, Row] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)
    fails: deque[Reply] = field(default_factory=deque)
    rests_after: int | None = None
    requests: list[Request] = field(default_factory=list)
    turned_away: int = 0
    hurried: int = 0
    _taken: int = 0
    _rests_until: float | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Request) -> Reply:
        """Answer a request."""
        with self._lock:
            if self._rests():
                self.turned_away += 1
                return self.too_quick()
            self.requests.append(request)
            return self.fails.popleft() if self.fails else self.done(request)

    def _rests(self) -> bool:
        now = time.monotonic()
        if self._rests_until is not None and now < self._rests_until:
            self.hurried += 1
            return True
        self._taken += 1
        if self.rests_after is None or self._taken <= self.rests_after:
            return False
        self._taken, self._rests_until = 0, now + 1
        return True

    def forget_requests(self) -> None:
        """Begin to count anew."""
        self.requests.clear()

    def too_quick(self) -> Reply:
        """Say that it is too much at once."""
        return Reply(429, {"errors": [{"code": "throttled"}]}, {"Retry-After": "1"})

    def done(self, request: Request) -> Reply:
        """Do what is asked."""
        raise NotImplementedError


class Klaviyo(MailingTool):
    """A profile a request; deletes by ids of its own, which it tells who asks by external_id."""

    name = "klaviyo"
    key = "Klaviyo-API-Key pk_invented"

    def done(self, request: Request) -> Reply:
        if request.headers.get("authorization") != self.key:
            return _klaviyo_error(401, "not_authenticated")
        if request.headers.get("revision") != "2026-10-15":
            return _klaviyo_error(400, "invalid")
        match request.method, request.path:
            case "POST", "/api/profile-import":
                return self._import(request.body["data"])
            case "GET", "/api/profiles":
                return self._found(request.query["filter"])
            case "POST", "/api/data-privacy-deletion-jobs":
                return self._delete(request.body["data"])
        return _klaviyo_error(404, "not_found")

    def _import(self, data: Row) -> Reply:
        told = data["attributes"]
        if data["type"] != "profile" or told["external_id"] in self.refuses:
            return _klaviyo_error(400, "invalid")
        is_new = told["external_id"] not in self.people
        self.people[told["external_id"]] = {"email": told["email"], **told["properties"]}
        return Reply(201 if is_new else 200, {"data": {"id": _own_id(told["external_id"])}})

    def _found(self, sought: str) -> Reply:
        customer_id = json.loads(sought.removeprefix("equals(external_id,").removesuffix(")"))
        found = [{"type": "profile", "id": _own_id(customer_id)}]
        return Reply(200, {"data": found if customer_id in self.people else []})

    def _delete(self, data: Row) -> Reply:
        named = data["attributes"]["profile"]["data"]
        if data["type"] != "data-privacy-deletion-job" or set(named) != {"type", "id"}:
            return _klaviyo_error(400, "invalid")
        self.people = {one: row for one, row in self.people.items() if _own_id(one) != named["id"]}
        return Reply(202)


def _own_id(customer_id: str) -> str:
    return f"01{customer_id:0>8}"


def _klaviyo_error(status: int, code: str) -> Reply:
    return Reply(status, {"errors": [{"status": status, "code": code}]})


class HubSpot(MailingTool):
    """Upserts in batches, of which it takes all or nothing; knows its properties alone."""

    name = "hubspot"
    token = "pat-invented"
    knows = frozenset(
        {"email", "shop_customer_id", "segment"}
        | {"churn_risk", "predicted_value", "predicted_orders"}
    )

    def done(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _hubspot_error(401, "INVALID_AUTHENTICATION")
        match request.method, request.path:
            case "POST", "/crm/v3/objects/contacts/batch/upsert":
                return self._upsert(request.body["inputs"])
            case "POST", "/crm/v3/objects/contacts/gdpr-delete":
                return self._delete(request.body)
        return _hubspot_error(404, "OBJECT_NOT_FOUND")

    def _upsert(self, inputs: list[Row]) -> Reply:
        for one in inputs:
            is_known = set(one["properties"]) <= self.knows
            if one["idProperty"] != "shop_customer_id" or not is_known or one["id"] in self.refuses:
                return _hubspot_error(400, "VALIDATION_ERROR")
        for one in inputs:
            self.people[one["id"]] = {
                name: None if value == "" else value
                for name, value in one["properties"].items()
                if name != "shop_customer_id"
            }
        return Reply(200, {"status": "COMPLETE", "results": [{"id": one["id"]} for one in inputs]})

    def _delete(self, named: Row) -> Reply:
        if named.get("idProperty") != "shop_customer_id":
            return _hubspot_error(400, "VALIDATION_ERROR")
        was_there = self.people.pop(named["objectId"], None) is not None
        return Reply(204) if was_there else _hubspot_error(404, "OBJECT_NOT_FOUND")

    def too_quick(self) -> Reply:
        told = {"policyName": "TEN_SECONDLY_ROLLING", "errorType": "RATE_LIMIT", "status": "error"}
        return Reply(429, told, {"Retry-After": "1"})


def _hubspot_error(status: int, category: str) -> Reply:
    return Reply(status, {"status": "error", "category": category, "message": "refused"})


class Crm(MailingTool):
    """Takes batches, and says of each customer whether it took them."""

    name = "crm"
    token = "crm-invented"

    def done(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return Reply(401)
        if (request.method, request.path) == ("POST", "/customers"):
            return self._take(request.body["customers"])
        if request.method == "DELETE":
            gone = self.people.pop(unquote(request.path.removeprefix("/customers/")), None)
            return Reply(204 if gone is not None else 404)
        return Reply(404)

    def _take(self, customers: list[Row]) -> Reply:
        errors: list[str | None] = []
        for one in customers:
            is_taken = one["customer_id"] not in self.refuses
            errors.append(None if is_taken else "refused")
            if is_taken:
                self.people[one.pop("customer_id")] = one
        return Reply(422, {"errors": errors}) if any(errors) else Reply(204)


@contextmanager
def open_for_business(tool: MailingTool) -> Iterator[MailingTool]:
    """Let a tool answer on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _AtTheCounter)
    server.daemon_threads = True
    server.tool = tool  # type: ignore[attr-defined]
    tool.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield tool
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _AtTheCounter(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        tool: MailingTool = self.server.tool  # type: ignore[attr-defined]
        address = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.loads(content) if content else None
        self._send(tool.answer(Request(self.command, address.path, query, headers, body)))

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _send(self, reply: Reply) -> None:
        content = b"" if reply.body is None else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
