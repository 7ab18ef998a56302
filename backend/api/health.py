"""Is the service there, and its databases?"""

from fastapi import APIRouter

from backend import __version__
from backend.api.examples import problems
from backend.api.keys import State
from backend.api.schemas import Health
from backend.database.engine import ping

router = APIRouter(tags=["health"])


@router.get("/health", responses=problems(503))
async def health(state: State) -> Health:
    """Ask the databases, and say whether they answer. Needs no key."""
    await ping(state.engine)
    await ping(state.shop_engine, "shop")
    return Health(status="healthy", database="connected", version=__version__)
