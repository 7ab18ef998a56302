"""What can be no webhook's URL is refused when it is made."""

import pytest

from backend.webhooks.usable_url import as_sent, why_unusable


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
        "https://shop.example.com:0/",
        "https://[::1",
        "https://user:word@shop.example.com/",
        "https://shop.example.com/#part",
        "https://shop.example.com/a b",
        "https://shop.example.com/\nHost: other",
        "https://shop..example.com/",
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
        "https://LocalHost./",
        "https://127.1/",
        "https://127.0.0.1./",
        "https://2130706433/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://0/",
        "https://\uff11\uff12\uff17\u30020.0.1/",
        "https://\u24dbocalhost/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[fec0::1]/",
        "https://[fe80::1%25eth0]/",
    ],
)
def test_private_addresses_and_plain_http_are_for_who_allows_them(url: str) -> None:
    assert why_unusable(url, allow_private=False) is not None
    assert why_unusable(url, allow_private=True) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example.com:8443/h?x=1",
        "https://bücher.example.com/",
        "https://93.184.216.34/",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/",
    ],
)
def test_an_address_of_the_internet_is_usable(url: str) -> None:
    assert why_unusable(url, allow_private=False) is None


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("https://bücher.example.com/", "https://xn--bcher-kva.example.com/"),
        (
            "https://shop.example.com:8443/ä/%C3%BC?q=ß&b=%26",
            "https://shop.example.com:8443/%C3%A4/%C3%BC?q=%C3%9F&b=%26",
        ),
        ("https://[2606:2800:220:1::1]:8443", "https://[2606:2800:220:1::1]:8443"),
        ("https://93.184.216.34/h?x=a/b?c", "https://93.184.216.34/h?x=a/b?c"),
    ],
)
def test_a_url_is_sent_as_http_can_carry_it(written: str, sent: str) -> None:
    assert as_sent(written) == sent
