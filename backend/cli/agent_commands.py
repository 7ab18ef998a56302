"""Tools for an agent on this machine."""

import asyncio
from contextlib import AsyncExitStack
from typing import Annotated

import typer

from backend.agents.caller import Caller
from backend.api.keys import Role
from backend.api.request_tallies import Requests
from backend.assembly.api_state import api_state
from backend.cli.configuration import checked_settings
from backend.core.late import late
from backend.core.secret_keys import fingerprint
from backend.core.settings import Settings
from backend.shop.mapping.layers import load_mapping


def mcp(
    admin: Annotated[
        bool, typer.Option("--admin", help="Also the tool that starts a run.")
    ] = False,
) -> None:
    """Give an agent on this machine the tools of /api/mcp, by its standard input and output."""
    settings = checked_settings()  # whoever may read them may read the shop: no key is asked for
    asyncio.run(_answer(settings, Role.ADMINISTERS if admin else Role.READS))


async def _answer(settings: Settings, role: Role) -> None:
    mapping = load_mapping(settings.shop_variables(), settings.shop_database)
    async with AsyncExitStack() as stack:
        state = await api_state(settings, mapping, Requests(), stack)
        caller = Caller(
            state=state,
            role=role,
            key=fingerprint(state.own_keys.fingerprints, settings.secrets[0]),
            shows_people=settings.mcp_personal_data,
        )
        await late("backend.agents.protocol").over_stdio(caller)
