"""Settings: what one process is told. This is the only reader of the environment."""

import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Self

from pydantic import (
    SecretStr,
    ValidationError,
)
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
)

from backend.core.checked_variables import CheckedVariables
from backend.core.misspelt import misspelt
from backend.core.variable_problems import first_problem
from backend.core.warehouse_urls import is_warehouse, ours_beside, scheme_of
from backend.core.written_lists import split, split_at_commas

# What describes the shop's tables, and no more: a mapping is made of these.
SHOP_VARIABLES = (
    "customers_table",
    "orders_table",
    "line_items_table",
    "customers_columns",
    "orders_columns",
    "line_items_columns",
    "counted_statuses",
    "cancelled_statuses",
    "refunded_statuses",
    "customers_filter",
    "orders_filter",
    "line_items_filter",
    "table_schema",
    "table_prefix",
    "money_scale",
    "currency",
    "currency_rate",
    "shop_time_zone",
    "merge_guests",
    "shop_preset",
    "shop_mapping",
    "mapping_functions",
)

KINDS = {"postgres": "postgresql", "mariadb": "mysql", "files": "duckdb"}


class Settings(CheckedVariables):
    """All configuration of one process, validated once at start.

    Raises
    ------
    InvalidConfiguration
        From `load`: a variable is missing, empty or wrong.
    """

    @classmethod
    def load(cls, **values: Any) -> Self:
        """Read the environment and `.env`; `values` override both.

        Raises
        ------
        InvalidConfiguration
            Names the first variable that is missing, empty or wrong, and what is expected.
        """
        try:
            return cls(**values)
        except ValidationError as error:
            raise first_problem(cls.model_fields, error, cls.misspelt()) from None

    @classmethod
    def misspelt(cls) -> Mapping[str, str]:
        """Return variables that are set and nearly ours, and which of ours each is nearly."""
        given = {*EnvSettingsSource(cls).env_vars, *DotEnvSettingsSource(cls).env_vars}
        return misspelt(given, [name.upper() for name in cls.model_fields])

    @cached_property
    def api_keys(self) -> tuple[str, ...]:
        """Keys that open the plain routes."""
        return split(self.api_key)

    @cached_property
    def admin_api_keys(self) -> tuple[str, ...]:
        """Keys that open the admin routes."""
        return split(self.admin_api_key or self.api_key)

    @cached_property
    def masked_api_keys(self) -> tuple[str, ...]:
        """Keys that open the plain routes and are shown nobody's e-mail or name."""
        return () if self.api_key_masked is None else split(self.api_key_masked)

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """What keys of our own are derived from: the first makes new marks, all recognise."""
        own = () if self.secret_key is None else split(self.secret_key)
        return (*own, *self.admin_api_keys)

    @property
    def agent_hosts(self) -> tuple[str, ...]:
        """Names by which agents reach the service, besides this machine's own."""
        return split_at_commas(self.mcp_allowed_hosts or "")

    @property
    def digest_recipients(self) -> tuple[str, ...]:
        """Who is mailed what changed; nobody where the digest is off."""
        return split_at_commas(self.digest_to or "")

    @property
    def origins(self) -> tuple[str, ...]:
        """Origins whose pages may call the API."""
        return split_at_commas(self.allowed_origins or "")

    @property
    def shop_database(self) -> str:
        """The kind of the shop's database: postgresql, mysql, sqlite or duckdb."""
        scheme = scheme_of(self.shop_url)
        return KINDS.get(scheme, scheme)

    @property
    def shop_url(self) -> str:
        """URL of the shop's database."""
        return self._address(self.database_url)

    @property
    def intelligence_url(self) -> str:
        """URL of the database that holds our own tables."""
        if self.intelligence_database_url is None and is_warehouse(self.shop_url):
            return ours_beside(self.shop_url)
        return self._address(self.intelligence_database_url or self.database_url)

    @property
    def database_urls(self) -> dict[str, str]:
        """URLs of databases, by the variable that holds them."""
        urls = {"DATABASE_URL": self.shop_url}
        if self.intelligence_database_url is not None:
            urls["INTELLIGENCE_DATABASE_URL"] = self.intelligence_url
        return urls

    def _address(self, url: SecretStr) -> str:
        """Add what providers print of a pooler in front, so that whoever connects knows."""
        address = url.get_secret_value()
        if self.database_pooler is None or not address.startswith("postgres"):
            return address
        return f"{address}{'&' if '?' in address.rpartition('@')[2] else '?'}pgbouncer=true"

    def shop_variables(self) -> dict[str, str]:
        """Return the variables that describe the shop's tables, by name, without the unset ones."""
        values = {name: getattr(self, name) for name in SHOP_VARIABLES}
        return {name.upper(): value for name, value in values.items() if value is not None}


class IsolatedSettings(Settings):
    """Settings given as arguments alone: neither the environment nor `.env` has a say."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Keep the arguments, drop every other source."""
        return (init_settings,)


def environment_of_others() -> dict[str, str]:
    """Return this process's variables but ours: what a child inherits, others may read."""
    ours = Settings.model_fields
    inherited = os.environ.items()  # noqa: TID251, read here like all the rest
    return {name: value for name, value in inherited if name.lower() not in ours}
