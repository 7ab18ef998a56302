"""Erase a customer: a tombstone, then every row and every cached number of ours."""

from functools import partial

from backend import store
from backend.api.audited import Auditor
from backend.api.customers.profiles import cache_key
from backend.api.state import ApiState
from backend.core.customer_id import CustomerId
from backend.core.errors import CustomerNotFound
from backend.core.glossary import Action
from backend.database.database_clock import read_clock
from backend.database.engine import AsyncConnection
from backend.shop.accounts import accounts_of
from backend.shop.asking import asked
from backend.store.beside import drop_left_beside
from backend.store.departures import tell_erased
from backend.store.patience import changed
from backend.store.tombstones import bury, erased_among, raise_up


async def erase(
    state: ApiState, auditor: Auditor, customer_id: CustomerId, *, forget: bool
) -> None:
    """Erase a customer with all their accounts.

    Parameters
    ----------
    state
        Of the process.
    auditor
        Told who did it; not of whom.
    customer_id
        Of any of the accounts.
    forget
        Whether no tombstone is to stand, so that the next run knows the customer again.

    Raises
    ------
    CustomerNotFound
        When neither the shop nor we know them, or they are erased already.
    """
    find = partial(accounts_of, shop=state.shop, customer_id=customer_id)
    in_shop = await asked(state.shop_engine, state.shop, find)
    ids, marker = in_shop or [customer_id], state.own_keys.tombstones

    async def tell(connection: AsyncConnection) -> bool:
        """Set the tombstones; return whether rows are left."""
        now = await read_clock(connection)
        erased = await erased_among(connection, marker, ids)
        held = await store.holds_any(connection, ids)
        if not held and (not in_shop or erased) and not (erased and forget):
            raise CustomerNotFound(str(customer_id))
        if forget:
            await raise_up(connection, marker, ids)
        else:
            await bury(connection, marker, ids, now)
        if left := held or not erased:
            await tell_erased(connection, ids, now)
        action = Action.CUSTOMER_FORGOTTEN if forget else Action.CUSTOMER_ERASED
        await auditor.record(connection, action)
        return left

    left = await changed(state.engine, tell)
    state.forget_what_is_served()
    if left:
        await drop_left_beside(state.engine)
        await changed(state.engine, partial(store.erase_rows, customer_ids=ids))
    for one in ids:
        await state.cache.delete(cache_key(state, one))
