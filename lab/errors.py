"""What can go wrong in the lab.

LabError
├── Misuse        a file, name or option that cannot be used
└── SiteTrouble   the site is not there, is another application, or does not come back
"""


class LabError(Exception):
    """The message is a sentence for whoever runs the lab."""


class Misuse(LabError):
    """Nothing was begun: what is asked for cannot be done."""


class SiteTrouble(LabError):
    """The site does not do what a site of ours does; what was measured before is kept."""
