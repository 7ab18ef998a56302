"""What runs and digests need of the settings, and the database that runs write to."""

from contextlib import AbstractAsyncContextManager

from pydantic import SecretStr

from backend.clients.smtp_server import smtp_server
from backend.core.instants import in_utc
from backend.core.processors import usual_processors
from backend.core.secret_keys import OwnKeys
from backend.core.settings import Settings, environment_of_others
from backend.database.engine import AsyncEngine, opened
from backend.database.sqlite_files import opening_of_ours
from backend.digest.digest_settings import DigestSettings
from backend.run.run_config import RunConfig
from backend.shop.mapping.layers import load_mapping
from backend.shop.shop import Shop


def run_config(settings: Settings) -> RunConfig:
    """Pick what a run needs."""
    return RunConfig(
        shop_url=settings.shop_url,
        intelligence_url=settings.intelligence_url,
        statement_seconds=settings.run_statement_seconds,
        shop_variables=settings.shop_variables(),
        prediction_horizon_days=settings.prediction_horizon_days,
        churn_horizon_days=settings.churn_horizon_days,
        dynamic_k_range=settings.enable_dynamic_k_range,
        robust_scaling=settings.clustering_robust_scaling,
        history_retention_days=settings.history_retention_days,
        anthropic_api_key=revealed(settings.anthropic_api_key),
        anthropic_model=settings.anthropic_model,
        anthropic_base_url=settings.anthropic_base_url,
        log_level=settings.log_level,
        run_processes=settings.run_processes or usual_processors(),
        fit_customers=settings.fit_customers,
        dask_scheduler_address=settings.dask_scheduler_address,
        search_index=settings.search_index,
        webhooks_allow_private=settings.webhooks_allow_private,
        as_of=_as_of(settings),
        secrets=settings.secrets,
        environment=environment_of_others(),
        run_seconds=settings.run_seconds,
    )


def _as_of(settings: Settings) -> str | None:
    if settings.run_as_of is None:
        return None
    zone = load_mapping(settings.shop_variables(), settings.shop_database).zone
    return in_utc(settings.run_as_of, zone).isoformat()


def digest_settings(settings: Settings) -> DigestSettings | None:
    """Pick what sending digests needs; None where nobody wants any."""
    recipients, url = settings.digest_recipients, revealed(settings.smtp_url)
    if not recipients or url is None:
        return None
    return DigestSettings(
        recipients=recipients,
        sender=settings.digest_from or recipients[0],
        server=smtp_server(url),
        public_url=settings.public_url and settings.public_url.rstrip("/"),
        names_people=settings.digest_people,
        attaches_report=settings.digest_report,
        shop=Shop(load_mapping(settings.shop_variables(), settings.shop_database)),
        own_keys=OwnKeys.of(settings.secrets),
        shop_url=settings.shop_url,
        intelligence_url=settings.intelligence_url,
    )


def opened_to_migrate(settings: Settings) -> AbstractAsyncContextManager[AsyncEngine]:
    """Give who makes our tables all the time that takes; a file of our own may be made too."""
    opening = opening_of_ours(settings.shop_url, settings.intelligence_url)
    return opened(settings.intelligence_url, pool_size=1, opening=opening)


def revealed(secret: SecretStr | None) -> str | None:
    """Return what a setting hides from whoever prints it."""
    return None if secret is None else secret.get_secret_value()
