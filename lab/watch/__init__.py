"""Promises, checked on a system that is there already, while its operator does to it what they have to do."""
