"""Variables that hold several values: how they are written, and what each may be."""

import re
from collections.abc import Sequence

from pydantic import SecretStr

# As browsers send it: no path, and not even a slash at the end.
ORIGIN = re.compile(r"\*|https?://[a-z0-9.-]+(:[0-9]+)?|https?://\[[0-9a-f:]+\](:[0-9]+)?")
# What is sent in an envelope: no name beside it, nothing that a header would take for its end.
MAIL_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*"
)


def split(keys: SecretStr) -> tuple[str, ...]:
    """Return the keys of a list of them."""
    return split_at_commas(keys.get_secret_value())


def split_at_commas(text: str) -> tuple[str, ...]:
    """Return the parts of a list, without blanks around them and without empty ones."""
    return tuple(filter(None, (part.strip() for part in text.split(","))))


def require_origins(origins: Sequence[str]) -> None:
    """Raise ValueError where one is no origin."""
    if not all(ORIGIN.fullmatch(one) for one in origins):
        raise ValueError("not an origin")


def require_mail_addresses(addresses: Sequence[str], *, most: int | None) -> None:
    """Raise ValueError where one is no address, where there is none, and where there are more."""
    few_enough = most is None or len(addresses) <= most
    if not addresses or not few_enough or not all(map(MAIL_ADDRESS.fullmatch, addresses)):
        raise ValueError("not an address")
