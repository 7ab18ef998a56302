"""A run on one machine predicts in as many processes as it may, and finds the same."""

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backend.behaviour.history import OrderHistory
from backend.core.errors import PartFailed
from backend.database.engine import opened
from backend.forecast.learn.blend import fit_horizon
from backend.run.partitions.executors import Processes
from backend.run.partitions.machines import foresee_in_batches
from backend.run.worker import work_once
from backend.store import runs
from backend.store.run_request import RunRequest
from tests.conftest import NewDatabase, on_one_kind
from tests.databases import migrated
from tests.in_process import InProcess
from tests.live import ROOT
from tests.performed import clustered, clustered_shop, config_of
from tests.run.partitions.test_many_machines import told
from tests.shops import AS_OF, fill, invented
from tests.waiting import wait_until

# Starts two processes, says which, and waits for what never comes.
AT_WORK = """
import multiprocessing, threading, time
from backend.run.partitions.executors import Processes
if __name__ == "__main__":
    threading.Thread(target=Processes(2).map, args=[time.sleep, [600, 600]]).start()
    while len(started := multiprocessing.active_children()) < 2:
        time.sleep(0.01)
    print(*[one.pid for one in started], flush=True)
"""


@on_one_kind
async def test_two_processes_find_what_one_finds(new_database: NewDatabase) -> None:
    url = new_database(migrated)
    await fill(url, invented(120))
    async with opened(url) as engine:
        await clustered(engine, url, config_of(url, run_processes=1), anew=True)
        alone = await told(engine)
        config = config_of(url, run_processes=2, partition_customers=40)
        await clustered(engine, url, config, anew=True)
        assert await told(engine) == alone


@pytest.mark.long
@on_one_kind
async def test_the_process_of_a_run_starts_others(new_database: NewDatabase) -> None:
    url = new_database(clustered_shop)
    async with opened(url) as engine:
        config = config_of(url, run_processes=2, partition_customers=40)
        run = await runs.enqueue(engine, RunRequest(as_of=AS_OF))
        before = await told(engine)
        assert await work_once(engine, config, asyncio.Event())
        ended = await runs.get(engine, run.id)
        assert (ended.state, ended.error) == ("succeeded", None)
        assert await told(engine) == before


@pytest.mark.parametrize("buyers", [1, 7, 1000])
def test_batches_say_what_all_at_once_do(small_shop: OrderHistory, buyers: int) -> None:
    days = small_shop.purchase_days()
    model = fit_horizon(days, 180, seed=0)
    at_once = model.before_totals(days)
    in_batches = foresee_in_batches(InProcess(), buyers, model, days)
    for one, other in zip(at_once, in_batches, strict=True):
        for name in ("customer", "purchase_days", "spend", "buy_logit"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_a_process_that_ends_fails_its_run_in_words() -> None:
    with pytest.raises(PartFailed, match="RUN_PROCESSES=1"):
        Processes(1).map(os._exit, [1])


def test_processes_are_gone_once_all_is_done() -> None:
    assert Processes(2).map(abs, [-1, 2, -3]) == [1, 2, 3]
    assert multiprocessing.active_children() == []


def test_processes_end_with_the_one_that_started_them(tmp_path: Path) -> None:
    script = tmp_path / "at_work.py"
    script.write_text(AT_WORK)
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=variables
    ) as parent:
        assert parent.stdout is not None
        started = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(started) == 2
        parent.send_signal(signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, started)))


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
