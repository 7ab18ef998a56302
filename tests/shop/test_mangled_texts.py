"""Names in another encoding than their database takes them to be in."""

import pytest

from backend.core.customer_id import CustomerId
from backend.database.engine import opened, snapshot
from backend.shop.customers import get_customers
from backend.shop.inspection_of_texts import is_mistaken
from backend.shop.mapping.layers import load_mapping
from backend.shop.search import search_customers
from backend.shop.shop import Shop as MappedShop
from tests.conftest import NewDatabase, execute
from tests.shops import VARIABLES, fill, invented


@pytest.mark.parametrize("name", ["Müller", "Łukasz", "Мария", "Ελένη", "José", "Zoë 🙂", "שרה"])
@pytest.mark.parametrize("codec", ["cp1252", "cp1251", "cp1250"])
def test_utf8_that_was_read_as_another_encoding_is_told(name: str, codec: str) -> None:
    try:
        read_as = name.encode().decode(codec)
    except UnicodeDecodeError:  # a byte that the encoding has no sign for: it is kept as it is
        read_as = "".join(_sign(byte, codec) for byte in name.encode())
    assert is_mistaken(read_as)
    assert not is_mistaken(name)


def _sign(byte: int, codec: str) -> str:
    try:
        return bytes([byte]).decode(codec)
    except UnicodeDecodeError:
        return chr(byte)


@pytest.mark.parametrize("name", ["", "Anna", "Ä", "Ö.", "Ngô Đình", "Søren", "Вєра", "Ånna Ãvila"])
def test_names_as_people_write_them_are_no_mistake(name: str) -> None:
    assert not is_mistaken(name)


async def test_a_text_of_sqlite_that_is_no_utf8_is_shown_and_found(new_sqlite: NewDatabase) -> None:
    url, here = new_sqlite(), MappedShop(load_mapping(VARIABLES))
    await fill(url, invented(5))
    await execute(
        url, "UPDATE customers SET first_name = CAST(x'4dfc6c6c6572' AS TEXT) WHERE id = 3"
    )
    async with opened(url) as engine, snapshot(engine) as connection:
        found = await get_customers(connection, here, [CustomerId("3")])
        searched = await search_customers(connection, here, "ller", 10)
    assert [one.first_name for one in found.values()] == ["M\N{REPLACEMENT CHARACTER}ller"]
    assert searched == list(found.values())
