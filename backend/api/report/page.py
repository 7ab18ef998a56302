"""The report's template, filled in."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from backend.api.report import charts

METRICS = {
    "churn_log_loss": ("Churn log loss", "lower is better"),
    "churn_auc": ("Churn AUC", "higher is better"),
    "churn_calibration_error": ("Churn calibration error", "lower is better"),
    "spend_gini": ("Spend Gini", "higher is better"),
    "spend_decile_error": ("Spend decile error", "lower is better"),
    "orders_rmse": ("Orders RMSE", "lower is better"),
}


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
    template = _environment.get_template("page.html")
    return template.render(
        report=report,
        backtests=backtests,
        metrics=METRICS,
        width=charts.WIDTH,
        height=charts.HEIGHT,
    )


def _charts(target: str, test: Mapping[str, Any]) -> list[charts.Chart]:
    cutoffs = test["cutoffs"]
    if target == "churn":
        by_cutoff = charts.cutoff_chart(cutoffs, "churn", "share of customers lost")
        return [charts.calibration_chart(test["calibration"]), by_cutoff]
    return [charts.lift_chart(test["lift"]), charts.cutoff_chart(cutoffs, "spend", "spend")]
