"""Changing one's password, as a page and as API."""

from cache import Refused
from webapp import answers
from webapp.errors import Conflict, Refusal
from webapp.forms import NewPassword, from_form
from webapp.guessable import refuse_guessable
from webapp.handlers.accounts import Entrance
from webapp.handlers.api import Api
from webapp.handlers.settings import SettingsPage
from webapp.handlers.visitor import Visitor

CHANGED_MEANWHILE = "Your password was changed just now, from elsewhere."


class PasswordChanger(Entrance):
    """What pages and API share."""

    async def change_password(self, visitor: Visitor, given: NewPassword) -> int:
        """Changes the password, gives this session a new id, ends all others; how many.

        First the password, for while it is the former one anybody who knows that can begin another session. Whoever
        sends the same again, because something failed on the way, has it done to the end. Raises as `prove`, Conflict.
        """
        resources, session = self.resources, visitor.session
        refuse_guessable("new", given.new, visitor.person.handle)
        account, place = await self.prove(visitor, "current", given.current, given.new)
        changed = await resources.passwords.hash(given.new) if place == 0 else None

        async def work() -> answers.Ended:
            if changed and not await resources.documents.people.change_password(account, changed):
                raise Conflict("current", CHANGED_MEANWHILE)
            others = [each.id for each in await resources.sessions.list(session.tag) if each.id != session.id]
            ended = await resources.sessions.end(session.tag, *others)
            renewed = await resources.sessions.renew(session)
            if renewed is None:
                raise Refused("the session is over")
            self.remember_session(*renewed)
            await resources.sessions.settle(session.tag)
            return answers.Ended(ended)

        ended, _ = await self.written(session, work, answers.Ended, affects=())
        return ended.ended


class PasswordPage(SettingsPage, PasswordChanger):
    """`POST /settings/password`"""

    async def get(self) -> None:
        self.redirect("/settings")

    async def post(self) -> None:
        visitor = await self.insist()
        try:
            await self.change_password(visitor, from_form(self.request.body_arguments, NewPassword))
        except Refusal as error:
            await self.show_settings(visitor, error, at="current")
        else:
            self.leave_for("/settings", "password")


class PasswordApi(Api, PasswordChanger):
    """`PUT /api/v1/me/password`"""

    async def put(self) -> None:
        visitor = await self.insist()
        self.answer(answers.Ended(await self.change_password(visitor, self.body(NewPassword))))
