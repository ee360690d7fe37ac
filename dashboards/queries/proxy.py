"""What HAProxy saw: the only witness that outlives any instance."""

from dashboards.labels import at_the_door, behind_the_door
from dashboards.queries.counting import OVER, STEPS, added, largest, rate, share, total

_STATUS = "haproxy_server_status"
_ANSWERS = "haproxy_frontend_http_responses_total"
_DOWN = "haproxy_server_downtime_seconds_total"


def answers() -> str:
    """Answers per second at the door, by the first digit of their status."""
    return f"{added(rate(at_the_door(_ANSWERS)), 'code')} > 0"


def failing() -> str:
    """Answers per second that were errors of ours."""
    return added(rate(at_the_door(_ANSWERS, 'code="5xx"')))


def failing_share() -> str:
    """The share of requests at the door that ended in an error of ours."""
    return share(failing(), added(rate(at_the_door(_ANSWERS))))


def failed_in_all() -> str:
    """How many requests of the board's time range ended in an error of ours."""
    failed = at_the_door(_ANSWERS, 'code="5xx"')
    return f"round({added(total(failed))})"


def up_share() -> str:
    """Slots that serve, of all that are open."""
    return share(added(_state("UP")), added(_state("UP|DRAIN|NOLB|DOWN")))


def states() -> str:
    """For each open slot: 1 serves, 2 is leaving, 3 is down."""
    numbered = f"{_state('UP')} or 2 * {_state('DRAIN|NOLB')} or 3 * {_state('DOWN')}"
    return f"{added(numbered, 'server')} > 0"


def longest_gap_of_a_slot() -> str:
    """The most seconds at a stretch for which an open slot was down, in the board's time range."""
    down = f"increase({behind_the_door(_DOWN)}[{OVER}])"
    return largest(f"max_over_time(({_of_open(down)}){STEPS})")


def longest_gap_of_all() -> str:
    """The same for all slots at once: nobody was served."""
    down = f"increase({behind_the_door('haproxy_backend_downtime_seconds_total')}[{OVER}])"
    return largest(f"max_over_time({down}{STEPS})")


def down_seconds() -> str:
    """For how long each open slot was down in the board's time range."""
    return added(_of_open(total(behind_the_door(_DOWN))), "server")


def retries() -> str:
    """Requests per second that were sent again."""
    return added(rate(behind_the_door("haproxy_backend_retry_warnings_total")))


def redispatches() -> str:
    """Of those, the ones that went to another slot."""
    return added(rate(behind_the_door("haproxy_backend_redispatch_warnings_total")))


def connection_errors() -> str:
    """Connections per second that could not be made."""
    return added(rate(behind_the_door("haproxy_backend_connection_errors_total")))


def broken_answers() -> str:
    """Answers per second that a slot broke off, or that made no sense."""
    aborts = added(rate(behind_the_door("haproxy_backend_server_aborts_total")))
    return f"{aborts} + {added(rate(behind_the_door('haproxy_backend_response_errors_total')))}"


def sessions_by_slot() -> str:
    """Requests that each open slot is working on."""
    return added(_of_open(behind_the_door("haproxy_server_current_sessions")), "server")


def waiting_for_a_slot() -> str:
    """Requests that wait until a slot has room."""
    return added(behind_the_door("haproxy_backend_current_queue"))


def response_seconds() -> str:
    """Seconds until a slot began to answer, over its last 1,024 requests, on average."""
    return added(_of_open(behind_the_door("haproxy_server_response_time_average_seconds")), "server")


def _state(states: str) -> str:
    return behind_the_door(_STATUS, f'state=~"{states}"')


def _of_open(expression: str) -> str:
    closed = behind_the_door(_STATUS, 'state="MAINT"')
    return f"({expression} and on (server) ({closed} == 0))"
