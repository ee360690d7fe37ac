"""Past one machine: the cache engine and the rules of affinity, driven by a simulation of a fleet of any size."""

from lab.simulate.plan import Plan
from lab.simulate.result import Felt, Result
from lab.simulate.run import Run
from lab.simulate.workload import Workload

__all__ = ["Felt", "Plan", "Result", "Run", "Workload"]
