"""The peers' metrics, from the file or measured now."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.judge import METRICS
from bench.paths import Predictions
from bench.shops import DATA, Case, Shop

OURS = "ours"
HERE = Path(__file__).parent
ENVIRONMENT = Path(os.environ.get("PEERS_ENVIRONMENT", HERE / ".cache" / "peers"))
# Their probability of being alive is no churn risk, and the prototype is no peer.
NOT_PEERS = ("|1-palive", "prototype")


@dataclass(frozen=True, slots=True)
class Row:
    """The metrics of one model on one case."""

    case: Case
    model: str
    scores: dict[str, float]


def on_file() -> list[Row]:
    """Read the metrics measured beforehand."""
    rows = []
    for name in ("peers.csv", "peers_own_dates.csv"):
        with (DATA / name).open() as lines:
            rows += [_row(line) for line in csv.DictReader(lines)]
    return [row for row in rows if not row.model.endswith(NOT_PEERS)]


def _row(line: dict[str, str]) -> Row:
    case = Case(line["dataset"], line["cutoff"], int(line["horizon_days"]))
    return Row(case, line["model"], {metric: float(line[metric]) for metric in METRICS})


def run_peers(shop: Shop, case: Case, names: Iterable[str]) -> dict[str, Predictions]:
    """Fit the named peers now; one that fails (as lifetimes does on some shops) is left out."""
    customer_id, history = shop.history(case.cutoff)
    days = history.purchase_days()
    known = customer_id[np.unique(days.customer)]
    cutoff = str(days.as_of_day)
    made = {}
    with tempfile.TemporaryDirectory() as folder:
        purchases, out = Path(folder) / "purchases.npz", Path(folder) / "out.json"
        np.savez(purchases, customer=days.customer, day=days.day, spend=days.spend)
        for name in names:
            job = (str(purchases), cutoff, str(case.horizon_days), str(out), name)
            if run_script(*job).returncode:
                continue
            found = json.loads(out.read_text())[name]
            parts = (np.array(found[part]) for part in ("orders", "spend", "risk"))
            made[name] = Predictions(known, *parts)
    return made


def run_script(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run peers.py in the peers' own environment, which is made when missing."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
        requirements = HERE / "requirements-peers.txt"
        install = [str(python), "-m", "pip", "install", "--quiet", "-r", str(requirements)]
        subprocess.run(install, check=True)
    return subprocess.run(
        [str(python), str(HERE / "peers.py"), *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=sys.stderr,
        stderr=subprocess.DEVNULL,
        check=False,
    )
