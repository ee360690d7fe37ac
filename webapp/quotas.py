"""How much one person may write, so that one cannot fill the stores for all. Counted in Redis, across instances."""

from dataclasses import dataclass
from typing import Final

from cache import Quota
from webapp.settings import Settings

DAY_SECONDS: Final = 86_400.0


@dataclass(frozen=True)
class Quotas:
    """All of a day's may be used at once; they come back evenly."""

    card: Quota
    photo: Quota
    report: Quota

    @classmethod
    def of(cls, settings: Settings) -> "Quotas":
        """The quotas of these settings."""
        return cls(
            card=Quota("cards", settings.cards_per_day, DAY_SECONDS),
            photo=Quota("photos", settings.photos_per_day, DAY_SECONDS),
            report=Quota("reports", settings.reports_per_day, DAY_SECONDS),
        )
