"""What an error page is headed by, and what it says one may do now. What went wrong is told by whoever raised it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Apology:
    """`then`: what to do after a page was asked for; `resend`: after something was sent, if that is not the same."""

    title: str
    then: str
    resend: str = ""

    def advice(self, *, sent: bool, retry_seconds: int | None) -> str:
        """What to do now."""
        advice = self.resend if sent and self.resend else self.then
        return advice.format(wait="a moment" if retry_seconds is None else f"{retry_seconds} seconds")


FRONT_PAGE = "Start again from the front page."
APOLOGIES: Mapping[int, Apology] = {
    400: Apology("We could not read this", FRONT_PAGE, "Go back and send it again."),
    403: Apology("This was not let in", FRONT_PAGE, "Go back, reload the page and send it again."),
    404: Apology("There is nothing here", "Check the address. What was here may have been taken down."),
    405: Apology("This address takes something else", FRONT_PAGE),
    409: Apology("This is taken", FRONT_PAGE, "Go back and choose another."),
    413: Apology("This is too large", FRONT_PAGE, "Go back and choose a smaller picture."),
    422: Apology("This cannot be accepted", FRONT_PAGE, "Go back, change what is named above, and send it again."),
    429: Apology("This was too much at once", "Come back when the time that is named above is over."),
    500: Apology(
        "Something broke on our side",
        "It has been noted. Try once more; if it breaks again, tell us.",
        "It has been noted. Go back and send it once more: a form that is sent twice counts once.",
    ),
    503: Apology(
        "Back in a moment",
        "Wait {wait}, then try again. Nothing you have here is lost.",
        "Wait {wait}, then go back and send it again: a form that is sent twice counts once.",
    ),
}
OTHER = Apology("This did not work", FRONT_PAGE, "Go back and try again.")


def apology_for(status: int) -> Apology:
    """The words for a status."""
    return APOLOGIES.get(status, APOLOGIES[500] if status >= 500 else OTHER)
