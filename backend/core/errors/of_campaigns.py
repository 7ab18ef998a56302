"""What keeps a campaign from being described, started, ended or found."""

from backend.core.errors.backend_error import BackendError


class CampaignNotFound(BackendError):
    """No campaign has this id."""

    def __init__(self, campaign_id: str) -> None:
        self.campaign_id = campaign_id
        super().__init__(f"No campaign has the id {campaign_id}.")


class CampaignNotStarted(BackendError):
    """Nobody is drawn yet."""

    def __init__(self, campaign_id: str) -> None:
        self.campaign_id = campaign_id
        super().__init__(f"Campaign {campaign_id} has not started: nobody is drawn.")


class CampaignNotDraft(BackendError):
    """Only a draft can be started."""

    def __init__(self, campaign_id: str, state: str) -> None:
        self.campaign_id, self.state = campaign_id, state
        super().__init__(f"Campaign {campaign_id} is {state}: only a draft can be started.")


class CampaignOfAnotherVersion(BackendError):
    """Another version wrote conditions that this one does not know."""

    def __init__(self, campaign_id: str) -> None:
        self.campaign_id = campaign_id
        super().__init__(
            f"Campaign {campaign_id} has conditions that this version does not know: another one "
            "wrote them. Start that version here too, or describe the campaign anew."
        )


class CampaignNotOpen(BackendError):
    """It holds nobody out that it could stop holding out."""

    def __init__(self, campaign_id: str, state: str) -> None:
        self.campaign_id, self.state = campaign_id, state
        super().__init__(
            f"Campaign {campaign_id} is {state} and holds nobody out: there is nothing to end."
        )


class CampaignBelowSense(BackendError):
    """It could show nothing that is worth waiting for.

    Attributes
    ----------
    reason
        A `TooSmall`.
    audience
        Customers whom it would be drawn from.
    buyers_expected
        Of the smaller arm, within the window; None where that cannot be told.
    """

    def __init__(
        self,
        reason: str,
        *,
        audience: int,
        buyers_expected: float | None,
        needed: int,
        window_days: int,
    ) -> None:
        self.reason, self.audience = reason, audience
        self.buyers_expected = None if buyers_expected is None else round(buyers_expected, 1)
        few = (
            f"Of {audience} customers, {self.buyers_expected or 0:g} of the smaller arm are "
            f"expected to buy within the window, and at least {needed} have to: take more "
            "customers, hold a larger share out, or wait longer."
        )
        doubling = (
            f"Of {audience} customers, this would show nothing less than a doubling: take more "
            "customers, hold a larger share out, or wait longer."
        )
        short_past = (
            f"Fewer than {needed} customers had ordered {window_days} days ago, so that the shop's "
            "orders do not tell what customers do in so long a window: choose a shorter one."
        )
        nobody = "Nobody meets its conditions who is not held out already: there is nobody to draw."
        said = {"few_buyers": few, "only_doubling": doubling, "short_past": short_past}
        super().__init__(said[reason] if audience else nobody)
