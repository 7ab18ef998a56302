"""The peers' metrics, from the file or measured now."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.judge import METRICS
from bench.paths import Predictions
from bench.shops import DATA, Case, Shop

OURS = "ours"
HERE = Path(__file__).parent
CACHE = Path(os.environ.get("PEERS_ENVIRONMENT", HERE / ".cache"))
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
    """Fit the named peers now; one that fails (as lifetimes does on some shops) says so."""
    customer_id, history = shop.history(case.cutoff)
    days = history.purchase_days()
    known = customer_id[np.unique(days.customer)]
    cutoff = str(days.as_of_day)
    made = {}
    with tempfile.TemporaryDirectory() as folder:
        purchases, out = Path(folder) / "purchases.npz", Path(folder) / "out.json"
        np.savez(purchases, customer=days.customer, day=days.day, spend=days.spend)
        for name in names:
            job = (str(purchases), cutoff, str(case.horizon_days), str(out))
            done = run_script(name, *job)
            found = np.zeros(0)
            if not done.returncode:
                told = json.loads(out.read_text())[name]
                found = np.array([told[part] for part in ("orders", "spend", "risk")])
            if np.isfinite(found).all() and found.size:
                made[name] = Predictions(known, *found)
            else:
                print(f"{name} failed on {case}: {_reason(done)}", file=sys.stderr)  # noqa: T201
    return made


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    if not done.returncode:
        return "a customer has no number"
    return (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]


def run_script(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run peers.py for one of them in its package's environment, which is made when missing."""
    kind, version = ("pymc", "3.12") if name.startswith("pymc") else ("peers", "3.11")
    made = _environment(kind, version)
    if made.returncode:
        return made
    return _done(str(_python(kind)), str(HERE / "peers.py"), *arguments, name)


def _environment(kind: str, version: str) -> subprocess.CompletedProcess[str]:
    """Make it unless it is there; pymc-marketing needs libraries that lifetimes does not know."""
    uv = (sys.executable, "-m", "uv")
    requirements, ready = str(HERE / f"requirements-{kind}.txt"), CACHE / kind / "ready"
    install = (*uv, "pip", "install", "--quiet", "--python", str(_python(kind)), "-r", requirements)
    if ready.exists():
        return subprocess.CompletedProcess((), 0, "", "")
    venv = (*uv, "venv", "--quiet", "--clear", "--python", version, str(CACHE / kind))
    # pyenv shows the Pythons it has to whoever names a version.
    begun = _done(*venv, PYENV_VERSION=version)
    done = begun if begun.returncode else _done(*install)
    if not done.returncode:
        ready.touch()
    return done


def _python(kind: str) -> Path:
    return CACHE / kind / "bin" / "python"


def _done(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={**os.environ, "OMP_NUM_THREADS": "1", **variables},
        stdout=sys.stderr,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
