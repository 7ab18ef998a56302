"""What can be no webhook's URL is refused when it is made."""

import pytest

from backend.webhooks.usable_url import why_unusable


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example.com/hooks",
        "ftp://shop.example.com/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "https://",
        "https:///hooks",
        "https://shop.example.com:99999/",
        "https://[::1",
        "https://user:word@shop.example.com/",
        "https://shop.example.com/#part",
        "https://shop.example.com/a b",
        "https://shop.example.com/\nHost: other",
    ],
)
@pytest.mark.parametrize("allow_private", [False, True])
def test_what_is_no_address_is_refused(url: str, allow_private: bool) -> None:
    assert why_unusable(url, allow_private=allow_private) is not None


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example.com/hooks",
        "https://localhost/",
        "https://hooks.localhost/",
        "https://127.0.0.1:8000/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[fd00::1]/",
    ],
)
def test_private_addresses_and_plain_http_are_for_who_allows_them(url: str) -> None:
    assert why_unusable(url, allow_private=False) is not None
    assert why_unusable(url, allow_private=True) is None


def test_an_address_of_the_internet_is_usable() -> None:
    assert why_unusable("https://shop.example.com:8443/h?x=1", allow_private=False) is None
