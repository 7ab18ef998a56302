"""docs/webhooks.md, every block run as printed against a service and a receiver."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.conftest import NewDatabase
from tests.live import ADMIN_KEY, ROOT, Live, serving
from tests.performed import shop_about_to_move
from tests.receiver import WITHOUT_LIMITS, Call, Receiver, receiving
from tests.services import need
from tests.shops import AS_OF
from tests.waiting import wait_until

PAGE = (ROOT / "docs" / "webhooks.md").read_text()
BLOCKS = re.findall(r"```(bash|python|javascript)\n(.*?)```", PAGE, re.DOTALL)
PRINTED = "http://127.0.0.1:8000"
HOOK = "https://shop.example.com/hooks"
IN_PYTHON = """
import json, sys
secret, headers, body = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3].encode()
print(is_ours(secret, headers, body))
"""
IN_NODE = """
const [secret, headers, body] = process.argv.slice(2);
console.log(isOurs(secret, JSON.parse(headers), body));
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def live(new_sqlite: NewDatabase, tmp_path: Path) -> Iterator[Live]:
    """Serve a shop whose customers move with the next run, with a worker."""
    with serving(new_sqlite(shop_about_to_move), tmp_path, variables=WITHOUT_LIMITS) as service:
        yield service


class Reader:
    """Who follows the page from top to bottom."""

    def __init__(self, live: Live, receiver: Receiver, folder: Path) -> None:
        self._live, self._receiver, self._folder = live, receiver, folder
        self._left = [code for language, code in BLOCKS if language == "bash"]
        self._known: dict[str, str] = {}

    def types(self, part: str) -> str:
        """Type the next block, which has this in it, and return what it prints."""
        code = self._left.pop(0)
        assert part in code
        assert PRINTED in code
        code = code.replace(PRINTED, self._live.address).replace(HOOK, self._receiver.url)
        done = subprocess.run(
            ("bash", "-euc", code),
            env={**os.environ, "ADMIN_API_KEY": ADMIN_KEY, **self._known},
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def notes(self, **known: str) -> None:
        """Set variables for what is typed from now on."""
        self._known |= known

    @property
    def has_read_all(self) -> bool:
        """Whether no block is left."""
        return not self._left


def made(folder: Path) -> Mapping[str, str]:
    told: dict[str, str] = json.loads((folder / "webhook.json").read_text())
    return told


def test_the_page_is_followed_from_top_to_bottom(
    live: Live, receiver: Receiver, tmp_path: Path
) -> None:
    need("curl", ["curl"])
    reader = Reader(live, receiver, tmp_path)
    reader.types('"events": ["run.published", "segment.changed"]')
    hook = made(tmp_path)
    reader.notes(WEBHOOK=hook["id"])
    trial = json.loads(reader.types("/test"))
    (call,) = receiver.until(1)
    assert call.event == "webhook.test"
    live.cluster(as_of=AS_OF.isoformat())
    published = receiver.until(2)[1]
    assert published.event == "run.published"
    for one in (call, published):
        verified_by_both(hook["secret"], one, tmp_path)
    wait_until(lambda: json.loads(reader_asks(live, hook["id"]))["deliveries"] == [])
    assert json.loads(reader.types("deliveries?state=waiting,dead"))["deliveries"] == []
    reader.notes(DELIVERY=str(trial["id"]))
    before = len(receiver.calls)
    assert json.loads(reader.types("/redeliver"))["message_id"] == call.id
    assert receiver.until(before + 1)[-1].id == call.id
    reader.types("/rotate-secret")
    assert made(tmp_path)["secret"] != hook["secret"]
    assert '"disabled_at":null' in reader.types("/disable")
    reader.types("-X DELETE")
    assert reader.has_read_all
    assert live.get(f"/api/admin/webhooks/{hook['id']}", ADMIN_KEY).status_code == 404


def reader_asks(live: Live, hook: str) -> str:
    return live.get(f"/api/admin/webhooks/{hook}/deliveries?state=waiting", ADMIN_KEY).text


def verified_by_both(secret: str, call: Call, folder: Path) -> None:
    """See that both ways of the page take what was sent, and nothing else."""
    (python,) = [code for language, code in BLOCKS if language == "python"]
    (script,) = [code for language, code in BLOCKS if language == "javascript"]
    (folder / "verify.py").write_text(python + IN_PYTHON)
    (folder / "verify.js").write_text(script + IN_NODE)
    need("node", ["nodejs"])
    headers, body = dict(call.headers), call.body.decode()
    old = {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 301)}
    signed = headers["webhook-signature"]
    rotated = {**headers, "webhook-signature": f"v1,AAAA {signed}"}
    other = {**headers, "webhook-id": "msg_other"}
    for program in ((sys.executable, "verify.py"), ("node", "verify.js")):
        assert said(program, secret, headers, body, folder)
        assert said(program, secret, rotated, body, folder)
        assert not said(program, secret, headers, body + " ", folder)
        assert not said(program, secret, other, body, folder)
        assert not said(program, secret, old, body, folder)
        assert not said(program, "whsec_" + "A" * 44, headers, body, folder)


def said(
    program: tuple[str, str], secret: str, headers: Mapping[str, str], body: str, folder: Path
) -> bool:
    arguments = (*program, secret, json.dumps(headers), body)
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=True)
    return {"true": True, "false": False}[done.stdout.strip().lower()]
