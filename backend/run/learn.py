"""What a run learns from the shop's columns: arrays in, arrays out, nothing read or written."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime

from backend.behaviour.history import OrderHistory
from backend.core.glossary import Status
from backend.core.memory import give_back
from backend.core.typed_cells import instant64
from backend.forecast.learn.blend import Foresee, foresee_at_once
from backend.forecast.learn.learnt_forecast import Forecast
from backend.forecast.learn.predict import forecast
from backend.readiness import judging
from backend.readiness.judgement import Judgement
from backend.results.segment import Segment
from backend.run.progress import Progress
from backend.run.readiness_check import judge
from backend.run.run_config import RunConfig
from backend.run.run_context import RunContext
from backend.run.standing import Standing
from backend.scoring.readings import Readings
from backend.scoring.score import Scored
from backend.scoring.scoring_model import ScoringModel
from backend.segments.buyers import Behaviour, behaviour_of
from backend.segments.learn.describe import Measured, describe
from backend.segments.learn.night import segment
from backend.segments.membership import Before, Membership
from backend.segments.options import ClusteringOptions
from backend.segments.segment_model import Ids, SegmentModel
from backend.shop.seen import Seen
from backend.store.publication import GivenName
from backend.store.run_request import RunRequest
from backend.wording.segment_names import guarded_name
from backend.wording.segment_sentences import in_currency, measured_in_words

SEED = 0
# Fewer spend the time of their fits in Python, which does one thing at a time. Of more, fits are of
# samples and hardly any of a run, and two at once would take 60 MiB more where memory is scarce.
FITTED_SIDE_BY_SIDE = range(10_000, 1_000_000)
Foreseeing = Callable[[Ids], AbstractContextManager[Foresee]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Everything one run found out about the shop's customers.

    Attributes
    ----------
    readings
        What was read of all customers.
    behaviour
        Of those with orders, computed once for all that is told of them.
    segments
        In their rules' words.
    names
        Given by a person or the language model, by segment id, those of this run included.
    new_names
        Those of this run.
    """

    readings: Readings
    history: OrderHistory
    behaviour: Behaviour
    forecast: Forecast
    membership: Membership
    judgements: tuple[Judgement, ...]
    segments: tuple[Segment, ...]
    names: Mapping[str, GivenName] = field(default_factory=dict)
    new_names: Mapping[str, GivenName] = field(default_factory=dict)

    @property
    def model(self) -> ScoringModel:
        """What scores any of the customers again."""
        return ScoringModel(
            forecast=self.forecast.model,
            segments=self.membership.model,
            habits=self.membership.habits,
        )

    def scored(self, as_of: datetime) -> Scored:
        """Return what the model says of all customers, which is known already."""
        known = self.forecast.model
        return Scored(
            readings=self.readings,
            as_of=as_of,
            history=self.history,
            behaviour=self.behaviour,
            facts=self.forecast.facts,
            forecast=self.forecast,
            placed=self.membership,
            status=Status.NOT_SCORED_YET if known is None else known.status,
        )


def foreseeing_here(_customer_ids: Ids) -> AbstractContextManager[Foresee]:
    """Predict for all at once, in this process."""
    return nullcontext(foresee_at_once)


def learn(
    seen: Seen,
    standing: Standing,
    context: RunContext,
    progress: Progress,
    foreseeing: Foreseeing = foreseeing_here,
) -> Learned:
    """Forecast and segment all customers of a shop, and judge what was read of it.

    `foreseeing` says by what all of them are predicted for.
    """
    ids = seen.columns.customer_ids
    readings = _readings(seen, standing.where(ids))
    history = readings.history(context.as_of)
    progress.enter("forecast", history.customer_count)
    with foreseeing(ids) as foresee:
        predicted = _forecast(history, context.config, foresee, progress)
    give_back()
    progress.enter("segments", history.customer_count)
    behaviour = behaviour_of(history)
    request = context.run.request
    membership = segment(
        history,
        behaviour,
        _options(context.config, request, standing.model),
        ids,
        naming=guarded_name,
        baskets=seen.baskets,
        before=_before(standing, readings.was),
        refit=request.refit,
        threads=_threads(history, context.config),
    )
    measured = describe(
        membership, history, behaviour, predicted, seen.baskets, naming=guarded_name
    )
    give_back()
    ours = judging.judge_ours(standing.refused)
    judged = judge(seen, ours, context.as_of, context.horizons)
    return Learned(
        readings=readings,
        history=history,
        behaviour=behaviour,
        forecast=predicted,
        membership=membership,
        judgements=judged,
        segments=_in_words(measured, judging.currency_of(judged, seen.mapping)),
    )


def _threads(history: OrderHistory, config: RunConfig) -> int:
    """Return how many fits are made at once."""
    return config.run_processes if len(history.amount) in FITTED_SIDE_BY_SIDE else 1


def _forecast(
    history: OrderHistory, config: RunConfig, foresee: Foresee, progress: Progress
) -> Forecast:
    return forecast(
        history,
        value_horizon_days=config.prediction_horizon_days,
        churn_horizon_days=config.churn_horizon_days,
        seed=SEED,
        fit_customers=config.fit_customers,
        foresee=foresee,
        threads=_threads(history, config),
        progress=progress.advance,
    )


def _in_words(measured: Sequence[Measured], currency: str | None) -> tuple[Segment, ...]:
    return in_currency(measured_in_words((one.segment, one.rule) for one in measured), currency)


def _before(standing: Standing, was: Ids) -> Before:
    return Before(
        model=standing.model,
        ids=was,
        as_of=None if standing.as_of is None else instant64(standing.as_of),
    )


def _readings(seen: Seen, was: Ids) -> Readings:
    shop = seen.columns
    return Readings(
        customer_ids=shop.customer_ids,
        customer_index=shop.customer_index,
        created_at=shop.created_at,
        amount_micros=shop.amount_micros,
        baskets=seen.baskets,
        was=was,
    )


def _options(
    config: RunConfig, request: RunRequest, standing: SegmentModel | None
) -> ClusteringOptions:
    """Fill in what the request leaves open.

    A request without a sample size, or without any bound of k, keeps the standing model's; a bound
    given alone moves the other aside.
    """
    usual = ClusteringOptions()
    asked = usual if standing is None else standing.options
    if request.min_k is None and request.max_k is None:
        min_k, max_k = asked.min_k, asked.max_k
    else:
        min_k = request.min_k or min(usual.min_k, request.max_k or usual.min_k)
        max_k = request.max_k or max(usual.max_k, min_k)
    return ClusteringOptions(
        sample_size=request.sample_size or asked.sample_size,
        min_k=min_k,
        max_k=max_k,
        dynamic_k_range=config.dynamic_k_range,
        robust_scaling=config.robust_scaling,
        seed=SEED,
    )
