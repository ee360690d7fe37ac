"""What people set about themselves: profile, picture, preferences, sessions; as pages and as API."""

import re
from collections.abc import Sequence

import msgspec

from webapp import answers
from webapp.errors import InvalidInput, NotFound, Refusal
from webapp.forms import Preferences, Profile, from_form
from webapp.handlers.accounts import me_of
from webapp.handlers.api import Api
from webapp.handlers.page import Page
from webapp.handlers.pictures import PictureWriter, Upload
from webapp.handlers.reports import ReportReader
from webapp.handlers.uploading import Uploading
from webapp.handlers.visitor import Visitor
from webapp.incoming import Incoming, WholeBody, look_at_picture

SESSION_ID = re.compile(r"[0-9a-f]{64}")


class SelfWriter(PictureWriter):
    """What pages and API share."""

    async def set_profile(self, visitor: Visitor, given: Profile) -> answers.Me:
        """Writes name and bio; the person as they are then."""
        people = self.resources.documents.people

        async def work() -> answers.Me:
            await people.change(visitor.person.id, {"name": given.name.strip(), "bio": given.bio.strip()})
            return me_of(await people.by_id(visitor.person.id), dict(visitor.session.preferences), 0)

        me, version = await self.written(visitor.session, work, answers.Me)
        return msgspec.structs.replace(me, version=version)

    async def set_avatar(self, visitor: Visitor, data: bytes | None) -> answers.Avatar:
        """Puts up a new picture. Raises InvalidInput saying what is wrong with it."""
        if not data:
            raise InvalidInput({"avatar": "Choose a picture first."})
        upload = Upload(self.resources, visitor.person.id, data, "avatar")

        async def work() -> answers.Avatar:
            key, _, _ = await upload.store()
            await self.resources.documents.people.change(visitor.person.id, {"avatar": key})
            return answers.Avatar(key)

        quotas = [self.resources.quotas.photo]
        avatar, _ = await self.written(visitor.session, work, answers.Avatar, quotas=quotas, costly=upload.process)
        return avatar

    async def sessions(self, visitor: Visitor) -> list[answers.SessionSeen]:
        """The person's living sessions."""
        return [
            answers.SessionSeen(
                each.id,
                each.device,
                each.place,
                each.created,
                each.last_seen,
                each.expires,
                each.id == visitor.session.id,
            )
            for each in await self.resources.sessions.list(visitor.session.tag)
        ]

    async def end_sessions(self, visitor: Visitor, session_ids: Sequence[str]) -> int:
        """Ends sessions of this person; how many there were. The browser forgets its own if it is among them."""

        async def work() -> answers.Ended:
            ended = await self.resources.sessions.end(visitor.session.tag, *session_ids)
            await self.resources.sessions.settle(visitor.session.tag)
            return answers.Ended(ended)

        # In a bracket, though nothing cached is affected: a session that is over must not end others.
        ended, _ = await self.written(visitor.session, work, answers.Ended, affects=())
        if visitor.session.id in session_ids:
            self.forget_session()
        return ended.ended

    async def end_every_session(self, visitor: Visitor, *, but_this: bool) -> int:
        """Ends all sessions of this person, or all others."""
        listed = await self.resources.sessions.list(visitor.session.tag)
        ids = [each.id for each in listed if not (but_this and each.id == visitor.session.id)]
        return await self.end_sessions(visitor, ids)


class SettingsPage(Page, SelfWriter, ReportReader):
    """`GET /settings`"""

    async def get(self) -> None:
        await self.show_settings(await self.insist())

    async def show_settings(self, visitor: Visitor, error: Refusal | None = None, at: str | None = None) -> None:
        """Renders the page, with what is wrong where a form was refused: `at` this field, if not at one."""
        listed = await self.sessions(visitor)
        reports = [await self.report_seen(report) for report in await self.newest_reports(visitor)]
        context = {"person": visitor.person, "sessions": listed, "reports": reports}
        if error is None:
            await self.touch(visitor)
            self.show("settings.html", visitor.person, **context)
        else:
            self.show_again("settings.html", visitor.person, error, at, **context)


