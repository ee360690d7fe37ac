"""Postcards, the application of Hotseat. Its processes keep nothing."""
