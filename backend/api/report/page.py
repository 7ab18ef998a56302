"""The report's template, filled in."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from backend.api.report import charts, segment_charts
from backend.core.words import NO_ORDERS

METRICS = {
    "churn_log_loss": ("Churn log loss", "lower is better"),
    "churn_auc": ("Churn AUC", "higher is better"),
    "churn_calibration_error": ("Churn calibration error", "lower is better"),
    "spend_gini": ("Spend Gini", "higher is better"),
    "spend_decile_error": ("Spend decile error", "lower is better"),
    "orders_rmse": ("Orders RMSE", "lower is better"),
}

# What a run of an earlier version did not say of its segments.
UNKNOWN_CLUSTERING = dict.fromkeys(
    ("refit", "fitted_at", "moved_without_order", "refit_would_move", "upper_bound", "justified_k")
)


def _amount(value: float | None, form: str = ",.0f") -> str:
    return "unknown" if value is None else format(value, form)


_environment = Environment(
    loader=PackageLoader("backend.api", "report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters["amount"] = _amount


def render_report(report: Mapping[str, Any]) -> str:
    """Write a run's report as one HTML page.

    Parameters
    ----------
    report
        As it is stored with the run.
    """
    backtests = {
        target: {"scores": test, "charts": _charts(target, test)}
        for target, test in report["forecast"].get("backtest", {}).items()
        if test is not None
    }
    clustering = {**UNKNOWN_CLUSTERING, **report["clustering"]}
    segments = [segment for segment in report["segments"] if segment["id"] != NO_ORDERS]
    template = _environment.get_template("page.html")
    return template.render(
        report=report,
        backtests=backtests,
        metrics=METRICS,
        segments=segments,
        colours=segment_charts.colours(segments),
        dots=segment_charts.space_dots(report.get("picture", []), segments),
        flow=segment_charts.flow(report["moves"].get("flows", []), segments, _names(report)),
        clustering=clustering,
        refit=segment_charts.refit_in_words(clustering),
        lineage=report.get("lineage", []),
        flow_size=(segment_charts.FLOW_WIDTH, segment_charts.FLOW_HEIGHT),
        width=charts.WIDTH,
        height=charts.HEIGHT,
    )


def _names(report: Mapping[str, Any]) -> dict[str, str]:
    return {segment["id"]: segment["name"] for segment in report["segments"]}


def _charts(target: str, test: Mapping[str, Any]) -> list[charts.Chart]:
    cutoffs = test["cutoffs"]
    if target == "churn":
        by_cutoff = charts.cutoff_chart(cutoffs, "churn", "share of customers lost")
        return [charts.calibration_chart(test["calibration"]), by_cutoff]
    return [charts.lift_chart(test["lift"]), charts.cutoff_chart(cutoffs, "spend", "spend")]
