"""The report of a run: one page that needs nothing else, and its charts as pictures."""

from lab.report.page import write_report

__all__ = ["write_report"]
