"""The report's template, filled in."""

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from backend.core.glossary import NO_ORDERS, left_out
from backend.report import charts, page_words, segment_charts
from backend.report.flow import draw_flow
from backend.segments.axes import AXES

METRICS: Mapping[str, Mapping[str, tuple[str, str, str]]] = {
    "value": {
        "spend_gini": ("Gini of spend", "ranks customers by what they spend", "higher"),
        "spend_decile_error": ("Decile error", "predicted against actual by tenths", "lower"),
        "orders_rmse": ("Error in orders", "root mean square per customer", "lower"),
    },
    "churn": {
        "churn_log_loss": ("Log loss", "how much the outcomes surprise", "lower"),
        "churn_auc": ("AUC", "ranks the lost above the kept", "higher"),
        "churn_calibration_error": ("Calibration error", "predicted against actual", "lower"),
    },
}
# The medians that a segment is shown with, and what they are called there.
SHOWN_AXES = {
    "recency_days": "Days since last order",
    "frequency": "Orders",
    "monetary_avg": "Order value",
    "usual_gap_days": "Days between orders",
}
NARROW, WIDE = 335, 940
UNKNOWN = "\N{EN DASH}"


def _amount(value: float | None, form: str = ",.0f") -> str:
    """Write a number; what is unknown is a dash, what rounds to zero has no sign."""
    if value is None:
        return UNKNOWN
    written = format(value, form)
    return written.lstrip("-") if not any(digit in written for digit in "123456789") else written


def _median(value: float | None, axis: str) -> str:
    return UNKNOWN if value is None else AXES[axis].said(value)


def _typeset(text: str | None) -> str:
    """Keep a percent sign with its number."""
    return (text or "").replace(" %", "\N{NO-BREAK SPACE}%")


_environment = Environment(
    loader=PackageLoader("backend", "report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters["amount"] = _amount
_environment.filters["median"] = _median
_environment.filters["typeset"] = _typeset
_environment.filters["left_out"] = left_out


def render_report(report: Mapping[str, Any]) -> str:
    """Write a run's report as one HTML page.

    Parameters
    ----------
    report
        As it is stored with the run.
    """
    names, shown = report["names"], [segment["id"] for segment in report["segments"]]
    colour = segment_charts.colours([*shown, *(one for one in names if one not in shown)])
    return _environment.get_template("page.html").render(
        report=report,
        backtests=_backtests(report),
        segments=[segment for segment in report["segments"] if segment["id"] != NO_ORDERS],
        axes=SHOWN_AXES,
        colours=colour,
        dots=segment_charts.space_dots(report["picture"], colour, names),
        space=(segment_charts.SPACE_WIDTH, segment_charts.SPACE_HEIGHT),
        flows={
            size: draw_flow(report["moves"]["flows"], colour, names, width)
            for size, width in (("narrow", NARROW), ("wide", WIDE))
        },
        refit=page_words.refit_in_words(report["clustering"]),
        lineage=_lineage(report),
        confidence=_mean_confidence(report["segments"]),
        box=charts,
    )


def _lineage(report: Mapping[str, Any]) -> list[str]:
    """Say which segments came and went; that all are new in a first run goes without saying."""
    events: Sequence[Mapping[str, Any]] = report["lineage"]
    if all(event["event"] == "born" and not event["relatives"] for event in events):
        return []
    return [page_words.event_in_words(event, report["names"]) for event in events]


def _mean_confidence(segments: Sequence[Mapping[str, Any]]) -> float | None:
    known = [
        (segment["avg_confidence"], segment["customer_count"])
        for segment in segments
        if segment["avg_confidence"] is not None
    ]
    total = sum(count for _, count in known)
    return sum(share * count for share, count in known) / total if total else None


def _backtests(report: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    tests = report["forecast"].get("backtest", {})
    return {
        target: {
            "scores": tests[target],
            "charts": _charts(target, tests[target]),
            "metrics": _metrics(target, tests[target]["metrics"]),
        }
        for target in METRICS
        if tests.get(target) is not None
    }


def _metrics(target: str, scores: Mapping[str, Mapping[str, float | None]]) -> list[dict[str, Any]]:
    """Return a row per measure, the best of its values marked."""
    rows = []
    for metric, (name, meaning, better) in METRICS[target].items():
        values = [scores[rule][metric] for rule in scores]
        known = [value for value in values if value is not None]
        best = (max if better == "higher" else min)(known, default=None)
        words_of = {"name": name, "meaning": meaning, "better": better}
        rows.append({**words_of, "values": [(value, value == best) for value in values]})
    return rows


def _charts(target: str, test: Mapping[str, Any]) -> list[charts.Chart]:
    if target == "churn":
        return [charts.calibration_chart(test["calibration"]), charts.churn_chart(test["cutoffs"])]
    return [charts.lift_chart(test["lift"]), charts.spend_chart(test["cutoffs"])]
