"""Who is let in to the pages, and how a browser carries that."""

import base64
import time
from functools import partial
from http.cookies import SimpleCookie
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import quote

import httpx
import pytest
from itsdangerous import URLSafeTimedSerializer
from itsdangerous.timed import TimestampSigner
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from backend.core.secret_keys import Use, derived, expanded, fingerprint
from backend.web.sessions import SALT, SESSION_SECONDS
from tests.chromium import patiently
from tests.conftest import NewDatabase
from tests.databases import migrated
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.performed import NO_WORKER
from tests.web.browsing import MASKED_KEY, entered, signed_in

PLAIN_NAME, TLS_NAME = "intelligence_session", "__Host-intelligence_session"
ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "/app/\\evil.example",
    "/\\evil.example",
    "/application",
    "javascript:alert(1)",
    "/app\r\nSet-Cookie: a=b",
    "",
]


def cookie_of(answer: httpx.Response) -> SimpleCookie:
    return SimpleCookie(answer.headers.get("set-cookie", ""))


def sign_in(live: Live, key: str, **headers: str) -> httpx.Response:
    return live.client.post("/app/sign-in", data={"key": key}, headers=headers)


def carried(name: str, role: int, *, secret: str = ADMIN_KEY, age: float = 0) -> str:
    """Write a cookie as the service does, so many seconds ago."""

    class Earlier(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(time.time() - age)

    key = derived(secret, Use.SESSION)
    serializer = URLSafeTimedSerializer(key, salt=SALT, signer=Earlier)
    return str(serializer.dumps([name, role]))


def name_of(key: str, secret: str = ADMIN_KEY) -> str:
    return fingerprint(derived(secret, Use.FINGERPRINT), key)


def get_carrying(live: Live, cookie: str, path: str = "/app") -> httpx.Response:
    live.client.cookies.clear()
    return live.client.get(path, headers={"Cookie": f"{PLAIN_NAME}={cookie}"})


def test_the_root_leads_to_the_pages_and_those_to_the_door(paged: Live) -> None:
    assert paged.client.get("/").headers["location"] == "/app"
    answer = paged.client.get("/app?x=1&y=%20")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/app/sign-in?next={quote('/app?x=1&y=%20')}"


@pytest.mark.parametrize("key", [API_KEY, ADMIN_KEY, MASKED_KEY])
def test_every_key_opens_the_door_and_is_not_in_what_the_browser_carries(
    paged: Live, key: str
) -> None:
    answer = sign_in(paged, key)
    assert (answer.status_code, answer.headers["location"]) == (303, "/app")
    ((name, cookie),) = cookie_of(answer).items()
    assert name == PLAIN_NAME
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "strict", "/")
    assert (cookie["secure"], cookie["domain"]) == ("", "")
    told = base64.urlsafe_b64decode(cookie.value.split(".")[0] + "==").decode()
    assert key not in cookie.value + told
    assert get_carrying(paged, cookie.value).status_code == 200


def test_over_tls_the_cookie_is_bound_to_the_host(paged: Live) -> None:
    answer = sign_in(paged, API_KEY, **{"X-Forwarded-Proto": "https", "Host": "shop.example.org"})
    ((name, cookie),) = cookie_of(answer).items()
    assert name == TLS_NAME
    assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")


@pytest.mark.parametrize("host", ["shop.example.org", "192.0.2.7:8000", "localhost.example.org"])
def test_keys_are_not_taken_in_the_clear(paged: Live, host: str) -> None:
    answer = sign_in(paged, API_KEY, Host=host)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "FORWARDED_ALLOW_IPS" in answer.text
    form = paged.client.get("/app/sign-in", headers={"Host": host}).text
    assert "<form" not in form


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "shop.localhost"])
def test_on_the_own_machine_they_are(paged: Live, host: str) -> None:
    assert sign_in(paged, API_KEY, Host=host).status_code == 303


@pytest.mark.parametrize("path", ELSEWHERE)
def test_the_door_leads_nowhere_else(paged: Live, path: str) -> None:
    form = {"key": API_KEY, "next": path}
    assert paged.client.post("/app/sign-in", data=form).headers["location"] == "/app"


def test_the_door_leads_back_to_where_one_was(paged: Live) -> None:
    form = {"key": API_KEY, "next": "/app?since=2024-01-01"}
    answer = paged.client.post("/app/sign-in", data=form)
    assert answer.headers["location"] == "/app?since=2024-01-01"


