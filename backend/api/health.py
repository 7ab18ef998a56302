"""Is the service there, and its databases?"""

from typing import Literal

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from backend import API_VERSION
from backend.api.problem_answers import problems
from backend.api.schema_root import Schema
from backend.api.state import State
from backend.database.engine import ping


class Health(Schema):
    """Whether the service can work."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"status": "healthy", "database": "connected", "version": "10.0"}
        }
    )

    status: Literal["healthy"] = Field(description="A service that cannot work answers 503")
    database: Literal["connected"] = Field(description="The shop's and ours answer")
    version: str = Field(description="Of the API")


router = APIRouter(tags=["health"])


@router.get("/health", responses=problems(503))
async def health(state: State) -> Health:
    """Ask the databases, and say whether they answer. Needs no key."""
    await ping(state.health_engine)
    await ping(state.health_shop_engine, "shop")
    return Health(status="healthy", database="connected", version=API_VERSION)
