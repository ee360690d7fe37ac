"""What goes wrong by itself, told before or beside the budgets: by the part that it is seen in.

A planned change tells nobody anything: each of these lasts longer than a restart, a drain or a toggle takes.
"""

from dashboards.rules.symptoms.fleet import FLEET
from dashboards.rules.symptoms.hot import HOT
from dashboards.rules.symptoms.stores import STORES

SYMPTOMS = (*FLEET, *HOT, *STORES)

__all__ = ["SYMPTOMS"]
