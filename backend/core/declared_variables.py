"""One field per environment variable, and what it may hold.

Each field carries what the documentation and the error messages need: its meaning, what is
expected of it, and whether its value is a secret that no message may repeat.
"""

from typing import Annotated

from pydantic import BeforeValidator, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from backend.core.api_keys import HOW_TO_MAKE_ONE
from backend.core.database_schemes import URL_OF_OURS_EXPECTED, URL_OF_SHOP_EXPECTED
from backend.core.instants import WrittenInstant
from backend.core.variables import (
    Optional,
    OptionalSecret,
    briefly,
    days,
    flag,
    none_if_empty,
    seconds,
    variable,
    whole_seconds,
)

KEYS_EXPECTED = f"one key, or several separated by commas; {HOW_TO_MAKE_ONE} makes one"
SAFE_URL = r"^(https://|http://(127\.0\.0\.1|localhost|\[::1\])([:/]|$))[^\s?#]*$"
# Who reaches a scheduler runs what they like: certificates on both sides, or nobody from outside.
SAFE_SCHEDULER = r"^(tls://[^\s/]+|tcp://(127\.0\.0\.1|localhost|\[::1\])):[0-9]{1,5}$"


class DeclaredVariables(BaseSettings):
    """The variables, one by one."""

    # Editors on Windows put a mark before the first name, which is no part of it: hence -sig.
    # What checks the variables is built for the class that is loaded, not for those it is made of.
    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8-sig", extra="ignore", defer_build=True
    )

    database_url: SecretStr = variable(
        "Where the shop's customers, orders and order lines are", URL_OF_SHOP_EXPECTED, secret=True
    )
    api_key: SecretStr = variable(
        "Key, or several separated by commas, that opens the API", KEYS_EXPECTED, secret=True
    )
    admin_api_key: OptionalSecret = variable(
        "Key, or several, that opens the admin routes; unset: API_KEY opens them too",
        KEYS_EXPECTED,
        None,
        secret=True,
    )
    api_key_masked: OptionalSecret = variable(
        "Key, or several, that reads numbers but neither e-mails nor names",
        KEYS_EXPECTED,
        None,
        secret=True,
    )
    secret_key: OptionalSecret = variable(
        "What keys of our own are derived from, the same on all replicas; unset: the admin key",
        "one secret, or several separated by commas, the new one first",
        None,
        secret=True,
    )
    metrics_key: OptionalSecret = variable(
        "Key that opens /metrics; unset: this machine and ADMIN_API_KEY do",
        f"one key; {HOW_TO_MAKE_ONE} makes one",
        None,
        secret=True,
    )
    prometheus_multiproc_dir: Optional = variable(
        "Folder in which several processes count together; `serve --workers` makes one",
        "the path of an empty folder, in the environment",
        None,
    )
    intelligence_database_url: OptionalSecret = variable(
        "Where our own tables live; unset: DATABASE_URL, and beside what can only be read",
        URL_OF_OURS_EXPECTED,
        None,
        secret=True,
    )
    database_pool_size: int = variable(
        "Connections that requests may have to each database, per process",
        "a whole number from 1 to 100",
        5,
        ge=1,
        le=100,
    )
    database_pooler: Optional = variable(
        "A pooler that gives each transaction another session is in front; unset: seen by itself",
        "transaction",
        None,
        pattern="^transaction$",
    )
    api_statement_seconds: float = seconds("How long a request may wait for a database", 5)
    health_statement_seconds: float = seconds("How long a look at health may wait for one", 2)
    run_statement_seconds: float = seconds("How long a statement of a run may take", 0)
    export_seconds: int = whole_seconds(
        "How long a list may take as a file; then it ends visibly", 300, most=86_400
    )
    heavy_reads: int = variable(
        "Files of lists, batches and searches at once, per process; beyond that 429",
        "a whole number from 1 to 100",
        2,
        ge=1,
        le=100,
    )
    auto_migrate: bool = flag("Create and update our own tables at start", True)
    run_worker: bool = flag("Run clustering in the web process when no worker is separate", True)
    search_index: bool = flag("Copy e-mails and names, so that any part is found quickly", False)

    run_seconds: int = whole_seconds(
        "How long a run may take before it is ended", 21_600, most=604_800
    )
    queued_seconds: int = whole_seconds(
        "How long a run may be queued before it is failed", 3_600, most=604_800
    )

    run_processes: Annotated[int | None, BeforeValidator(none_if_empty)] = variable(
        "What a run does at once: fits in threads, forecasts of a large shop in processes; unset: "
        "a processor each, 2 at most",
        "a whole number from 1 to 64",
        None,
        ge=1,
        le=64,
    )
    fit_customers: int = variable(
        "Customers that are learnt from at most; with more, a sample of so many",
        "a whole number from 1000 to 1000000000",
        1_000_000,
        ge=1_000,
        le=1_000_000_000,
    )
    dask_scheduler_address: Optional = variable(
        "Dask scheduler over whose workers runs are spread; unset: runs are done on one machine",
        "tls://host:port, or tcp://127.0.0.1:port on this machine alone",
        None,
        pattern=SAFE_SCHEDULER,
    )

    prediction_horizon_days: int = days(
        "How far ahead predicted_orders and predicted_value look", 365
    )
    churn_horizon_days: int = days("How far ahead churn_risk looks", 180)
    run_as_of: Annotated[WrittenInstant | None, BeforeValidator(none_if_empty)] = variable(
        "The instant that runs describe unless asked for another, for a past shop; unset: now",
        "a date or an instant, such as 2011-12-10 or 2011-12-10T00:00:00+01:00",
        None,
    )
    history_retention_days: int = days("How long runs and segment moves are kept", 730)
    enable_dynamic_k_range: bool = flag("Bound the number of segments by the data", True)
    clustering_robust_scaling: bool = flag(
        "Winsorised robust scaling (true) or plain standardising (false)", True
    )

    wrong_keys_per_minute: int = variable(
        "Wrong keys from one address before the next ones get 429; right ones always pass",
        "a whole number from 1 to 100000",
        30,
        ge=1,
        le=100_000,
    )
    rate_limit_per_minute: Annotated[int | None, BeforeValidator(none_if_empty)] = variable(
        "Requests that each key may send; unset: any number",
        "a whole number from 1 to 1000000",
        None,
        ge=1,
        le=1_000_000,
    )
    allowed_origins: Optional = variable(
        "Origins of pages whose scripts may call the API; unset: none",
        "origins separated by commas, such as https://shop.example.com, or *",
        None,
    )
    shutdown_seconds: int = variable(
        "How long answers may take to end when the service is to stop",
        "a whole number of seconds from 1 to 600",
        8,
        ge=1,
        le=600,
    )
    serve_docs: bool = flag("Serve /docs, /redoc and /openapi.json", True)
    web: bool = flag("Serve pages for people at /app, which are signed in to with a key", True)

    webhooks_allow_private: bool = flag(
        "Deliver webhooks to private addresses and by http too", False
    )

    shopify_webhook_secret: OptionalSecret = variable(
        "Secret that Shopify signs its webhooks about orders with; unset: they need an admin key",
        "the app's client secret",
        None,
        secret=True,
    )
    woocommerce_webhook_secret: OptionalSecret = variable(
        "Secret that WooCommerce signs its webhooks with; unset: they need an admin key",
        "the webhook's secret",
        None,
        secret=True,
    )

    public_url: Optional = variable(
        "Address by which people reach the service, for links in mails; unset: mails have none",
        "a URL such as https://intelligence.shop.example.com, https but on this machine",
        None,
        pattern=SAFE_URL,
    )

    digest_to: Optional = variable(
        "Who is mailed what changed, after each run that is published; unset: nobody",
        "e-mail addresses separated by commas, such as ada@example.org",
        None,
    )
    digest_from: Optional = variable(
        "Who the digest is from; unset: the first of DIGEST_TO",
        "one e-mail address, such as intelligence@example.org",
        None,
    )
    digest_people: bool = flag("Name customers in the digest", False)
    digest_report: bool = flag("Attach the run's report to the digest, as one page", False)
    smtp_url: OptionalSecret = variable(
        "Mail server that the digest is handed to",
        "smtps://user:password@host, smtp+starttls://… or, without a password, smtp://…",
        None,
        secret=True,
    )

    mcp: bool = flag("Serve tools for agents at /api/mcp", True)
    mcp_allowed_hosts: Optional = variable(
        "Names by which agents reach the service, besides this machine's own; unset: none",
        "hosts separated by commas, such as shop.example.com or shop.example.com:8000",
        None,
    )
    mcp_personal_data: bool = flag("Show agents e-mails and names", False)
    mcp_oauth_issuer: Optional = variable(
        "OAuth issuer whose tokens open /api/mcp beside keys; unset: keys alone",
        "a URL, https but on this machine, with MCP_RESOURCE_URL beside it",
        None,
        pattern=SAFE_URL,
    )
    mcp_resource_url: Optional = variable(
        "Address of /api/mcp as agents know it, which tokens must be for",
        "a URL such as https://shop.example.com/api/mcp, needed beside MCP_OAUTH_ISSUER",
        None,
        pattern=SAFE_URL,
        validate_default=True,
    )

    redis_url: OptionalSecret = variable(
        "Cache for customers' numbers and segments; unset: no cache",
        "redis://host:6379/0, rediss://… or unix://…",
        None,
        secret=True,
    )
    served_run_seconds: float = briefly(
        "How old what a process knows of the served run may be; 0: it asks each time", 2
    )
    answer_seconds: float = briefly(
        "How long a process may repeat an answer by itself; 0: never", 5
    )
    cache_ttl_seconds: int = variable(
        "How long a cached answer may be served",
        "a whole number of seconds from 1 to 86400",
        300,
        ge=1,
        le=86_400,
    )
    anthropic_api_key: OptionalSecret = variable(
        "Lets a language model word segment names and descriptions; unset: rules do",
        "a key of the Anthropic API",
        None,
        secret=True,
    )
    anthropic_model: str = variable(
        "The language model that words segments", "a model's id", "claude-haiku-5-5", min_length=1
    )
    anthropic_base_url: Optional = variable(
        "Another address of the Anthropic API, such as a gateway's", "https://…", None
    )

    shop_preset: Optional = variable(
        "The shop's platform: its tables are known (docs/presets.md)", "a preset's name", None
    )
    shop_mapping: Optional = variable(
        "A TOML file that maps the shop's tables", "the path of a TOML file", None
    )
    mapping_functions: Optional = variable(
        "Functions that a mapping's SQL may use beyond those that are known to only read",
        "names separated by commas",
        None,
    )
    customers_table: Optional = variable(
        "The shop's customers; unset: ecommerce.customers, else customers",
        "table or schema.table",
        None,
    )
    orders_table: Optional = variable(
        "The shop's orders; unset: ecommerce.orders, else orders", "table or schema.table", None
    )
    line_items_table: Optional = variable(
        "The shop's order lines; unset: ecommerce.order_line_items, else order_line_items",
        "table or schema.table",
        None,
    )
    customers_columns: Optional = variable(
        "Our column names for customers = the shop's", "ours=theirs, separated by commas", None
    )
    orders_columns: Optional = variable(
        "Our column names for orders = the shop's", "ours=theirs, separated by commas", None
    )
    line_items_columns: Optional = variable(
        "Our column names for order lines = the shop's", "ours=theirs, separated by commas", None
    )
    counted_statuses: Optional = variable(
        "Values of financial_status that count as an order", "values separated by commas", None
    )
    cancelled_statuses: Optional = variable(
        "Values that mean cancelled", "values separated by commas", None
    )
    refunded_statuses: Optional = variable(
        "Values that mean refunded in full", "values separated by commas", None
    )

    customers_filter: Optional = variable(
        "Only these customers", "a condition in SQL, such as deleted = 0", None
    )
    orders_filter: Optional = variable(
        "Only these orders, such as without carts", "a condition in SQL", None
    )
    line_items_filter: Optional = variable("Only these order lines", "a condition in SQL", None)
    table_schema: Optional = variable(
        "Schema of tables that are named without one", "an identifier", None
    )
    table_prefix: Optional = variable(
        "What the shop's table names begin with", "an identifier, such as wp_", None
    )
    money_scale: Optional = variable(
        "What amounts are divided by, 100 for cents", "a whole number from 1 to 1000000", None
    )
    currency: Optional = variable("Only orders in this currency count", "a code such as EUR", None)
    currency_rate: Optional = variable(
        "What to do with the orders' column currency_rate", "divide or multiply", None
    )
    shop_time_zone: Optional = variable(
        "Zone of dates that say none; unset: UTC", "a zone such as Europe/Berlin", None
    )
    merge_guests: Optional = variable(
        "Customers with one e-mail are one customer", "true or false", None
    )

    log_level: str = variable("What is logged", "one of DEBUG, INFO, WARNING and ERROR", "INFO")
