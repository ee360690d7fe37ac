"""What is scraped under which name: the labels by which rules find the parts of a fleet.

The local stack labels its targets so (`deploy/local/prometheus.py`); elsewhere relabelling does.
"""

WEB = 'job="web"'
WORKER = 'job="worker"'
APPLICATION = 'job=~"web|worker"'
PROXY = 'job="proxy"'

# haproxy.cfg: the only door for browsers, and the slots behind it
FRONT = f'{PROXY}, proxy="front"'
SLOTS = f'{PROXY}, proxy="web"'

# What is said of all of it carries these, so that a dashboard's choice of jobs and instances finds it too.
OF_THE_FLEET = {"job": "hotseat", "instance": "fleet"}

# Their time is that of the person's own line, or as long as they stay: it says nothing about the application.
UNTIMED_ROUTES = ("api_avatar", "api_cards", "api_report_events", "cards", "media", "settings_avatar")
TIMED = f'{WEB}, route!~"{"|".join(UNTIMED_ROUTES)}"'
