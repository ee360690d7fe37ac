"""Contracts between the parts: what one promises and another relies on."""

from quiet_log import Expects, expects, structured_log

__all__ = ["Expects", "expects", "structured_log"]
