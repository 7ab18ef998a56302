"""A run's report as a page that a person can read: one file, no scripts, nothing loaded."""

from backend.report.page import render_report

__all__ = ["render_report"]
