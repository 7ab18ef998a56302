"""What keeps a webhook from being made, found or told."""

from backend.core.errors.backend_error import BackendError


class WebhookNotFound(BackendError):
    """No webhook has this id."""

    def __init__(self, webhook_id: str) -> None:
        self.webhook_id = webhook_id
        super().__init__(f"No webhook has the id {webhook_id}.")


class DeliveryNotFound(BackendError):
    """The webhook was told nothing by this id, or it is forgotten."""

    def __init__(self, delivery_id: int) -> None:
        self.delivery_id = delivery_id
        super().__init__(f"No delivery of this webhook has the id {delivery_id}.")


class TooManyWebhooks(BackendError):
    """There are as many as there may be."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"There are {most} webhooks already, the most there may be.")


class WebhookDisabled(BackendError):
    """It is told nothing until somebody enables it."""

    def __init__(self, webhook_id: str) -> None:
        self.webhook_id = webhook_id
        super().__init__(f"Webhook {webhook_id} is disabled: enable it first.")


class InvalidWebhook(BackendError):
    """A webhook is asked for that could never be told anything."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"{field} {problem}.")
