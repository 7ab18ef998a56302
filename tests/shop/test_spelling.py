# ruff: noqa: RUF001  (other letters that look alike are what this is about)
"""Texts that are the same whatever their case: one rule, and one pattern for every database."""

import random
import re
import unicodedata
from collections.abc import Sequence

import pytest

from backend.core.customer_id import CustomerId
from backend.database.engine import AsyncEngine, opened
from backend.shop.search import search_customers
from backend.shop.spelling import begins, contains, equals, folded
from tests.conftest import NewDatabase, execute
from tests.shop.loose_shop import loose_shop

SAME = [
    ("Weiß", "WEISS"),
    ("Straßer", "strasser"),
    ("STRAẞE", "straße"),
    ("Οδυσσεύς", "ΟΔΥΣΣΕΎΣ"),
    ("İpek", "ipek"),
    ("IŞIK", "ışık"),
    ("ǅamonja", "ǆAMONJA"),
    ("Zoe\u0308", "ZOË"),
    ("E\u0302\u0301n", "\u1ebfn"),
    ("Łódź", "łÓDŹ"),
    ("\u212aelvin", "kelvin"),
    ("oﬃce", "OFFICE"),
    ("Привет", "ПРИВЕТ"),
    ("\u1112\u1161\u11ab", "\ud55c"),
    ("東京", "東京"),
    ("a\u00a0 b", "A B"),
    ("😀 fan", "😀 FAN"),
]
APART = [
    ("é", "e"),
    ("ł", "l"),
    ("ö", "oe"),
    ("σ", "o"),
    ("東", "京"),
    ("a", "\u0430"),
    ("😀", "😁"),
]
SIGNS = [*".^$*+?()[]{}|-#&~/%_'", "a.c", "(?i)a", "***=a", "\\", '"']


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_text_find_each_other(one: str, other: str) -> None:
    assert folded(one) == folded(other)
    for wanted, text in ((one, other), (other, one)):
        assert re.search(str(equals(wanted)), text)
        assert re.search(str(begins(wanted)), f"{text} and more")
        assert re.search(str(contains(wanted)), f"some {text} and more")


@pytest.mark.parametrize(("one", "other"), APART)
def test_other_letters_are_other_texts(one: str, other: str) -> None:
    for wanted, text in ((one, other), (other, one)):
        for spelt in (text, unicodedata.normalize("NFD", text)):
            assert not re.search(str(contains(wanted)), spelt)


@pytest.mark.parametrize("sign", SIGNS)
def test_every_sign_stands_for_itself(sign: str) -> None:
    assert re.search(str(equals(sign)), sign)
    assert not re.search(str(contains(sign)), "abc")


@pytest.mark.parametrize("texts", [4_000, pytest.param(20_000, marks=pytest.mark.long)])
def test_a_pattern_finds_what_the_folded_text_contains(texts: int) -> None:
    """The pattern against the rule that it stands for, on texts by chance."""
    letters = "aeisßSẞ ΣσςİIıǅǆŁłéÉÅ\u212bkK\u212aftT한東😀%_.жЖ"
    chance = random.Random(1)
    for _ in range(texts):
        text = "".join(chance.choices(letters, k=6))
        wanted = "".join(chance.choices(letters, k=chance.randint(1, 3)))
        if wanted.strip() and "sss" not in folded(text):  # which of them are ß is open
            found = re.search(str(contains(wanted)), text) is not None
            assert found is (folded(wanted) in folded(f"|{text}|")), (wanted, text)


def test_blank_is_nothing_to_look_for() -> None:
    assert contains("") is contains(" \u00a0") is None


PEOPLE = [(n, f"{n}@example.com", name, None) for n, (name, _) in enumerate(SAME, start=1)]
LATIN = [(1, "ada@example.com", "Weiß", "Müller"), (2, "zoe@example.com", "ZOË", None)]


async def found(engine: AsyncEngine, shop: object, query: str) -> Sequence[CustomerId]:
    async with engine.connect() as connection:
        people = await search_customers(connection, shop, query, 100)  # type: ignore[arg-type]
    return [person.id for person in people]


async def test_every_database_finds_the_same_names(shop_engine: AsyncEngine) -> None:
    shop = await loose_shop(shop_engine, PEOPLE, [])
    for number, (name, other) in enumerate(SAME, start=1):
        for query in (name, other):
            assert CustomerId(str(number)) in await found(shop_engine, shop, query), query


@pytest.mark.parametrize(
    ("kind", "encoded"),
    [
        ("postgresql", "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"),
        ("mysql", "CHARACTER SET latin1"),
    ],
)
async def test_a_letter_that_the_shop_cannot_hold_finds_nobody(
    kind: str, encoded: str, request: pytest.FixtureRequest
) -> None:
    make: NewDatabase = request.getfixturevalue({"mysql": "new_mysql"}.get(kind, "new_postgres"))
    beside = make()
    name = f"{beside.rpartition('/')[2].partition('?')[0]}_latin"
    await execute(beside, f"CREATE DATABASE {name} {encoded}")
    url = beside.replace(name.removesuffix("_latin"), name)
    try:
        async with opened(url) as engine:
            shop = await loose_shop(engine, LATIN, [])
            for query in ("Ł", "😀", "ı\u0301", "東", "ж", "Weiß\u0142"):
                assert await found(engine, shop, query) == []
            for query in ("weiß", "WEISS", "ß", "müller", "MÜLLER", "mu\u0308ller"):
                assert await found(engine, shop, query) == [CustomerId("1")], query
            assert await found(engine, shop, "zoë") == [CustomerId("2")]
    finally:
        await execute(beside, f"DROP DATABASE {name}")
