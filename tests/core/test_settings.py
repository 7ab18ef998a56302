"""Every variable is documented, validated at start, and named when it is wrong."""

import re
from pathlib import Path

import pytest

from backend.assembly.start_checks import refuse_unusable_addresses
from backend.core.errors import InvalidConfiguration
from backend.core.settings import Settings

ROOT = Path(__file__).parents[2]
READ_BY_THE_SERVER = ("UVICORN_", "FORWARDED_ALLOW_IPS")
REQUIRED = {"DATABASE_URL": "postgresql://shop:hunter2@db/shop", "API_KEY": "key"}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the caller's shell and no `.env` reaches a test."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in {**REQUIRED, **variables}.items():
        monkeypatch.setenv(name, value)
    return Settings.load()


def test_two_variables_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch)
    assert settings.intelligence_url == settings.shop_url == REQUIRED["DATABASE_URL"]
    assert settings.admin_api_keys == settings.api_keys == ("key",)
    assert settings.redis_url is None


@pytest.mark.parametrize(
    ("shop", "ours"),
    [
        ("duckdb:///warehouse.duckdb", "sqlite:///warehouse.intelligence.db"),
        ("duckdb:////srv/w.db", "sqlite:////srv/w.intelligence.db"),
        ("duckdb+any:///w", "sqlite:///w.intelligence.db"),
        ("files:///data/shop", "sqlite:////data/shop.intelligence.db"),
        ("files:///data/shop/", "sqlite:////data/shop.intelligence.db"),
    ],
)
def test_ours_live_beside_what_can_only_be_read(
    monkeypatch: pytest.MonkeyPatch, shop: str, ours: str
) -> None:
    settings = load(monkeypatch, DATABASE_URL=shop)
    assert (settings.intelligence_url, settings.shop_database) == (ours, "duckdb")
    elsewhere = load(monkeypatch, DATABASE_URL=shop, INTELLIGENCE_DATABASE_URL="mysql://u:p@db/i")
    assert elsewhere.intelligence_url == "mysql://u:p@db/i"


def test_several_keys_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, API_KEY="old, new", ADMIN_API_KEY="admin")
    assert settings.api_keys == ("old", "new")
    assert settings.admin_api_keys == ("admin",)


