"""The questions that panels ask, as named functions: each gives PromQL in which the board's variables stand."""
