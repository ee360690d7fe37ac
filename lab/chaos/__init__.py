"""Faults under load, one after the other, and what became of the promises."""
