"""What Prometheus reads: every request of every process, and no word that somebody sent."""

import json
import os
import re
import signal
from pathlib import Path

import httpx
import yaml  # type: ignore[import-untyped]
from prometheus_client.parser import text_string_to_metric_families

from tests.api.test_health import shop_with_our_tables
from tests.conftest import NewDatabase, execute, wait_for
from tests.live import ADMIN_KEY, API_KEY, ROOT, Live, serving
from tests.performed import NO_WORKER
from tests.waiting import wait_until

DEPLOY = ROOT / "deploy"
Counts = dict[tuple[str, ...], float]


def scraped(live: Live, **headers: str) -> dict[str, Counts]:
    """Return every sample by its name, each by the values of its labels."""
    answer = live.client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Counts] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


def test_what_is_asked_is_counted_by_pattern_and_never_by_what_was_sent(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    with serving(new_sqlite(shop_with_our_tables), tmp_path, variables=NO_WORKER) as live:
        for path in ("ada@example.com", "4", "4"):
            live.get(f"/api/mcp/customers/{path}")
        live.client.request("TRACE", "/ada@example.com")
        live.client.get("/health")
        page = live.client.get("/metrics").text
        found = scraped(live)
    profile = "/api/mcp/customers/{customer_id}"
    assert found["intelligence_requests_total"]["GET", profile, "404"] == 1
    assert found["intelligence_requests_total"]["GET", profile, "200"] == 2
    assert found["intelligence_requests_total"]["other", "unknown", "404"] == 1
    assert found["intelligence_request_seconds_count"][(profile,)] == 3
    assert found["intelligence_database_up"] == {("intelligence",): 1, ("shop",): 1}
    assert found["intelligence_degraded"][("nothing_published",)] == 1
    assert found["intelligence_pool_size"][("shop",)] == 5
    assert found["intelligence_pool_connections"] == {("intelligence",): 0, ("shop",): 0}
    for sent in ("ada", "TRACE", "example.com", API_KEY, str(tmp_path)):
        assert sent not in page


def test_failures_are_counted_by_kind(new_sqlite: NewDatabase, tmp_path: Path) -> None:
    url = new_sqlite(shop_with_our_tables)
    with serving(url, tmp_path, variables=NO_WORKER) as live:
        wait_for(execute(url, "DROP TABLE intelligence_segments"))
        assert live.get("/api/mcp/segments").status_code == 503
        wait_for(execute(url, "DROP TABLE intelligence_runs"))
        assert live.get("/api/mcp/segments").status_code == 503
        missing = ("intelligence", "tables_missing")
        wait_until(lambda: missing in scraped(live)["intelligence_database_state"])
        found = scraped(live)
    assert found["intelligence_failures_total"][("TablesTooOld",)] == 2
    assert found["intelligence_database_up"] == {("intelligence",): 0, ("shop",): 1}


def test_this_machine_reads_without_a_key_and_others_with_an_admins(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    with serving(new_sqlite(shop_with_our_tables), tmp_path, variables=NO_WORKER) as live:
        away = {"X-Forwarded-For": "203.0.113.7"}  # a proxy on this machine says whom it serves
        assert live.client.get("/metrics").status_code == 200
        assert live.client.get("/metrics", headers=away).status_code == 401
        for key, status in ((API_KEY, 401), (ADMIN_KEY, 200)):
            asked = live.client.get("/metrics", headers={**away, "X-API-Key": key})
            assert asked.status_code == status


def test_with_a_key_of_its_own_nothing_else_opens_it(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    variables = {**NO_WORKER, "METRICS_KEY": "metrics-key-of-prometheus"}
    with serving(new_sqlite(shop_with_our_tables), tmp_path, variables=variables) as live:
        for headers, status in (
            ({}, 401),
            ({"X-API-Key": ADMIN_KEY}, 401),
            ({"Authorization": "Bearer wrong"}, 401),
            ({"Authorization": "Bearer metrics-key-of-prometheus"}, 200),
            ({"X-API-Key": "metrics-key-of-prometheus"}, 200),
        ):
            assert live.client.get("/metrics", headers=headers).status_code == status


def test_all_workers_are_counted_and_those_that_died_too(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    counts = tmp_path / "counts"
    counts.mkdir()
    variables = {**NO_WORKER, "PROMETHEUS_MULTIPROC_DIR": str(counts)}
    url = new_sqlite(shop_with_our_tables)
    arguments = ("--workers", "2")
    with serving(url, tmp_path, arguments=arguments, variables=variables, anew=True) as live:
        size = 2 * 5
        wait_until(lambda: size_of_pools(live) == size)
        asked = 40
        for _ in range(asked):
            # A connection each: any worker may get it.
            httpx.get(f"{live.address}/health/live", verify=False)
        workers = {int(path.stem.rpartition("_")[2]) for path in counts.glob("counter_*.db")}
        found = scraped(live)
        assert found["intelligence_requests_total"]["GET", "/health/live", "200"] == asked
        assert len(workers) == 2
        os.kill(min(workers), signal.SIGKILL)
        wait_until(lambda: revived(live, counts, workers))
        wait_until(lambda: size_of_pools(live) == size)
        found = scraped(live)
        assert found["intelligence_requests_total"]["GET", "/health/live", "200"] >= asked


def size_of_pools(live: Live) -> float:
    """Return how many connections to the shop the workers that are up may have, together."""
    return scraped(live).get("intelligence_pool_size", {}).get(("shop",), 0)


def revived(live: Live, counts: Path, before: set[int]) -> bool:
    """Whether a new worker has come in the place of one that died."""
    try:
        live.client.get("/health/live")
    except httpx.TransportError:
        return False
    now = {int(path.stem.rpartition("_")[2]) for path in counts.glob("gauge_livesum_*.db")}
    return bool(now - before)


def metrics_used(text: str) -> set[str]:
    return set(re.findall(r"\bintelligence_[a-z_]+", text))


def test_alerts_and_dashboard_ask_for_what_there_is(
    new_sqlite: NewDatabase, tmp_path: Path
) -> None:
    rules = yaml.safe_load((DEPLOY / "alerts.yml").read_text())
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    asked += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    with serving(new_sqlite(shop_with_our_tables), tmp_path, variables=NO_WORKER) as live:
        page = live.client.get("/metrics").text
    told = set(re.findall(r"^# TYPE (\S+)", page, re.MULTILINE))
    named = told | {f"{name}_bucket" for name in told} | {f"{name}_count" for name in told}
    named |= {"intelligence_served_age_seconds"}  # told once something is served
    assert metrics_used(" ".join(asked)) <= named
    assert len(asked) >= 12
