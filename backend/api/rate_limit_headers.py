"""RateLimit and RateLimit-Policy, as draft-ietf-httpapi-ratelimit-headers-11 has them."""


def rate_limit_headers(
    policy: str, *, quota: int, window_seconds: int, remaining: int, reset_seconds: int
) -> dict[str, str]:
    """Say what the quota is, and what is left of it until when."""
    return {
        "RateLimit-Policy": f'"{policy}";q={quota};w={window_seconds}',
        "RateLimit": f'"{policy}";r={remaining};t={reset_seconds}',
    }
