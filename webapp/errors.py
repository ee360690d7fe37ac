"""What can go wrong in `webapp`, as one tree. Handlers raise; one place in `handlers/base.py` answers.

WebappError
├── SettingsInvalid       the environment is wrong; carries a sentence per faulty variable
├── BackendUnavailable    a backing service is slow or gone; carries its name
├── Overloaded            a bound of this process was reached; nothing was done
├── TooMany               the person has done too much of this for now; nothing was done
├── Conflict              the truth already holds something else (a taken handle, a key used with another body)
├── ClaimLost             somebody else does this job by now; what was done of it does not count
├── NotFound              there is no such card, person, session, report or picture
└── InvalidInput          what the client sent cannot be accepted; carries a message per field
"""

from collections.abc import Mapping
from math import ceil
from typing import Literal

Backend = Literal["redis", "mongodb", "s3"]


class WebappError(Exception):
    """The base of everything the application raises on its own account."""


class SettingsInvalid(WebappError):
    """`faults` maps a variable to what is wrong with it."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        self.faults = dict(faults)
        super().__init__("\n".join(f"{name}: {fault}" for name, fault in self.faults.items()))


class BackendUnavailable(WebappError):
    """A backing service did not do its part. Whether a write happened is unknown."""

    def __init__(self, backend: Backend, cause: str) -> None:
        super().__init__(f"{backend} is unavailable: {cause}")
        self.backend: Backend = backend


class Overloaded(WebappError):
    """Too much of one kind of work is waiting in this process already."""

    def __init__(self, work: str) -> None:
        super().__init__(f"too much work of this kind is waiting: {work}")


class TooMany(WebappError):
    """`field` names what there was too much of, `detail` says it, `retry_seconds` when it may be tried again."""

    status = 429

    def __init__(self, field: str, detail: str, retry_seconds: float) -> None:
        super().__init__(detail)
        self.field = field
        self.detail = detail
        self.retry_seconds = retry_seconds

    @property
    def retry_after(self) -> int:
        """As the header of that name has it: whole seconds, and some time has to pass."""
        return max(1, ceil(self.retry_seconds))


class Conflict(WebappError):
    """Something else is already there. `field` names the input at fault, `status` is the answer's."""

    def __init__(self, field: str, detail: str, status: int = 409) -> None:
        super().__init__(detail)
        self.field = field
        self.detail = detail
        self.status = status


class ClaimLost(WebappError):
    """This process was taken for dead."""


class NotFound(WebappError):
    """`what` is the noun for the person who asked."""

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no such {what}.")
        self.what = what


class InvalidInput(WebappError):
    """`faults` maps a field to a sentence about it."""

    def __init__(self, faults: Mapping[str, str], status: int = 422) -> None:
        self.faults = dict(faults)
        self.status = status
        super().__init__("; ".join(f"{field}: {fault}" for field, fault in self.faults.items()))