class ProfilePage(SettingsPage):
    """`POST /settings/profile`"""

    async def get(self) -> None:
        self.redirect("/settings")

    async def post(self) -> None:
        visitor = await self.insist()
        try:
            await self.set_profile(visitor, from_form(self.request.body_arguments, Profile))
        except Refusal as error:
            await self.show_settings(visitor, error, at="name")
        else:
            self.leave_for("/settings", "saved")


class AvatarPage(Uploading, SettingsPage):
    """`POST /settings/avatar`"""

    file_field = "avatar"
    patient = True

    async def get(self) -> None:
        self.redirect("/settings")

    async def post(self) -> None:
        try:
            await self.set_avatar(await self.received(), self.uploaded("avatar"))
        except Refusal as error:
            await self.show_settings(await self.insist(), error, at="avatar")
        else:
            self.leave_for("/settings", "avatar")


class RevokePage(SettingsPage):
    """`POST /settings/sessions/revoke`: one (`id`), all others or all (`all`)."""

    async def get(self) -> None:
        self.redirect("/settings")

    async def post(self) -> None:
        visitor = await self.insist()
        which = self.get_body_argument("all", "")
        session_id = self.get_body_argument("id", "")
        if which in ("others", "all"):
            await self.end_every_session(visitor, but_this=which == "others")
        elif SESSION_ID.fullmatch(session_id):
            await self.end_sessions(visitor, [session_id])
        else:
            raise InvalidInput({"id": "Choose a session."})
        gone = which == "all" or session_id == visitor.session.id
        self.leave_for("/" if gone else "/settings", "out" if gone else "ended")


class MeApi(Api, SelfWriter):
    """`GET` and `PUT /api/v1/me`"""

    async def get(self) -> None:
        visitor = await self.insist()
        await self.touch(visitor)
        preferences = dict(visitor.session.preferences)
        self.answer(me_of(visitor.person, preferences, visitor.version, stale=bool(visitor.stale)))

    async def put(self) -> None:
        visitor = await self.insist()
        given = self.body(Profile)
        self.answer(await self.set_profile(visitor, given))


class PreferencesApi(Api):
    """`PATCH /api/v1/me/preferences`"""

    async def patch(self) -> None:
        visitor = await self.insist()
        given = self.body(Preferences)
        changes = {name: value for name in given.__struct_fields__ if (value := getattr(given, name)) is not None}
        me = me_of(visitor.person, {**visitor.session.preferences, **changes}, visitor.version)
        if self.idempotency_key() is None:
            version = await self.set_preferences(visitor, changes) if changes else visitor.version
        else:

            async def work() -> answers.Me:
                if changes:
                    await self.set_preferences(visitor, changes)
                return me

            me, version = await self.written(visitor.session, work, answers.Me, affects=())
        self.answer(msgspec.structs.replace(me, version=version))


class AvatarApi(Uploading, Api, SelfWriter):
    """`PUT /api/v1/me/avatar`: the raw bytes of a picture."""

    def body_to_come(self) -> Incoming:
        return WholeBody(look_at_picture("avatar"))

    async def put(self) -> None:
        self.answer(await self.set_avatar(await self.received(), self.request.body))


class SessionsApi(Api, SelfWriter):
    """`GET` and `DELETE /api/v1/sessions`"""

    async def get(self) -> None:
        self.answer(answers.SessionList(await self.sessions(await self.insist())))

    async def delete(self) -> None:
        self.answer(answers.Ended(await self.end_every_session(await self.insist(), but_this=False)))


class SessionApi(Api, SelfWriter):
    """`DELETE /api/v1/sessions/{id}`"""

    async def delete(self, session_id: str) -> None:
        if not await self.end_sessions(await self.insist(), [session_id]):
            raise NotFound("session")
        self.answer_nothing()
