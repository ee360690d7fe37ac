"""How well and how fast the hot cache chooses what to keep, beside other engines and beside the optimum.

`python -m benchmarks.eviction --help`. Every load is generated from a seed; real traces are read where one says.
"""
