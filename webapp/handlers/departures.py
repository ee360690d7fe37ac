"""Deleting one's account, as a page and as API."""

from webapp import answers
from webapp.departures import begin_departure
from webapp.errors import Refusal
from webapp.forms import Farewell, from_form
from webapp.handlers.accounts import Entrance
from webapp.handlers.settings import MeApi as KeptMeApi
from webapp.handlers.settings import SettingsPage
from webapp.handlers.visitor import Visitor


class Leaver(Entrance):
    """What pages and API share."""

    async def leave(self, visitor: Visitor, given: Farewell) -> None:
        """Deletes the account of somebody who knows its password. Raises as `prove`."""
        account, _ = await self.prove(visitor, "password", given.password)

        async def work() -> answers.Ended:
            await begin_departure(self.resources, account.id, account.tag)
            return answers.Ended(1)

        await self.written(visitor.session, work, answers.Ended)
        self.forget_session()


class LeavePage(SettingsPage, Leaver):
    """`POST /settings/leave`"""

    async def get(self) -> None:
        self.redirect("/settings")

    async def post(self) -> None:
        visitor = await self.insist()
        try:
            await self.leave(visitor, from_form(self.request.body_arguments, Farewell))
        except Refusal as error:
            await self.show_settings(visitor, error, at="password")
        else:
            self.leave_for("/", "gone")


class MeApi(KeptMeApi, Leaver):
    """`GET`, `PUT` and `DELETE /api/v1/me`"""

    async def delete(self) -> None:
        await self.leave(await self.insist(), self.body(Farewell))
        self.answer_nothing()