@pytest.mark.parametrize(
    "address", ["tls://10.0.0.7:8786", "tcp://127.0.0.1:8786", "tcp://localhost:1", "tcp://[::1]:9"]
)
def test_runs_are_spread_by_tls_or_within_this_machine(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    settings = load(monkeypatch, DASK_SCHEDULER_ADDRESS=address)
    assert settings.dask_scheduler_address == address
    refuse_unusable_addresses(settings)


@pytest.mark.parametrize(
    "place", ["DATABASE_URL", pytest.param("INTELLIGENCE_DATABASE_URL", id="ours")]
)
def test_no_run_is_spread_over_machines_that_have_not_the_file(
    monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    file = {place: "sqlite:///shop.db", "DASK_SCHEDULER_ADDRESS": "tcp://127.0.0.1:8786"}
    with pytest.raises(InvalidConfiguration, match=f"is set, and {place} is a file"):
        refuse_unusable_addresses(load(monkeypatch, **file))


@pytest.mark.parametrize("variable", sorted(REQUIRED))
def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    for name in REQUIRED.keys() - {variable}:
        monkeypatch.setenv(name, REQUIRED[name])
    with pytest.raises(InvalidConfiguration, match=f"^{variable} is not set; expected .*\\.$"):
        Settings.load()


def test_a_missing_variable_that_is_there_misspelt_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text("DATABSE_URL=postgresql://shop:hunter2@db/shop\n")
    monkeypatch.setenv("API_KEY", "key")
    with pytest.raises(InvalidConfiguration, match=r"is not set \(but DATABSE_URL is\);") as caught:
        Settings.load()
    assert "hunter2" not in str(caught.value)


def test_misspelt_variables_are_found_wherever_they_are_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text("export API_KEYS=x\nREDIS_HOST=cache\n")
    monkeypatch.setenv("ADMIN_APIKEY", "y")
    assert Settings.misspelt() == {"ADMIN_APIKEY": "ADMIN_API_KEY", "API_KEYS": "API_KEY"}


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("DATABASE_URL", "", "is empty"),
        ("DATABASE_URL", "oracle://u:hunter2@db/shop", "begins with oracle://"),
        ("DATABASE_URL", "hunter2", "holds nothing usable"),
        ("INTELLIGENCE_DATABASE_URL", "hunter2://x", "begins with hunter2://"),
        ("INTELLIGENCE_DATABASE_URL", "duckdb:///w.duckdb", "begins with duckdb://"),
        ("API_KEY", " , ", "holds nothing usable"),
        ("ADMIN_API_KEY", ",", "holds nothing usable"),
        ("API_KEY_MASKED", "other,key", "holds a key that opens more by API_KEY"),
        ("SECRET_KEY", " , ", "holds nothing usable"),
        ("REDIS_URL", "http://:hunter2@cache", "begins with http://"),
        ("DIGEST_TO", "ada", "holds 'ada'; expected e-mail addresses separated by commas"),
        ("DIGEST_TO", "Ada <ada@example.org>", "expected e-mail addresses separated by commas"),
        ("DIGEST_TO", "ada@example.org Bcc: eve@example.org", "expected e-mail addresses"),
        ("DIGEST_TO", ",", "holds ','; expected e-mail addresses"),
        ("DASK_SCHEDULER_ADDRESS", "tcp://10.0.0.7:8786", "expected tls://host:port, or tcp://127"),
        ("DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1.evil.example:8786", "expected tls://host:port"),
        ("DASK_SCHEDULER_ADDRESS", "tls://scheduler.example:8786/path", "expected tls://host:port"),
        ("DIGEST_FROM", "a@example.org,b@example.org", "expected one e-mail address"),
        ("PUBLIC_URL", "http://shop.example.com", "expected a URL such as https://"),
        ("PUBLIC_URL", "https://shop.example.com/?a=b", "expected a URL such as https://"),
        ("PREDICTION_HORIZON_DAYS", "0", "holds '0'; expected a whole number of days"),
        ("CHURN_HORIZON_DAYS", "", "is empty; expected a whole number of days"),
        ("CACHE_TTL_SECONDS", "soon", "holds 'soon'"),
        ("AUTO_MIGRATE", "maybe", "holds 'maybe'; expected true or false"),
        ("RUN_AS_OF", "yesterday", "holds 'yesterday'; expected a date or an instant, such as"),
        ("RUN_AS_OF", "9999-12-31", "holds '9999-12-31"),
        ("LOG_LEVEL", "loud", "expected one of DEBUG, INFO, WARNING and ERROR"),
    ],
)
def test_a_wrong_variable_is_named_with_what_is_expected(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        load(monkeypatch, **{variable: value})
    message = str(caught.value)
    assert caught.value.variable == variable
    assert said in message
    assert ":hunter2@" not in message
    assert message.startswith(variable)
    assert "\n" not in message


@pytest.mark.parametrize("variable", ["REDIS_URL", "ADMIN_API_KEY", "ORDERS_TABLE", "RUN_AS_OF"])
def test_an_empty_optional_variable_is_unset(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    settings = load(monkeypatch, **{variable: ""})
    assert getattr(settings, variable.lower()) is None


def test_dotenv_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("\ufeffAPI_KEY=from-file\nDATABASE_URL=sqlite:///shop.db\n")
    assert Settings.load().api_keys == ("from-file",)
    monkeypatch.setenv("API_KEY", "from-environment")
    settings = Settings.load()
    assert settings.api_keys == ("from-environment",)
    assert settings.shop_url == "sqlite:///shop.db"


def test_secrets_do_not_show_in_the_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "hunter2" not in repr(load(monkeypatch))


@pytest.mark.parametrize("document", [".env.example", "docs/settings.md"])
def test_every_variable_is_documented(document: str) -> None:
    text = (ROOT / document).read_text()
    pattern = r"^(?:# )?([A-Z_]{3,})=" if document == ".env.example" else r"^\| `([A-Z_]+)` \|"
    documented = set(re.findall(pattern, text, re.MULTILINE))
    documented = {name for name in documented if not name.startswith(READ_BY_THE_SERVER)}
    assert documented == {name.upper() for name in Settings.model_fields}


def test_only_the_settings_read_the_environment() -> None:
    readers = [
        path.relative_to(ROOT)
        for path in (ROOT / "backend").rglob("*.py")
        if re.search(r"os\.(environ|getenv)", path.read_text())
    ]
    assert readers == [Path("backend/core/settings.py")]
