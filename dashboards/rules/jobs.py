"""The matchers by which rules find the parts of a fleet, made of the names in `dashboards.labels`.

The local stack labels its targets so (`deploy/local/prometheus.py`); elsewhere relabelling does.
"""

from dashboards.labels import FRONT_SECTION, JOB, PROXY_JOB, SLOTS_SECTION, WEB_JOB, WORKER_JOB

WEB = f'{JOB}="{WEB_JOB}"'
WORKER = f'{JOB}="{WORKER_JOB}"'
APPLICATION = f'{JOB}=~"{WEB_JOB}|{WORKER_JOB}"'
PROXY = f'{JOB}="{PROXY_JOB}"'

# haproxy.cfg: the only door for browsers, and the slots behind it
FRONT = f'{PROXY}, proxy="{FRONT_SECTION}"'
SLOTS = f'{PROXY}, proxy="{SLOTS_SECTION}"'

# What is said of all of it carries these, so that a dashboard's choice of jobs and instances finds it too.
OF_THE_FLEET = {"job": "hotseat", "instance": "fleet"}

# Their time is that of the person's own line, or as long as they stay: it says nothing about the application.
UNTIMED_ROUTES = ("api_avatar", "api_cards", "api_report_events", "cards", "media", "settings_avatar")
TIMED = f'{WEB}, route!~"{"|".join(UNTIMED_ROUTES)}"'
