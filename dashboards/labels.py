"""The names of labels and jobs, once: whoever scrapes under other names changes them here, and nowhere else."""

from typing import Final

JOB: Final = "job"
INSTANCE: Final = "instance"
MODE: Final = "sticky_mode"  # of hotseat_info: on, off
PROCESS: Final = f"{JOB}, {INSTANCE}"  # what tells one process from all others

# Jobs, by the kind of process they scrape.
WEB_JOB: Final = "web"
WORKER_JOB: Final = "worker"
PROXY_JOB: Final = "proxy"

# HAProxy's sections (haproxy.cfg), and the names of a server's states in its exporter.
FRONT_SECTION: Final = "front"
SLOTS_SECTION: Final = "web"

STREAMS: Final = "api_report_events"  # a route whose answers end when the reader leaves
OF_NO_REQUEST: Final = "lease|check|fleet|handover"  # calls to Redis that a process makes by itself
MOVED: Final = "moved_down|moved_drain|moved_rebalance"


def chosen(metric: str, *matchers: str) -> str:
    """The series of `metric` that the board's job and instance choose, and that match `matchers` besides."""
    everywhere = (f'{JOB}=~"${JOB}"', f'{INSTANCE}=~"${INSTANCE}"')
    return f"{metric}{{{', '.join((*everywhere, *matchers))}}}"


def web(metric: str, *matchers: str) -> str:
    """Those of web processes alone."""
    return chosen(metric, f'{JOB}="{WEB_JOB}"', *matchers)


def at_the_door(metric: str, *matchers: str) -> str:
    """HAProxy's, of the section browsers come to."""
    return chosen(metric, f'proxy="{FRONT_SECTION}"', *matchers)


def behind_the_door(metric: str, *matchers: str) -> str:
    """HAProxy's, of the section that holds the web processes."""
    return chosen(metric, f'proxy="{SLOTS_SECTION}"', *matchers)
