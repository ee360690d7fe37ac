"""Why there may be nothing to show, in the same words on every board."""

from typing import Final

NO_REQUESTS: Final = "No requests in this time range."
NO_PROXY: Final = "No word from HAProxy: choose its job and instance."
NO_PROCESS: Final = "No word from any process in this time range."
NO_COPIES: Final = "No hot copies: stickiness is off."
NO_WEB: Final = "No word from web processes in this time range."
NOT_HOT: Final = "No lookups in memory: hot copies are off."
TOO_FEW: Final = "Never a request a second in this time range."
