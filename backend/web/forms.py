"""What people send by a form."""

from urllib.parse import parse_qsl

from fastapi import Request

MOST_FIELDS = 100


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form by name, trimmed; the last one of a name that comes twice.

    Raises
    ------
    BodyTooLarge, BodyTooSlow
        When the body is, on a route that bounds it.
    """
    body = (await request.body()).decode("utf-8", errors="replace")
    try:
        fields = parse_qsl(body, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    return {name: value.strip() for name, value in fields}
