"""JSON of runs: what is asked for, how far they are, what they found."""

from datetime import datetime, tzinfo
from typing import Literal, Self

from pydantic import ConfigDict, Field

from backend.api.fields import Probability
from backend.api.runs import example
from backend.api.schema_root import Schema
from backend.core.instants import WrittenInstant, in_utc
from backend.store.run_request import Publish, Refit, RunRequest
from backend.store.run_row import NotPublished, Run

RUNS_URL = "/api/admin/runs"


class ClusterRequest(Schema):
    """What to cluster; everything is optional."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"sample_size": 1000, "min_k": 3, "max_k": 12}},
    )

    sample_size: int | None = Field(
        default=None, ge=1, description="Customers that the next fit looks at"
    )
    min_k: int | None = Field(default=None, ge=1, description="Fewest segments")
    max_k: int | None = Field(default=None, ge=1, description="Most segments")
    as_of: WrittenInstant | None = Field(
        default=None,
        description="The instant to describe, in SHOP_TIME_ZONE where it names no offset; left "
        "out: RUN_AS_OF, or now",
    )
    refit: Refit = Field(
        default="auto",
        description="Learn borders anew: auto monthly or for other bounds, now at once, force "
        "also where it moves many customers",
    )
    publish: Publish = Field(
        default="auto",
        description="Replace what is served: auto unless the run read nothing, lost more than half "
        "of the customers or is older, always whatever it found, never to report only",
    )

    def as_run_request(self, zone: tzinfo, as_of: datetime | None) -> RunRequest:
        """Return what the queue holds.

        Parameters
        ----------
        zone
            Of instants that name no offset.
        as_of
            The instant to describe where none is asked for; None: when the run starts.

        Raises
        ------
        InvalidRunRequest
            When the values contradict each other.
        """
        wanted = self.model_dump()
        return RunRequest(
            **{**wanted, "as_of": in_utc(self.as_of, zone, "as_of") if self.as_of else as_of}
        )


class RunAccepted(Schema):
    """A run was queued."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "run_id": "5f0c2a9be1d34c77",
                "state": "queued",
                "status_url": "/api/admin/cluster/status",
            }
        }
    )

    run_id: str = Field(description="The new run")
    state: str = Field(description="queued")
    status_url: str = Field(description="Where it can be followed")


class RunView(Schema):
    """How far a run is, or how it ended."""

    model_config = ConfigDict(json_schema_extra={"example": example.RUN})

    run_id: str | None = Field(description="Null before the first run")
    state: Literal["never_run", "queued", "running", "succeeded", "failed", "cancelled"] = Field(
        description="queued and running are active; the others are final"
    )
    stage: str | None = Field(default=None, description="What a running run is doing")
    share_done: Probability = Field(default=0.0, description="Share of the work that is done")
    counts: dict[str, int] = Field(default={}, description="Customers and orders read so far")
    seconds: float = Field(default=0.0, description="From the start to the end, or to now")
    as_of: datetime | None = Field(default=None, description="The instant described")
    queued_at: datetime | None = Field(default=None, description="When it was asked for")
    started_at: datetime | None = Field(default=None, description="When a worker took it")
    finished_at: datetime | None = Field(default=None, description="When it ended")
    error: str | None = Field(default=None, description="Why it failed, in a sentence")
    published: bool = Field(default=False, description="Whether its results are served")
    not_published: NotPublished | None = Field(
        default=None, description="Why a run that succeeded replaced nothing unasked"
    )
    report_url: str | None = Field(default=None, description="The run's report as JSON")
    report_page_url: str | None = Field(default=None, description="The same as a page")

    @classmethod
    def of(cls, run: Run | None, runs_url: str = RUNS_URL) -> Self:
        """Show a run; None before the first. Its report is where whoever asks may read it."""
        if run is None:
            return cls(run_id=None, state="never_run")
        report_url = f"{runs_url}/{run.id}/report" if run.state == "succeeded" else None
        return cls(
            run_id=run.id,
            state=run.state,
            stage=run.stage,
            share_done=run.share_done,
            counts=dict(run.counts),
            seconds=round(run.seconds, 1),
            as_of=run.as_of,
            queued_at=run.queued_at,
            started_at=run.started_at,
            finished_at=run.finished_at,
            error=run.error,
            published=run.published,
            not_published=run.not_published,
            report_url=report_url,
            report_page_url=report_url and f"{report_url}.html",
        )


class RunList(Schema):
    """Runs, newest first."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"runs": [example.RUN], "next_cursor": example.NEXT_CURSOR}}
    )

    runs: list[RunView] = Field(description="Newest first")
    next_cursor: str | None = Field(
        default=None, description="Asks for the next page; null after the last"
    )
