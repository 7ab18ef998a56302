"""Events about orders, and what is answered."""

from pydantic import ConfigDict, Field

from backend.api.events import example
from backend.api.fields import IdSent
from backend.api.order_senders import LONGEST_EVENT_ID
from backend.api.schema_root import Schema

MOST_CUSTOMERS = 1_000


class OrdersChanged(Schema):
    """Customers whose orders are others than they were."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": example.EVENT})

    event_id: str = Field(
        min_length=1,
        max_length=LONGEST_EVENT_ID,
        pattern=r"^[^\x00]+$",
        description="The sender's own: what comes again within a week changes nothing",
    )
    customer_ids: list[IdSent] = Field(
        min_length=1, max_length=MOST_CUSTOMERS, description="Whose, texts or integers"
    )


class EventAccepted(Schema):
    """What becomes of an event."""

    model_config = ConfigDict(json_schema_extra={"example": example.ACCEPTED})

    repeated: bool = Field(description="Whether it was known already, so that nothing is done")
    customers: int = Field(description="Who is scored within seconds")
    unknown: int = Field(description="Whom the shop does not have, or who are erased")
    guests: int = Field(description="Orders of nobody who is a customer")


class PlatformCustomer(Schema):
    """Who placed an order, as a platform names them."""

    model_config = ConfigDict(extra="ignore")

    id: IdSent


class ShopifyOrder(Schema):
    """What is looked at of Shopify's order, or of a refund, which names its order."""

    model_config = ConfigDict(extra="ignore")

    id: IdSent
    order_id: IdSent | None = None
    customer: PlatformCustomer | None = None


class WooCommerceOrder(Schema):
    """What is looked at of WooCommerce's order; a guest's has no customer."""

    model_config = ConfigDict(extra="ignore")

    id: IdSent
    customer_id: IdSent | None = None
