"""Every preset reads its platform: who exists, what counts, what it is worth, to the cent."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from backend.behaviour.baskets import Baskets
from backend.core.customer_id import CustomerId
from backend.core.glossary import Reason
from backend.database.engine import opened, snapshot
from backend.readiness import judging
from backend.run.readiness_check import judge
from backend.shop.customers import get_customers
from backend.shop.mapping.layers import PRESET_FOLDER, load_mapping, preset_names
from backend.shop.orders import ShopColumns
from backend.shop.seen import inspect_shop
from backend.shop.shop import Shop
from backend.wording.readiness_sentences import readiness_in_words
from tests.conftest import NewDatabase, wait_for
from tests.live import ROOT
from tests.presets import all_platforms
from tests.presets.databases_of_platforms import COLLATIONS, load
from tests.presets.events import AS_OF, ShopEvents, expected, happened
from tests.presets.platform import Platform
from tests.shops import HORIZONS
from tests.snapshots import read_baskets, read_shop

ORDINARY_REASONS = {
    "cancelled",
    "refunded",
    "refunded_in_full",
    "not_counted_status",
    "not_positive",
    "null_customer",
    "other_currency",
    "unknown_customer",
}
MICROS = 1_000_000


@dataclass(frozen=True)
class Case:
    """One platform's database in one collation."""

    name: str
    collation: str | None

    def __str__(self) -> str:
        """Name the test."""
        return f"{self.name}-{self.collation}" if self.collation else self.name

    @property
    def platform(self) -> Platform:
        """Whose database it is."""
        return all_platforms.PLATFORMS[self.name]


def cases() -> Iterator[Any]:
    """Yield each platform once; what shows the same of another collation is long."""
    for name, platform in all_platforms.PLATFORMS.items():
        collations = COLLATIONS if platform.database == "mysql" else [None]
        for collation in collations:
            usual = collation in {"mixed", None} and name not in all_platforms.LONG
            marks = [] if usual else [pytest.mark.long]
            yield pytest.param(Case(name, collation), id=str(Case(name, collation)), marks=marks)


@pytest.mark.external
@pytest.mark.parametrize("case", list(cases()))
def test_a_preset_reads_its_platform(
    case: Case, new_mysql: NewDatabase, new_postgres: NewDatabase
) -> None:
    url = (new_mysql if case.platform.database == "mysql" else new_postgres)()
    wait_for(assert_read(url, case.platform, case.collation))


async def assert_read(url: str, platform: Platform, collation: str | None) -> None:
    """Compare what is read with what happened."""
    shop = happened(platform.holds)
    await load(url, platform, platform.write(shop), collation)
    variables = {
        "SHOP_PRESET": platform.preset,
        "SHOP_TIME_ZONE": "Asia/Tokyo",
        **platform.settings,
    }
    mapped = Shop(load_mapping(variables))
    async with opened(url) as engine:
        found = await read_shop(engine, mapped, AS_OF)
        baskets = await read_baskets(engine, mapped, found)
        inspected = await inspect_shop(engine, mapped, AS_OF)
        assert_right(found, baskets, platform, shop)
        await assert_names_are_right(engine, mapped, platform, shop)
        await assert_written_anew_it_reads_the_same(engine, mapped, platform, shop)
    assert inspected.seen is not None, inspected
    mapping = inspected.seen.mapping
    assert mapping.variant == platform.variant
    assert set(mapping.lacking) == platform.lacking
    judged = judge(inspected.seen, judging.judge_ours(None), AS_OF, HORIZONS)
    assert_the_check_is_content(readiness_in_words(judged).findings, platform)


def assert_right(
    found: ShopColumns, baskets: Baskets | None, platform: Platform, shop: ShopEvents
) -> None:
    """Nobody is invented or lost, and each has their orders, at their times, for their money."""
    wanted = {platform.id_of(one.person): one for one in expected(shop, platform.holds)}
    assert set(map(str, found.customer_ids)) == wanted.keys()
    assert baskets is not None
    late = timedelta(0) if platform.zone_is_known else timedelta(hours=9)
    for place, identity in enumerate(map(str, found.customer_ids)):
        theirs = wanted[identity]
        mine = found.customer_index == place
        read = dict(zip(found.created_at[mine].tolist(), found.amount_micros[mine], strict=True))
        brought = {at - late: int(sum_ * MICROS) for at, sum_ in theirs.brought.items()}
        assert read == brought, (theirs.person, shop.orders_of(theirs.person))
        assert np.nan_to_num(baskets.lines[place]) == len(brought), theirs.person
        assert np.nan_to_num(baskets.orders[place]) == len(brought), theirs.person
        assert not brought or baskets.units[place] == 2 * len(brought), theirs.person
    # Rows of refunds, older versions and the like are no orders.
    assert found.rejected.keys() <= ORDINARY_REASONS


