"""All that is held about one customer, for who asks what that is."""

from datetime import datetime
from functools import partial

from pydantic import ConfigDict, Field

from backend.api.audited import Auditor
from backend.api.customers import example
from backend.api.customers.schema import Person, person_of
from backend.api.schema_root import Schema
from backend.api.state import ApiState
from backend.core.customer_id import CustomerId
from backend.core.errors import CustomerNotFound
from backend.core.glossary import Action
from backend.database.engine import AsyncConnection
from backend.results.held_row import HeldRow
from backend.shop.accounts import accounts_of
from backend.shop.asking import asked
from backend.shop.customers import get_customer
from backend.store.held import read_held
from backend.store.patience import changed
from backend.store.tombstones import erased_among


class CustomerExport(Schema):
    """All that is held about one customer."""

    model_config = ConfigDict(json_schema_extra={"example": example.EXPORT})

    customer_id: str = Field(description="The shop's id that was asked for, as text")
    exported_at: datetime = Field(description="When this was put together")
    accounts: list[str] = Field(
        description="Ids of all accounts in the shop that are this customer; empty for whom the "
        "shop has not"
    )
    erased_at: datetime | None = Field(
        description="Since when a tombstone stands; null where none does. It holds this date and "
        "an HMAC of the id"
    )
    person: Person | None = Field(
        description="What the shop's tables say, read for this answer and kept nowhere; null for "
        "who is erased, or whom the shop has not"
    )
    held: list[HeldRow] = Field(description="Every row of ours, each value with its meaning")


async def exported(state: ApiState, auditor: Auditor, customer_id: CustomerId) -> CustomerExport:
    """Put together all that is held about a customer, and record that it was asked for.

    Raises
    ------
    CustomerNotFound
        When neither the shop nor we know them, and no tombstone stands.
    """
    find = partial(get_customer, shop=state.shop, customer_id=customer_id)
    customer = await asked(state.shop_engine, state.shop, find)
    find_all = partial(accounts_of, shop=state.shop, customer_id=customer_id)
    accounts = await asked(state.shop_engine, state.shop, find_all)
    ids = accounts or [customer_id]

    async def read(connection: AsyncConnection) -> tuple[dict[CustomerId, datetime], list[HeldRow]]:
        erased = await erased_among(connection, state.own_keys.tombstones, ids)
        held = await read_held(connection, ids)
        if not (accounts or erased or held):
            raise CustomerNotFound(str(customer_id))
        await auditor.record(connection, Action.CUSTOMER_EXPORTED)
        return erased, held

    erased, held = await changed(state.engine, read)
    return CustomerExport(
        customer_id=str(customer_id),
        exported_at=state.now(),
        accounts=[] if erased else [str(one) for one in accounts],
        erased_at=min(erased.values(), default=None),
        person=None if customer is None or erased else person_of(customer),
        held=held,
    )
