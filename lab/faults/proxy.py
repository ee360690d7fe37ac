"""HAProxy is replaced under its clients."""

from dataclasses import dataclass
from typing import ClassVar

from lab.faults.fault import Fault
from lab.history import Change
from lab.testbed.site import Site


@dataclass(frozen=True, kw_only=True)
class ReplaceProxy(Fault):
    """Over when the old one has answered its last client, which takes 15 s with a client that stays quiet."""

    name: str = "proxy-restart"
    part: str = "haproxy"
    change: Change = "planned"
    does: str = "Replaces HAProxy: the new one takes over the listening socket, the old one finishes."
    about: str = "P7: no request fails, no connection is refused."
    lasts: ClassVar[bool] = False

    def strike(self, site: Site) -> None:
        site.stack.replace_proxy()
