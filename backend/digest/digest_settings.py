"""What whoever sends digests is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from backend.clients.smtp_server import SmtpServer
from backend.core.secret_keys import OwnKeys
from backend.shop.shop import Shop

# After the first try, the second, and so on: an hour in all, for a server that is begun anew.
WAITS = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10), timedelta(minutes=45))


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSettings:
    """Who gets digests, by which server, and what is in them.

    Attributes
    ----------
    recipients, sender
        Bare addresses.
    public_url
        Where people reach the service, without a slash at the end; None: no links.
    names_people
        Whether customers are named.
    attaches_report
        Whether the run's report is attached, as one page.
    waits
        How long after each try that came to nothing the next begins; after the last there is none.
    """

    recipients: Sequence[str]
    sender: str
    server: SmtpServer
    public_url: str | None
    names_people: bool
    attaches_report: bool
    shop: Shop
    own_keys: OwnKeys
    shop_url: str = field(repr=False)
    intelligence_url: str = field(repr=False)
    waits: Sequence[timedelta] = WAITS
