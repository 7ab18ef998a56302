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
        Of the smaller arm, within the window.
    """

    def __init__(self, reason: str, *, audience: int, buyers_expected: float, needed: int) -> None:
        self.reason, self.audience = reason, audience
        self.buyers_expected = round(buyers_expected, 1)
        few = (
            f"Of {audience} customers, {self.buyers_expected:g} of the smaller arm are expected to "
            f"buy within the window, and at least {needed} have to: take more customers, hold a "
            "larger share out, or wait longer."
        )
        doubling = (
            f"Of {audience} customers, this would show nothing less than a doubling: take more "
            "customers, hold a larger share out, or wait longer."
        )
        super().__init__(few if reason == "few_buyers" else doubling)
