"""Variables that are nearly ours are told from those of other programs."""

import pytest

from backend.core.misspelt import misspelt
from backend.core.settings import Settings

OURS = [name.upper() for name in Settings.model_fields]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ADMIN_APIKEY", "ADMIN_API_KEY"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("database-url", "DATABASE_URL"),
        ("\ufeffDATABASE_URL", "DATABASE_URL"),
        ("API_KEYS", "API_KEY"),
        ("APIKEY", "API_KEY"),
        ("api-key", "API_KEY"),
        ("API_KEY_ADMIN", "ADMIN_API_KEY"),
        ("ADMIN_KEY", "ADMIN_API_KEY"),
        ("PREDICTION_HORIZON", "PREDICTION_HORIZON_DAYS"),
        ("HISTORY_RETENTION_DAY", "HISTORY_RETENTION_DAYS"),
        ("SHOP_TIMEZONE", "SHOP_TIME_ZONE"),
        ("ORDER_TABLE", "ORDERS_TABLE"),
        ("AUTO_MIGRATION", "AUTO_MIGRATE"),
        ("LOGLEVEL", "LOG_LEVEL"),
        ("INTELLIGENCE_URL", "INTELLIGENCE_DATABASE_URL"),
        ("REDISURL", "REDIS_URL"),
    ],
)
def test_what_is_nearly_ours_is_named(name: str, meant: str) -> None:
    assert misspelt([name], OURS) == {name.upper(): meant}


OTHERS = {
    "databases": "PGHOST PGDATABASE DATABASE_HOST DATABASE_USER DATABASE_NAME DATABASE_PORT",
    "urls": "DATABASE_PUBLIC_URL TEST_DATABASE_URL MYSQL_URL BASE_URL API_URL DB_URL",
    "redis": "REDIS_HOST REDIS_PORT REDIS_DB REDIS_TLS_URL CACHE_URL",
    "keys": "OPENAI_API_KEY STRIPE_API_KEY X_API_KEY ANTHROPIC_AUTH_TOKEN SECRET_KEY_BASE",
    "servers": "PORT HOST UVICORN_LOG_LEVEL WEB_CONCURRENCY FORWARDED_ALLOW_IPS LOG_FORMAT",
    "the rest": "HOME LANG TZ TIME_ZONE CURRENCY_CODE RUN_ID RUN_MODE RUNLEVEL SHOP_NAME _",
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_other_programs_read_is_not(kind: str) -> None:
    assert misspelt(OTHERS[kind].split(), OURS) == {}


def test_our_own_are_not() -> None:
    assert misspelt([*OURS, *map(str.lower, OURS)], OURS) == {}
