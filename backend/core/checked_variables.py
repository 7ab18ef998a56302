"""What variables may hold beyond what a pattern or a bound says."""

from datetime import MAXYEAR, MINYEAR, datetime

from pydantic import SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from backend.core.api_keys import why_unusable
from backend.core.database_schemes import SCHEMES
from backend.core.declared_variables import DeclaredVariables
from backend.core.variable_problems import UNUSABLE_KEY
from backend.core.warehouse_urls import scheme_of
from backend.core.written_lists import (
    require_mail_addresses,
    require_origins,
    split,
    split_at_commas,
)

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class CheckedVariables(DeclaredVariables):
    """The variables, each looked at by itself or beside those before it."""

    @field_validator("database_url", "intelligence_database_url")
    @classmethod
    def _has_a_known_scheme(cls, url: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if url is None:
            return None
        known, given = SCHEMES[str(info.field_name)], url.get_secret_value()
        if scheme_of(given) not in known or "://" not in given:
            raise ValueError("not a database URL")
        return SecretStr(url.get_secret_value().strip())

    @field_validator("api_key", "admin_api_key", "api_key_masked", "secret_key")
    @classmethod
    def _holds_a_key(cls, keys: SecretStr | None) -> SecretStr | None:
        if keys is not None and not split(keys):
            raise ValueError("holds no key")
        return keys

    @field_validator("api_key_masked")
    @classmethod
    def _opens_no_more(cls, masked: SecretStr | None, given: ValidationInfo) -> SecretStr | None:
        others = [given.data.get(name) for name in ("api_key", "admin_api_key")]
        known = {key for keys in others if keys is not None for key in split(keys)}
        if masked is not None and not known.isdisjoint(split(masked)):
            reason = {"reason": "holds a key that opens more by API_KEY or ADMIN_API_KEY"}
            raise PydanticCustomError(UNUSABLE_KEY, "{reason}", reason)
        return masked

    @field_validator("api_key", "admin_api_key", "api_key_masked", "metrics_key")
    @classmethod
    def _can_be_sent(cls, keys: SecretStr | None) -> SecretStr | None:
        for reason in filter(None, map(why_unusable, split(keys) if keys else ())):
            raise PydanticCustomError(UNUSABLE_KEY, "{reason}", {"reason": reason})
        return keys

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, origins: str | None) -> str | None:
        require_origins(split_at_commas(origins or ""))
        return origins

    @field_validator("digest_to", "digest_from")
    @classmethod
    def _are_addresses(cls, addresses: str | None, given: ValidationInfo) -> str | None:
        if addresses is None:
            return None
        written = split_at_commas(addresses)
        require_mail_addresses(written, most=1 if given.field_name == "digest_from" else None)
        return addresses

    @field_validator("mcp_resource_url")
    @classmethod
    def _comes_with_an_issuer(cls, resource: str | None, given: ValidationInfo) -> str | None:
        if given.data.get("mcp_oauth_issuer") is not None and resource is None:
            raise PydanticCustomError("missing", "tokens for anybody would open this service")
        return resource

    @field_validator("redis_url")
    @classmethod
    def _is_a_redis_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url and not url.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("not a Redis URL")
        return url

    @field_validator("run_as_of")
    @classmethod
    def _has_a_day_in_every_zone(cls, instant: datetime | None) -> datetime | None:
        if instant is not None and not MINYEAR < instant.year < MAXYEAR:
            raise ValueError("another zone may have no such day")
        return instant

    @field_validator("log_level", mode="before")
    @classmethod
    def _is_a_log_level(cls, level: str) -> str:
        if str(level).upper() not in LOG_LEVELS:
            raise ValueError("not a log level")
        return str(level).upper()
