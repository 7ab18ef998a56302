"""What a run is asked for, and how that is kept."""

import json
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal, get_args

from backend.core.errors import InvalidRunRequest

Refit = Literal["auto", "now", "force"]
Publish = Literal["auto", "always", "never"]
CHOICES = {"refit": get_args(Refit), "publish": get_args(Publish)}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a run is asked for; everything is optional.

    Attributes
    ----------
    sample_size
        Customers to fit on, at least 1; every customer is assigned and scored all the same.
    min_k, max_k
        Bounds of the number of segments, at least 1.
    as_of
        The instant to describe; None: when the run starts.
    refit
        "auto": the borders between segments are learnt anew monthly or for other bounds; "now":
        at once; "force": also where that moves many customers.
    publish
        "auto": replace what is served, unless the run read nothing, lost most customers or is
        older; "always": whatever it found; "never": only report.
    unknown
        What a newer version asked for, and this one cannot do; it may be shown, not run.
    """

    sample_size: int | None = None
    min_k: int | None = None
    max_k: int | None = None
    as_of: datetime | None = None
    refit: Refit = "auto"
    publish: Publish = "auto"
    unknown: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("sample_size", "min_k", "max_k"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InvalidRunRequest(name, f"is {value}, but must be at least 1")
        if self.min_k is not None and self.max_k is not None and self.min_k > self.max_k:
            raise InvalidRunRequest("min_k", f"is {self.min_k}, above max_k, {self.max_k}")
        for name, choices in CHOICES.items():
            self._is_one_of(name, choices)

    def _is_one_of(self, name: str, choices: tuple[str, ...]) -> None:
        if getattr(self, name) not in choices:
            *others, last = choices
            expected = f"{', '.join(others)} or {last}"
            raise InvalidRunRequest(name, f"is {getattr(self, name)!r}, expected {expected}")

    def refuse_unknown(self) -> None:
        """Refuse to do what a newer version asked for.

        Raises
        ------
        InvalidRunRequest
            When there is anything of that kind.
        """
        if self.unknown:
            problem = "was asked for by a newer version: start that version's worker"
            raise InvalidRunRequest(self.unknown[0], problem)

    def as_json(self) -> str:
        """Return what was asked for as JSON, `as_of` in ISO 8601.

        What is left to its default is left out: an earlier version can read the rest.
        """
        asked = {one.name: getattr(self, one.name) for one in fields(self)}
        told = {name: asked[name] for name in asked if asked[name] != _DEFAULTS[name]}
        if self.as_of is not None:
            told["as_of"] = self.as_of.isoformat()
        # Version 10.0 reads these whether they were asked for or not.
        return json.dumps({"as_of": None, **told})

    @classmethod
    def from_json(cls, text: str) -> "RunRequest":
        """Read what this or any other version wrote."""
        values: dict[str, Any] = json.loads(text)
        as_of = values.pop("as_of", None)
        known = {name: value for name, value in values.items() if _is_known(name, value)}
        return cls(
            **known,
            as_of=datetime.fromisoformat(as_of) if as_of else None,
            unknown=tuple(sorted(values.keys() - known.keys())),
        )


_DEFAULTS = {one.name: one.default for one in fields(RunRequest)}


def _is_known(name: str, value: object) -> bool:
    return name in _DEFAULTS and value in CHOICES.get(name, (value,))
