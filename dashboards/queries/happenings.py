"""What was done to the fleet, or befell it, told from its metrics.

Each gives the moment, in milliseconds, at which a process began that this is news of; or a value above 0 meanwhile.
"""

from dashboards.labels import MODE, PROCESS, behind_the_door, chosen
from dashboards.queries.counting import OVER, largest

_INFO = "hotseat_info"
_BEGAN = f"1000 * {chosen('process_start_time_seconds')}"


def restarted() -> str:
    """A process began whose forerunner had said that it leaves: a restart, a deploy, a toggle."""
    return _began_after("leaving")


def died() -> str:
    """A process began whose forerunner never said that it leaves: it was killed, or crashed."""
    return _began_after("death")


def unreachable() -> str:
    """HAProxy found a slot dead that was not leaving."""
    fell = largest(f"increase({behind_the_door('haproxy_server_check_up_down_total')}[{OVER}])", "server")
    left = behind_the_door("haproxy_server_status", 'state=~"MAINT|NOLB|DRAIN"')
    return f"{fell} > 0 unless on (server) ({largest(f'max_over_time({left}[{OVER}])', 'server')} > 0)"


def leaving() -> str:
    """A process is leaving: its users go to others."""
    return f"{largest(chosen('hotseat_drain_seconds'), PROCESS)} > 0"


def deployed() -> str:
    """A process began with another version than ran there before, and not for the sake of the mode."""
    return _marked("version", f"({_news('version')}) unless on ({PROCESS}) ({_news(MODE)})")


def toggled() -> str:
    """A process began in the other mode. Of those that do so at once, the first counts."""
    return _marked(MODE, _news(MODE))


def _began_after(what: str) -> str:
    begun = chosen("hotseat_begun", f'after="{what}"')
    return f"{_BEGAN} and on ({PROCESS}) {begun} == 1"


def _news(label: str) -> str:
    now, before = chosen(_INFO), f"{chosen(_INFO)} offset {OVER}"
    return f"({now} unless on ({PROCESS}, {label}) {before}) and on ({PROCESS}) {before}"


def _marked(label: str, news: str) -> str:
    return f"min by ({label}) ({_BEGAN} * on ({PROCESS}) group_left ({label}) max by ({PROCESS}, {label}) ({news}))"
