"""What a check comes to, in one line."""

from backend.results.readiness import Readiness


def verdict(found: Readiness) -> str:
    """Say whether a run's results would be right, and how much else was found."""
    errors, warnings = (
        sum(one.level == level for one in found.findings) for level in ("error", "warning")
    )
    if errors:
        return f"Not ready: {_counted(errors, 'error')}, {_counted(warnings, 'warning')}."
    if warnings:
        return f"Ready, with {_counted(warnings, 'warning')}: results may suffer."
    return "Ready: nothing found would spoil the results."


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
