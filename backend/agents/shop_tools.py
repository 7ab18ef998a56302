"""The shop for agents: what was read, how good the numbers are, and a new run."""

from datetime import datetime

from pydantic import ConfigDict, Field

from backend import store
from backend.agents.caller import Caller
from backend.agents.frame import Answer, frame
from backend.agents.tool import tool
from backend.api.keys import Role
from backend.api.runs.routes import STATUS_URL
from backend.api.runs.schema import RunView
from backend.api.schema_root import Schema
from backend.api.state import ApiState
from backend.core.errors import NoRunPublished
from backend.core.glossary import FORECAST
from backend.database.engine import transaction
from backend.results.customer_filter import CustomerFilter
from backend.results.forecast_report import Backtest, CalibrationBin, Grades, Metrics, Thresholds
from backend.results.run_report import CustomerCounts, OrderCounts, ReportHorizons, RunReport
from backend.store import runs
from backend.store.run_request import Publish, RunRequest
from backend.wording.today_sentences import course


class Nothing(Schema):
    """No argument."""

    model_config = ConfigDict(extra="forbid")


class RunTold(Schema):
    """How the last run ended, or how far it is."""

    run_id: str | None
    state: str
    finished_at: datetime | None
    share_done: float = Field(description="Of its work, 0 to 1")
    error: str | None
    not_published: str | None


class ShopAnswer(Answer):
    """What is known of the shop, and how far it can be trusted."""

    people: str = Field(description="Whether e-mails and names are shown or masked")
    last_run: RunTold
    horizons: ReportHorizons | None
    customers: CustomerCounts | None
    orders: OrderCounts | None
    totals: dict[str, float | None] = Field(
        description="Sums over all customers; predicted_value_low and _high: its 80 % interval"
    )
    grades: Grades | None
    warnings: list[str] = Field(description="What in the shop's data may spoil the numbers")
    notes: list[str]


@tool(takes=Nothing, gives=ShopAnswer)
async def describe_shop(caller: Caller, _asked: Nothing) -> ShopAnswer:
    """Read this first: the served run and its instant, currency, horizons, totals, grades of the
    forecast, warnings about the data, what may be seen of people."""
    report = await _served_report(caller.state)
    async with transaction(caller.state.engine) as connection:
        totals = await store.read_totals(connection, CustomerFilter())
    named = ("historical_value", "predicted_value", "value_at_risk")
    sums = {one: float(totals.sums[one]) if totals.known[one] else None for one in named}
    return ShopAnswer(
        **await frame(caller.state, [*named, "churn_risk", "status"]),
        people="shown" if caller.sees_people else "masked",
        last_run=await _last_run(caller.state),
        horizons=report and report.horizons,
        customers=report and report.customers,
        orders=report and report.orders,
        totals=sums | _range_of_total(report),
        grades=report and report.forecast.grade,
        warnings=_warnings(report),
        notes=_notes(report),
    )


def _range_of_total(report: RunReport | None) -> dict[str, float | None]:
    total = None if report is None else report.forecast.total
    return {
        "predicted_value_low": None if total is None else total.low,
        "predicted_value_high": None if total is None else total.high,
    }


def _notes(report: RunReport | None) -> list[str]:
    """Say what to know of the numbers, and where the shop is going."""
    if report is None:
        return []
    going = course(report.forecast.course) if report.forecast.course else ""
    return [*report.notes, going] if going else list(report.notes)


async def _served_report(state: ApiState) -> RunReport | None:
    """Return the report of the served run; None before the first."""
    try:
        run_id = await runs.published_id(state.engine)
    except NoRunPublished:
        return None
    return await store.read_report(state.engine, run_id)


async def _last_run(state: ApiState) -> RunTold:
    view = RunView.of(await runs.latest(state.engine))
    return RunTold(**{name: getattr(view, name) for name in RunTold.model_fields})


def _warnings(report: RunReport | None) -> list[str]:
    found = report.readiness.findings if report else ()
    return [one.sentence for one in found if one.level != "ok"]


class TriedHorizon(Schema):
    """The forecast tried on the shop's own past, at one horizon."""

    horizon_days: int = Field(description="How far each trial looked ahead")
    metrics: Metrics | None = Field(description="Of the forecast")
    strongest_rule: str | None = Field(description="The simple rule that does best")
    rule_metrics: Metrics | None = Field(description="Of that rule")
    predicted_spend: float = Field(description="Sum over all trials")
    actual_spend: float = Field(description="What came, over all trials")
    churn_said_and_came: list[CalibrationBin]


class QualityAnswer(Answer):
    """How wrong the numbers were on this shop's past."""

    grades: Grades | None
    grades_mean: Thresholds | None
    value: TriedHorizon | None = Field(description="Null: too little history to try")
    churn: TriedHorizon | None = Field(description="Null: too little history to try")
    notes: list[str]


@tool(takes=Nothing, gives=QualityAnswer)
async def get_quality(caller: Caller, _asked: Nothing) -> QualityAnswer:
    """How far the forecast can be trusted: tried on the shop's own past, beside simple rules; for
    each tenth of customers the churn that was said and the churn that came."""
    report = await _served_report(caller.state)
    told = await frame(caller.state, ["churn_risk", "predicted_value"])
    if report is None:
        return QualityAnswer(
            **told, grades=None, grades_mean=None, value=None, churn=None, notes=[]
        )
    forecast = report.forecast
    return QualityAnswer(
        **told,
        grades=forecast.grade,
        grades_mean=forecast.thresholds,
        value=_tried(forecast.backtest.value, "value"),
        churn=_tried(forecast.backtest.churn, "churn"),
        notes=list(forecast.notes),
    )


def _tried(backtest: Backtest | None, target: str) -> TriedHorizon | None:
    if backtest is None:
        return None
    rule: str | None = getattr(backtest.strongest_rule, target)
    return TriedHorizon(
        horizon_days=backtest.horizon_days,
        metrics=backtest.metrics.get(FORECAST),
        strongest_rule=rule,
        rule_metrics=rule and backtest.metrics.get(rule),
        predicted_spend=sum(one.predicted_spend for one in backtest.cutoffs),
        actual_spend=sum(one.actual_spend for one in backtest.cutoffs),
        churn_said_and_came=list(backtest.calibration),
    )


class StartRun(Schema):
    """What becomes of it."""

    model_config = ConfigDict(extra="forbid")

    publish: Publish = Field(default="auto", description="never: a dry run, only a report")


class StartedAnswer(Answer):
    """A run was queued."""

    started_run_id: str
    state: str
    status_url: str


@tool(takes=StartRun, gives=StartedAnswer, opens_with=Role.ADMINISTERS, reads_only=False)
async def start_run(caller: Caller, asked: StartRun) -> StartedAnswer:
    """Start a run: learn segments, value and churn anew. It goes on by itself; describe_shop says
    how far it is."""
    state = caller.state
    request = RunRequest(publish=asked.publish, as_of=state.as_of)
    run = await runs.enqueue(state.engine, request, queued=state.queued, by=caller.key)
    return StartedAnswer(
        **await frame(state), started_run_id=run.id, state=run.state, status_url=STATUS_URL
    )
