"""What the web processes count of themselves, read from /metrics and added up."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from lab.errors import SiteTrouble

PATIENCE_SECONDS: Final = 5.0
OF_NO_REQUEST: Final = ("lease", "check", "fleet", "handover")  # calls a process makes by itself

Labels = tuple[tuple[str, str], ...]


class Counts:
    """Samples by name and labels, of all processes together. Take one before and one after, and subtract."""

    def __init__(self, samples: Mapping[tuple[str, Labels], float]) -> None:
        self._samples = samples

    def since(self, before: "Counts") -> "Counts":
        """What was counted in between."""
        return Counts({key: value - before._samples.get(key, 0.0) for key, value in self._samples.items()})

    def total(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels."""
        wanted = set(labels.items())
        return sum(value for (each, has), value in self._samples.items() if each == name and wanted <= set(has))

    def calls(self, backend: str) -> float:
        """Round trips to a backing service that requests made."""
        name = "hotseat_backend_calls_total"
        return self.total(name, backend=backend) - sum(self.total(name, backend=backend, op=op) for op in OF_NO_REQUEST)

    def answered_by(self, region: str) -> dict[str, float]:
        """Lookups of a region by the tier that answered; those that had to be loaded under `load`."""
        name = "hotseat_cache_lookups_total"
        found = {tier: self.total(name, region=region, tier=tier, result="hit") for tier in ("hot", "redis")}
        return {**found, "load": self.total(name, region=region, tier="redis", result="miss")}


def counts_of(addresses: Iterable[str]) -> Counts:
    """From these admin addresses (`host:port`). Raises SiteTrouble naming one that does not answer."""
    samples: defaultdict[tuple[str, Labels], float] = defaultdict(float)
    for address in addresses:
        for family in text_string_to_metric_families(_metrics_of(address)):
            for sample in family.samples:
                samples[sample.name, tuple(sorted(sample.labels.items()))] += sample.value
    return Counts(samples)


def _metrics_of(address: str) -> str:
    try:
        with urlopen(f"http://{address}/metrics", timeout=PATIENCE_SECONDS) as answer:
            return str(answer.read().decode())
    except (URLError, OSError) as error:
        raise SiteTrouble(f"The metrics at {address} cannot be read: {error}") from error
