"""Where dashboards send their reader besides each other."""

from typing import Final

# As alerts name it. The project has no page on the web; a copy that has one writes its address here.
RUNBOOK_URL: Final = "docs/runbook.md"