def test_wrong_keys_are_told_and_counted_by_address_and_right_ones_pass(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    variables = {**NO_WORKER, "WRONG_KEYS_PER_MINUTE": "3"}
    with serving(new_sqlite(migrated), tmp_path, variables=variables) as live:
        for _ in range(3):
            assert (answer := sign_in(live, "guess")).status_code == 401
            assert "That is no key" in answer.text
        refused = sign_in(live, "guess")
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        assert "try again in" in refused.text
        assert live.get("/api/mcp/segments", "guess").status_code == 429
        assert sign_in(live, API_KEY).status_code == 303


def test_what_a_browser_carries_ends_and_cannot_be_made_up(paged: Live) -> None:
    name = name_of(ADMIN_KEY)
    assert get_carrying(paged, carried(name, 3, age=SESSION_SECONDS - 60)).status_code == 200
    for cookie in (
        carried(name, 3, age=SESSION_SECONDS + 60),
        carried(name, 3, secret="another"),
        carried(name_of(API_KEY), 3),
        carried(name_of("no such key"), 2),
        carried(name, 3)[:-2],
        "nonsense",
    ):
        assert get_carrying(paged, cookie).status_code == 303


def test_an_ended_session_never_lands_in_a_part_of_a_page(paged: Live) -> None:
    part = {"HX-Request": "true", "HX-Current-URL": f"{paged.address}/app/customers?q=a"}
    answer = paged.client.get("/app", headers=part)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["hx-redirect"] == f"/app/sign-in?next={quote('/app/customers?q=a')}"
    part["HX-Current-URL"] = "https://evil.example/else"
    assert paged.client.get("/app", headers=part).headers["hx-redirect"].endswith("next=/app")


def test_a_key_that_is_taken_out_of_the_settings_ends_its_sessions(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    url, secret = new_sqlite(migrated), {**NO_WORKER, "SECRET_KEY": "the same before and after"}
    with serving(url, tmp_path, variables={**secret, "API_KEY": "old,kept"}) as live:
        old, kept = (sign_in(live, key).cookies[PLAIN_NAME] for key in ("old", "kept"))
        assert [get_carrying(live, one).status_code for one in (old, kept)] == [200, 200]
    with serving(url, tmp_path, variables={**secret, "API_KEY": "kept"}) as live:
        assert [get_carrying(live, one).status_code for one in (old, kept)] == [303, 200]
    # The same key, and it opens less by now.
    fewer = {"API_KEY": "other", "API_KEY_MASKED": "kept"}
    with serving(url, tmp_path, variables={**secret, **fewer}) as live:
        assert get_carrying(live, kept).status_code == 303


def test_who_signs_out_is_out(paged: Live) -> None:
    with entered(paged) as client:
        assert client.get("/app").status_code == 200
        answer = client.post("/app/sign-out")
        assert answer.headers["location"] == "/app/sign-in"
        assert answer.headers["clear-site-data"] == '"cache"'
        assert client.get("/app").status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_forms_of_other_sites_do_nothing(paged: Live, headers: dict[str, str]) -> None:
    with entered(paged) as client:
        del client.headers["Sec-Fetch-Site"]
        answer = client.post("/app/sign-out", headers=headers)
        assert answer.status_code == 403
        assert "another site" in answer.text
        assert client.get("/app").status_code == 200


def test_a_link_from_elsewhere_is_followed_once_more_by_the_page_itself(paged: Live) -> None:
    asked = {"Sec-Fetch-Site": "cross-site"}
    answer = paged.client.get("/app?since=2024-01-01", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["refresh"] == "0; url=/app?since=2024-01-01"


def test_the_pages_can_be_left_out(new_sqlite: NewDatabase, tmp_path: Path) -> None:
    variables = {**NO_WORKER, "WEB": "false"}
    with serving(new_sqlite(migrated), tmp_path, variables=variables) as live:
        for path in ("/", "/app", "/app/sign-in"):
            answer = live.client.get(path)
            assert answer.status_code == 404
            assert answer.headers["content-type"] == "application/problem+json"


def test_a_session_and_a_cursor_have_keys_of_their_own() -> None:
    assert derived("secret", Use.SESSION) != derived("secret", Use.CURSOR)
    assert expanded(b"key", Use.SESSION.encode()) != expanded(b"key", Use.FINGERPRINT.encode())


@pytest.mark.external
def test_a_link_on_another_site_leads_to_the_page_for_who_has_signed_in(
    paged: Live, browser: Chrome, tmp_path: Path
) -> None:
    (tmp_path / "mail.html").write_text(
        f'<a id="link" href="{paged.address}/app?from=mail">see</a>'
    )
    handler = partial(SilentHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as elsewhere:
        Thread(target=elsewhere.serve_forever, daemon=True).start()
        with signed_in(browser, paged):
            # Another name of this machine is another site to a browser.
            browser.get(f"http://localhost:{elsewhere.server_port}/mail.html")
            browser.find_element(By.ID, "link").click()
            patiently(browser).until(
                lambda _: browser.find_elements(By.CSS_SELECTOR, "nav a[aria-current]")
            )
            assert browser.current_url == f"{paged.address}/app?from=mail"
        elsewhere.shutdown()


class SilentHandler(SimpleHTTPRequestHandler):
    """Serves files of a folder, and says nothing of it."""

    def log_message(self, *_args: object) -> None:
        """Be silent."""
