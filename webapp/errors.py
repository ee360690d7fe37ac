"""What can go wrong in `webapp`, as one tree. Handlers raise; one place in `handlers/base.py` answers.

WebappError
├── SettingsInvalid       the environment is wrong; carries a sentence per faulty variable
├── BackendUnavailable    a backing service is slow or gone; carries its name
├── Overloaded            a bound of this process was reached; nothing was done
├── ClaimLost             somebody else does this job by now; what was done of it does not count
├── NotFound              there is no such card, person, session, report or picture
└── Refusal               what the client sent is not taken; nothing was done
    ├── InvalidInput      it cannot be accepted; carries a message per field
    ├── Conflict          the truth already holds something else (a taken handle, a key used with another body)
    └── TooMany           the person has done too much of this for now
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


class ClaimLost(WebappError):
    """This process was taken for dead."""


class NotFound(WebappError):
    """`what` is the noun for the person who asked."""

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no such {what}.")
        self.what = what


class Refusal(WebappError):
    """`faults` maps a field to a sentence about it, `status` is the answer's; `retry_after`, if it may be sent again
    unchanged: in how many seconds, as the header of that name has it.
    """

    retry_after: int | None = None

    def __init__(self, faults: Mapping[str, str], status: int) -> None:
        self.faults = dict(faults)
        self.status = status
        super().__init__("; ".join(f"{field}: {fault}" for field, fault in self.faults.items()))

    def faults_at(self, field: str) -> Mapping[str, str]:
        """The same for a form in which this field is at fault, should the refusal be of the whole."""
        return self.faults


class InvalidInput(Refusal):
    """Names the fields of what was sent."""

    def __init__(self, faults: Mapping[str, str], status: int = 422) -> None:
        super().__init__(faults, status)


class _Whole(Refusal):
    """What was sent is refused as a whole. `field` is what that is about, `detail` the sentence."""

    def __init__(self, field: str, detail: str, status: int) -> None:
        super().__init__({field: detail}, status)
        self.field = field
        self.detail = detail

    def faults_at(self, field: str) -> Mapping[str, str]:
        return {field: self.detail}


class Conflict(_Whole):
    """Something else is already there."""

    def __init__(self, field: str, detail: str, status: int = 409) -> None:
        super().__init__(field, detail, status)


class TooMany(_Whole):
    """There was too much of `field`; `retry_seconds` is when it may be tried again."""

    def __init__(self, field: str, detail: str, retry_seconds: float) -> None:
        super().__init__(field, detail, 429)
        self.retry_after = max(1, ceil(retry_seconds))  # whole seconds, and some time has to pass
