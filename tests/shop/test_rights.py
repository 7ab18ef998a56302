"""What the user that reads the shop may do besides: rights are the fence, so check names them."""

from backend.database.engine import opened, snapshot
from backend.shop.rights import powers
from tests.conftest import NewDatabase, execute, read_only_url
from tests.databases import reader_of


async def powers_of(url: str) -> list[str]:
    async with opened(url) as engine, snapshot(engine) as connection:
        return await powers(connection)


async def test_a_role_of_postgresql_that_may_do_more_is_named(new_postgres: NewDatabase) -> None:
    url = new_postgres()
    reader = await read_only_url(url)
    role = reader_of(url.rpartition("/")[2].partition("?")[0])
    assert await powers_of(reader) == []
    await execute(url, f"ALTER ROLE {role} CREATEDB", f"GRANT pg_read_server_files TO {role}")
    assert await powers_of(reader) == [
        "may create databases",
        "may read the server's files (pg_read_server_files)",
    ]
    assert await powers_of(url) == ["is a superuser"]


async def test_a_user_of_mysql_that_may_do_more_is_named(new_mysql: NewDatabase) -> None:
    url = new_mysql()
    reader = await read_only_url(url)
    user = reader_of(url.rpartition("/")[2].partition("?")[0])
    assert await powers_of(reader) == []
    await execute(url, f"GRANT FILE, PROCESS ON *.* TO {user}")
    assert await powers_of(reader) == ["may FILE", "may PROCESS"]
