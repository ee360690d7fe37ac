"""A fleet of processes to race."""

from cache_races import fleet

__all__ = ["fleet"]