async def assert_names_are_right(
    engine: Any, mapped: Shop, platform: Platform, shop: ShopEvents
) -> None:
    """E-mails and names are those that people have, but for who was erased."""
    people = [one.person for one in expected(shop, platform.holds) if one.person != shop.erased]
    ids = {CustomerId(platform.id_of(person)): person for person in people}
    async with snapshot(engine) as connection:
        found = await get_customers(connection, mapped, list(ids))
    assert found.keys() == ids.keys()
    for identity, customer in found.items():
        person = ids[identity]
        assert str(customer.email).lower() == person.email
        if not person.guest:
            assert (customer.first_name, customer.last_name) == (
                person.first_name,
                person.last_name,
            )


async def assert_written_anew_it_reads_the_same(
    engine: Any, mapped: Shop, platform: Platform, shop: ShopEvents
) -> None:
    """A preset's queries in somebody's own mapping file pass the guard, and give the same."""
    ours = frozenset(mapped.mapping.statuses_stored.values())  # no file can hold these
    theirs = Shop(mapped.mapping.model_copy(update={"preset_queries": ours}))
    found = await read_shop(engine, theirs, AS_OF)
    baskets = await read_baskets(engine, theirs, found)
    assert_right(found, baskets, platform, shop)


def assert_the_check_is_content(findings: Any, platform: Platform) -> None:
    """Of what the platform's own tables hold by nature, nothing is a fault."""
    found = {one.code: one.sentence for one in findings if one.level != "ok"}
    found.pop("shop_is_writable")  # the tests' user owns the tables
    found.pop("shop_user_may_more")
    # Invented customers order at any hour, within two years; the fixtures have few indexes.
    allowed = {"time_zone", "few_buyers", "short_history_for_value", "missing_indexes"}
    # Among what happens on a platform are orders that are free, and of people erased since.
    allowed |= {Reason.NOT_POSITIVE, Reason.UNKNOWN_CUSTOMER}
    if platform.zone_is_known:
        allowed.add("unheard")  # a zone was asked for, to show that it changes nothing
    assert found.keys() <= allowed | platform.findings, found
    assert any(one.code == "preset" for one in findings)


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_has_a_database_that_it_is_tried_on(name: str) -> None:
    assert name in {platform.preset for platform in all_platforms.PLATFORMS.values()}


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_says_what_it_rests_on(name: str) -> None:
    about = tomllib.loads((PRESET_FOLDER / f"{name}.toml").read_text())["about"]
    assert set(about) == {"platform", "versions", "database", "source", "facts", "unverified"}
    assert all(isinstance(fact, str) for fact in [*about["facts"], *about["unverified"]])


def test_the_documentation_lists_every_preset() -> None:
    page = (ROOT / "docs" / "presets.md").read_text()
    for name in preset_names():
        (row,) = re.findall(rf"(?m)^\| `{name}` \|(?:[^|\n]+\|){{5}} ([^|\n]+) \|$", page)
        facts = tomllib.loads((PRESET_FOLDER / f"{name}.toml").read_text())["about"]
        for fact in [*facts["facts"], *facts["unverified"]]:
            assert fact in page, (name, fact)
        assert (row == "nothing") == (not facts["unverified"])


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_gives_every_table_another_name(name: str) -> None:
    """Only a table that is given one is read in one collation, and may have stand-ins."""
    written = (PRESET_FOLDER / f"{name}.toml").read_text()
    named: list[str] = re.findall(r"(?<!\.)\{[A-Za-z]\w+(?: \w+)*\}.{0,4}", written, re.DOTALL)
    assert all(re.fullmatch(r"\{[\w ]+\} AS ", one) for one in named), named


def test_what_happened_holds_every_story_several_times() -> None:
    for name, platform in all_platforms.PLATFORMS.items():
        told = Counter(order.story for order in happened(platform.holds).orders)
        assert min(told[story] for story in platform.holds.stories) >= 5, name
