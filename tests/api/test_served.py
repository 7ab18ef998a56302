"""What a process knows by age: never older than promised, on any replica."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random
from time import monotonic

import httpx
import pytest
from sqlalchemy import text

from backend.api.customers.schema import profile_json, profile_of
from backend.api.served_state import ServedState
from backend.core.customer_id import CustomerId
from backend.core.errors import DatabaseUnavailable
from backend.core.secret_keys import OwnKeys
from backend.database.database_clock import read_clock
from backend.database.engine import AsyncEngine, opened, parse_url, transaction
from backend.database.pools import on_use
from backend.results.customer_numbers import CustomerNumbers
from backend.shop.customers import Customer
from backend.store import runs
from backend.store.read import read_profiles
from backend.store.served import Served
from backend.store.tombstones import bury
from tests.conftest import NewDatabase, execute, wait_for
from tests.databases import MysqlServer
from tests.live import ADMIN_KEY, API_KEY, Live, serving
from tests.performed import NO_WORKER, clustered_shop, performed
from tests.services import Server
from tests.shops import AS_OF
from tests.waiting import wait_until

SECONDS = 2.0
PROFILE, SEGMENTS = "/api/mcp/customers/4", "/api/mcp/segments"
ADMIN = {"X-API-Key": ADMIN_KEY}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def engine(new_sqlite: NewDatabase) -> AsyncIterator[AsyncEngine]:
    async with opened(new_sqlite(clustered_shop)) as made:
        yield made


async def revise(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        await runs.revise(connection)


def revision(served: object) -> int:
    return served.published.revision  # type: ignore[attr-defined, no-any-return]


async def test_no_replica_knows_what_is_older_than_promised(engine: AsyncEngine) -> None:
    clock, random = Clock(), Random(3)
    replicas = [ServedState(engine, SECONDS, clock) for _ in range(2)]
    corrected_at = [0.0]  # by revision
    seen_old = 0
    for _ in range(60):
        clock.now += random.choice([0.1, 0.5, 0.9])
        if random.random() < 0.4:
            await revise(engine)
            corrected_at.append(clock.now)
        for replica in replicas:
            known = revision(await replica.now())
            newest = len(corrected_at) - 1
            seen_old += known < newest
            # What it knows was still so at most two seconds ago.
            assert known == newest or clock.now - corrected_at[known + 1] < SECONDS
    assert seen_old > 0  # or the bound would not have been tried


async def test_of_all_who_ask_in_vain_one_looks(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, answer = list[None](), asyncio.Event()

    async def looked(_: AsyncEngine) -> Served:
        looks.append(None)
        await answer.wait()
        raise DatabaseUnavailable("intelligence")

    monkeypatch.setattr("backend.api.served_state.read_served", looked)
    served = ServedState(engine, SECONDS, Clock())
    asking = [asyncio.create_task(served.now()) for _ in range(20)]
    while not looks:  # noqa: ASYNC110, it tells no event
        await asyncio.sleep(0)
    answer.set()
    told = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(one) for one in told} == {DatabaseUnavailable}
    assert len(looks) == 1
    with pytest.raises(DatabaseUnavailable):
        await served.now()
    assert len(looks) == 2


async def test_who_changed_something_here_is_told_so_at_once(engine: AsyncEngine) -> None:
    served = ServedState(engine, SECONDS, Clock())
    before = revision(await served.now())
    await revise(engine)
    assert revision(await served.now()) == before
    served.forget()
    assert revision(await served.now()) == before + 1


async def test_of_all_who_ask_at_once_one_looks(engine: AsyncEngine) -> None:
    looks: list[None] = []
    on_use(engine, taken=lambda: looks.append(None), given_back=lambda: None)
    served = ServedState(engine, SECONDS, Clock())
    known = await asyncio.gather(*(served.now() for _ in range(20)))
    assert (len(set(known)), len(looks)) == (1, 1)


@pytest.mark.external
def test_of_200_who_ask_as_what_is_known_ages_one_asks_the_server(
    own_mysql: Server, tmp_path: Path
) -> None:
    with closing(MysqlServer(own_mysql.url)) as place:
        url = place.empty()
    wait_for(clustered_shop(url))
    variables = {**NO_WORKER, "ANSWER_SECONDS": "30", "SERVED_RUN_SECONDS": "1"}
    with serving(url, tmp_path, variables=variables) as live:
        first, known_at = live.get(SEGMENTS), monotonic()
        wait_for(execute(own_mysql.url, "SET GLOBAL log_output = 'TABLE', general_log = ON"))
        wait_until(lambda: monotonic() > known_at + 1)
        began = monotonic()
        answers = wait_for(asked_at_once(live, 200))
        took = monotonic() - began
        statements = wait_for(sent_to(own_mysql.url, live.url))
    assert {one.content for one in answers} == {first.content}
    looks = [one for one in statements if "intelligence_tombstones" in one]
    assert 1 <= len(looks) <= 1 + took  # each is good for a second
    assert {*statements} - {*looks} <= {"ROLLBACK"}  # as the pool takes a connection back


async def asked_at_once(live: Live, callers: int) -> list[httpx.Response]:
    bounds = httpx.Limits(max_connections=callers)
    async with httpx.AsyncClient(base_url=live.address, limits=bounds, timeout=600) as client:
        asking = (client.get(SEGMENTS, headers={"X-API-Key": API_KEY}) for _ in range(callers))
        return await asyncio.gather(*asking)


async def sent_to(server_url: str, url: str) -> list[str]:
    """Return the statements that a MariaDB was sent by who uses a database."""
    of = "SELECT DISTINCT id FROM information_schema.processlist WHERE db = :name"
    sent = f"SELECT argument FROM mysql.general_log WHERE thread_id IN ({of})"
    asked = text(f"{sent} AND command_type IN ('Query', 'Execute')")
    async with opened(server_url) as engine, engine.connect() as connection:
        found = await connection.scalars(asked, {"name": parse_url(url).database})
        return [str(one, "utf-8") if isinstance(one, bytes) else one for one in found]


async def test_an_erasure_anywhere_is_another_state(engine: AsyncEngine) -> None:
    served = ServedState(engine, 0)
    before = await served.now()
    async with transaction(engine) as connection:
        marker, now = OwnKeys.of(["a"]).tombstones, await read_clock(connection)
        await bury(connection, marker, [CustomerId("4")], now)
    assert await served.now() != before


async def test_a_profile_is_written_as_its_model_would_be(engine: AsyncEngine) -> None:
    ids = [CustomerId(str(one)) for one in range(1, 40)]
    async with transaction(engine) as connection:
        published = await runs.published(connection)
        assert published is not None
        known = await read_profiles(connection, published, ids)
    unknown = CustomerNumbers.unknown(CustomerId("99"))
    assert {one.status for one in known.values()} == {"scored"}
    for numbers in (*known.values(), unknown):
        for words in (("a@example.com", 'Zo"ë', None), (None, None, "\u2028")):
            customer = Customer(numbers.customer_id, *words)
            profile = profile_of(customer, numbers.shown)
            written = profile_json(customer, numbers.shown, masked=False)
            assert written == profile.model_dump_json().encode()
            masked = profile_json(customer, numbers.shown, masked=True)
            assert masked == profile.masked().model_dump_json().encode()


@pytest.fixture
def replicas(new_sqlite: NewDatabase, tmp_path: Path) -> Iterator[tuple[Live, Live]]:
    """Serve a shop twice; each repeats its answers, and knows for a second what is served."""
    url = new_sqlite(clustered_shop)
    variables = {**NO_WORKER, "ANSWER_SECONDS": "30", "SERVED_RUN_SECONDS": "1"}
    with ExitStack() as stack:
        made = []
        for name in ("one", "other"):
            folder = tmp_path / name
            folder.mkdir()
            made.append(stack.enter_context(serving(url, folder, variables=variables)))
        yield made[0], made[1]


def test_an_answer_is_repeated_until_what_is_served_is_another(replicas: tuple[Live, Live]) -> None:
    one, _ = replicas
    first = [live.get(PROFILE) for live in replicas]
    assert first[0].content == first[1].content
    wait_for(execute(one.url, "UPDATE customers SET first_name = 'Ada' WHERE id = 4"))
    assert [live.get(PROFILE).content for live in replicas] == [one.content for one in first]
    assert one.get(f"{PROFILE}?explain=true").json()["first_name"] == "Ada"  # another question
    before = one.get(PROFILE).json()["run_id"]
    performed(one, as_of=AS_OF)
    for live in replicas:
        live.until_told(PROFILE, lambda told: told["run_id"] != before)
        assert live.get(PROFILE).json()["first_name"] == "Ada"
        assert live.get(SEGMENTS).json()["run_id"] != before


def test_an_erasure_ends_what_is_repeated_here_at_once_and_elsewhere_soon(
    replicas: tuple[Live, Live],
) -> None:
    one, other = replicas
    assert [live.get(PROFILE).status_code for live in replicas] == [200, 200]
    assert one.client.delete("/api/admin/customers/4", headers=ADMIN).status_code == 204
    assert one.get(PROFILE).status_code == 404
    other.until(PROFILE, 404)


def test_a_new_name_is_told_here_at_once_and_elsewhere_soon(replicas: tuple[Live, Live]) -> None:
    one, other = replicas
    _, segment = [live.get(SEGMENTS).json()["segments"][0]["id"] for live in replicas]
    path, body = f"/api/admin/segments/{segment}", {"name": "Our Best"}
    assert one.client.patch(path, headers=ADMIN, json=body).status_code == 200
    assert one.get(SEGMENTS).json()["segments"][0]["name"] == "Our Best"
    other.until_told(SEGMENTS, lambda told: told["segments"][0]["name"] == "Our Best")


def test_a_masked_key_is_repeated_nothing_that_it_may_not_see(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    variables = {**NO_WORKER, "ANSWER_SECONDS": "30", "API_KEY_MASKED": "masked"}
    with serving(new_sqlite(clustered_shop), tmp_path, variables=variables) as live:
        whole = live.get(PROFILE).json()
        assert whole["email"] is not None
        hidden = {"email": None, "first_name": None, "last_name": None}
        assert live.get(PROFILE, "masked").json() == {**whole, **hidden}
        assert live.get(PROFILE).json() == whole
        assert live.get(PROFILE, "wrong").status_code == 401


@pytest.mark.parametrize("taken", ["zstd", "br", "gzip"])
def test_what_is_long_is_compressed_and_what_is_had_is_not_sent_again(
    replicas: tuple[Live, Live], taken: str
) -> None:
    live = replicas[0]

    def asked(**headers: str) -> httpx.Response:
        return live.client.get(SEGMENTS, headers={"X-API-Key": API_KEY, **headers})

    plain = asked(**{"Accept-Encoding": "identity"})
    first, again = (asked(**{"Accept-Encoding": taken}) for _ in range(2))
    assert len(plain.content) > 1024
    assert "Content-Encoding" not in plain.headers
    for answer in (first, again):
        assert answer.headers["Content-Encoding"] == taken
        assert int(answer.headers["Content-Length"]) < len(plain.content) / 2
        assert answer.content == plain.content
        assert answer.headers["Vary"] == "X-API-Key, Accept, Accept-Encoding, Cookie"
        # Of one meaning, but not the same bytes.
        assert answer.headers["ETag"] == f"W/{plain.headers['ETag']}"
    for tag in (plain.headers["ETag"], first.headers["ETag"]):
        had = asked(**{"Accept-Encoding": taken, "If-None-Match": tag})
        assert (had.status_code, had.content) == (304, b"")
        assert "Content-Encoding" not in had.headers


def test_an_answer_that_is_repeated_counts_as_one_that_is_not(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    variables = {**NO_WORKER, "ANSWER_SECONDS": "30", "RATE_LIMIT_PER_MINUTE": "3"}
    with serving(new_sqlite(clustered_shop), tmp_path, variables=variables) as live:
        told = [live.get(PROFILE) for _ in range(5)]
        assert [one.status_code for one in told] == [200, 200, 200, 429, 429]
        assert [one.headers["RateLimit"].split(";")[1] for one in told[:3]] == ["r=2", "r=1", "r=0"]
        assert len({one.content for one in told[:3]}) == 1
        ids = {one.headers["X-Request-ID"] for one in told}
        assert len(ids) == 5
        counted = live.client.get("/metrics", headers=ADMIN).text
        assert 'route="/api/mcp/customers/{customer_id}"' in counted
        assert 'status="200"} 3.0' in counted
