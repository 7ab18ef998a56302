"""What became of files, in words."""

from collections.abc import Iterator, Mapping, Sequence

from backend.results.loaded_files import (
    FileLook,
    FileSummary,
    Identity,
    ImportSummary,
    Refusals,
    Understanding,
)

IDENTITIES: Mapping[Identity, str] = {
    Identity.EMAIL: "by e-mail",
    Identity.PHONE: "by telephone",
    Identity.PLATFORM_ID: "by the shop's own id",
    Identity.NOBODY: "by nobody",
}
DATES = {
    "dmy": "the day first (dmy)",
    "mdy": "the month first (mdy)",
    "ymd": "the year first (ymd)",
}
COUNTED_WITH_OPEN = "COUNTED_STATUSES=paid,partially_paid,partially_refunded,authorized,pending"


def summary_lines(summary: ImportSummary) -> Iterator[str]:
    """Yield what is told of a call: each file, then the tables."""
    for one in summary.files:
        yield from _file_lines(one)
    if summary.spent is not None:
        stated, wrong = summary.spent
        yield (
            f"{wrong:,} of {stated:,} customers are said to have spent another sum than their "
            "orders in these files add up to"
        )
    if summary.is_loaded:
        for table, count in summary.rows.items():
            yield f"{count:>12,} {table.replace('_', ' ')} are there now"


def _file_lines(one: FileSummary) -> Iterator[str]:
    yield f"{one.understood.name}: {one.understood.format}"
    yield from (f"  {line}" for line in _understood(one.understood))
    counts = f"read {one.read:,}, loaded {one.loaded:,}, replaced {one.replaced:,}"
    yield f"  {counts}, refused {sum(each.count for each in one.refused):,}"
    yield from _reasons("refused", one.refused)
    yield from _reasons("lines of orders refused", one.parts_refused)
    yield from _reasons("left out", one.left_out)
    if one.first and one.last:
        yield f"  placed from {one.first:%Y-%m-%d %H:%M} to {one.last:%Y-%m-%d %H:%M} UTC"
    for code, total in one.sums.items():
        yield f"  sum {total:,.2f} {code}".rstrip()
    if one.identities:
        told = (f"{count:,} {IDENTITIES[by]}" for by, count in sorted(one.identities.items()))
        yield f"  who ordered is known: {', '.join(told)}"
    if one.open_although_fulfilled:
        yield (
            f"  {one.open_although_fulfilled:,} orders are not paid though they are fulfilled; if "
            f"they are paid on delivery, {COUNTED_WITH_OPEN} counts them"
        )


def _reasons(word: str, found: Sequence[Refusals]) -> Iterator[str]:
    for one in found:
        example = "" if one.example == one.kind else f" (line {one.line}: {one.example})"
        yield f"    {word}: {one.count:,}, {one.kind}{example}"


def look_lines(look: FileLook) -> Iterator[str]:
    """Yield how a file would be read, with its first rows."""
    yield f"{look.understood.name}: {look.understood.format}"
    yield from (f"  {line}" for line in _understood(look.understood))
    for ours, theirs in look.understood.columns.items():
        if ours != theirs:
            yield f"  {ours} = {theirs}"
    for row in look.rows:
        values = ", ".join(f"{name} {value}" for name, value in row.values.items() if value)
        yield f"  {row.table.replace('_', ' ')}: {values}"
    yield from _reasons("refused", look.refused)


def _understood(one: Understanding) -> Iterator[str]:
    if one.encoding:
        evidence = f" ({one.encoding_evidence})" if one.encoding_evidence else ""
        separated = f", with {one.separator}" if one.separator else ""
        yield f"text in {one.encoding}{evidence}{separated}"
    if one.dates:
        yield f"dates have {DATES[one.dates]}"
    if one.decimal:
        yield f"amounts have a decimal {'point' if one.decimal == '.' else 'comma'}"
    if one.currencies:
        counts = (f"{code} on {count:,} lines" for code, count in one.currencies.items())
        yield f"currencies: {', '.join(counts)}"
