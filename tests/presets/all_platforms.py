"""All platforms' databases, by name."""

from collections.abc import Iterable
from typing import Any

import pytest

from tests.presets.platform import Platform
from tests.presets.writers import (
    bagisto,
    erpnext,
    magento,
    medusa,
    odoo,
    opencart,
    prestashop,
    saleor,
    shopify,
    shopware,
    shopware5,
    spree,
    sylius,
    vendure,
    woocommerce,
)

PLATFORMS: dict[str, Platform] = {
    **woocommerce.PLATFORMS,
    **magento.PLATFORMS,
    **bagisto.PLATFORMS,
    **opencart.PLATFORMS,
    **prestashop.PLATFORMS,
    **shopware.PLATFORMS,
    **shopware5.PLATFORMS,
    **sylius.PLATFORMS,
    **medusa.PLATFORMS,
    **vendure.PLATFORMS,
    **saleor.PLATFORMS,
    **spree.PLATFORMS,
    **odoo.PLATFORMS,
    **erpnext.PLATFORMS,
    **shopify.PLATFORMS,
}
# Variants of a kind of which another one is shown each time.
LONG = frozenset(
    {
        "magento1, one of two base currencies",
        "magento2, one of two base currencies",
        "prestashop, one of two shops' currencies",
        "erpnext, one of two companies' currencies",
        "shopware6 before captures",
        "sylius without the refund plugin",
        "spree6",
        "thirty bees",
        "odoo17, till alone",
        "erpnext without a till",
        "vendure on MySQL",
        "shopify_fivetran, few tables",
    }
)
# One on each server, for what all platforms show alike.
ONE_OF_EACH = frozenset({"woocommerce_hpos", "saleor"})


def alike(names: Iterable[str]) -> list[Any]:
    """Return platforms as parameters, of which `make test` takes one on each server."""
    return [
        pytest.param(name, marks=[] if name in ONE_OF_EACH else [pytest.mark.long])
        for name in names
    ]
