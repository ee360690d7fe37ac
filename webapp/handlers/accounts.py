"""Signing up, logging in and out, as pages and as API."""

import secrets

from tornado.web import HTTPError

from webapp import answers
from webapp.addresses import client_address
from webapp.devices import device_name
from webapp.errors import InvalidInput, NotFound, Refusal, TooMany
from webapp.forms import Login, Signup, from_form
from webapp.guessable import refuse_guessable
from webapp.handlers.api import Api
from webapp.handlers.page import Page
from webapp.handlers.visitor import Visitor, in_words
from webapp.handlers.writing import Writer
from webapp.model import Account, Person
from webapp.places import place_of
from webapp.sessions import Presented, new_tag, presented

WRONG = "Handle and password do not belong together."
TRY_LATER = "Too many attempts. Try again in {time}."


class Entrance(Writer):
    """What pages and API share: accounts come in, sessions come out."""

    async def sign_up(self, given: Signup) -> tuple[Person, int]:
        """A new account and its first session; the person's version. Raises InvalidInput, Conflict, TooMany."""
        resources = self.resources
        refuse_guessable("password", given.password, given.handle)
        await self.admit()
        account = Account(
            id=secrets.token_hex(8),
            tag=new_tag(),
            handle=given.handle,
            password_hash=await resources.passwords.hash(given.password),
        )
        person = await resources.documents.people.add(account, given.name.strip())
        cookie, version = await self._start_session(account, given.time_zone)
        await self._take_over(cookie, version)
        return person, version

    async def log_in(self, given: Login) -> tuple[Person, int] | None:
        """A new session, in place of the one this browser may have had; None if handle and password don't match.

        Raises TooMany, whether they match or not.
        """
        resources = self.resources
        account, place = await self._tried(given.handle.lower(), given.password)
        if account is None or place is None:
            return None
        cookie, version = await self._start_session(account, given.time_zone)
        person = None
        try:
            # Looked at after the session began: a change of the password ends every session that began before it.
            person = await resources.documents.people.unchanged(account)
        finally:
            if person is None:
                await self._end(presented(cookie))
        if person is None:
            return None
        await self._take_over(cookie, version)
        return person, version

    async def log_out(self) -> None:
        """Ends the session behind the cookie, which the browser forgets in any case. Raises cache.Unavailable."""
        claim = self.claim()
        self.forget_session()
        await self._end(claim)

    async def admit(self, handle: str | None = None) -> None:
        """Counts an attempt to prove who one is, before anything is looked at. Raises TooMany."""
        address = client_address(self.request.headers.get("X-Forwarded-For", ""), self.request.remote_ip or "")
        seconds = await self.resources.throttle.attempt(address, handle)
        if seconds:
            self.resources.metrics.login_throttled()
            raise TooMany("login", TRY_LATER.format(time=in_words(seconds)), seconds)

    async def prove(self, visitor: Visitor, field: str, *passwords: str) -> tuple[Account, int]:
        """The account of somebody who knows its password, and which of these it is.

        Raises TooMany, InvalidInput naming the field, NotFound.
        """
        account, place = await self._tried(visitor.person.handle, *passwords)
        if account is None or account.id != visitor.person.id:
            raise NotFound("person")
        if place is None:
            raise InvalidInput({field: "This is not your password."}, 403)
        return account, place

    async def _tried(self, handle: str, *passwords: str) -> tuple[Account | None, int | None]:
        """The account of this handle, if there is one, and which of the passwords is its own, if one is.

        Costs the account an attempt only if none is: what could not be looked at was not wrong. Raises TooMany.
        """
        resources, wrong = self.resources, False
        await self.admit(handle)
        try:
            account = await resources.documents.people.account(handle)
            for place, password in enumerate(passwords):
                if await resources.passwords.matches(account.password_hash if account else None, password):
                    return account, place
            wrong = True
            return account, None
        finally:
            if not wrong:
                await resources.throttle.give_back(handle)

    async def _start_session(self, account: Account, time_zone: str) -> tuple[str, int]:
        headers = self.request.headers
        device = device_name(headers.get("User-Agent", ""))
        place = place_of(time_zone, headers.get("Accept-Language", ""))
        return await self.resources.sessions.start(account.tag, account.id, device, place)

    async def _take_over(self, cookie: str, version: int) -> None:
        """Gives the browser this session in place of the one it may have had."""
        await self._end(self.claim())
        self.remember_session(cookie, version)

    async def _end(self, claim: Presented | None) -> None:
        if claim is not None:
            await self.resources.sessions.end(claim.tag, claim.session_id)


class SignupPage(Page, Entrance):
    """`GET` and `POST /signup`."""

    async def get(self) -> None:
        visitor = await self.visitor()
        if visitor:
            self.redirect("/board")
            return
        self.show("signup.html", None)

    async def post(self) -> None:
        try:
            await self.sign_up(from_form(self.request.body_arguments, Signup))
        except Refusal as error:
            self.show_again("signup.html", None, error)
        else:
            self.leave_for("/board")


class LoginPage(Page, Entrance):
    """`GET` and `POST /login`."""

    async def get(self) -> None:
        visitor = await self.visitor()
        if visitor:
            self.redirect(self.next_path("/board"))
            return
        self.show("login.html", None, next=self.next_path("/board"))

    async def post(self) -> None:
        to = self.next_path("/board")
        try:
            found = await self.log_in(from_form(self.request.body_arguments, Login))
            if found is None:
                raise InvalidInput({"password": WRONG}, 401)
        except Refusal as error:
            self.show_again("login.html", None, error, next=to)
        else:
            self.leave_for(to)


class LogoutPage(Page, Entrance):
    """`POST /logout`."""

    async def post(self) -> None:
        await self.log_out()
        self.leave_for("/", "out")


class SignupApi(Api, Entrance):
    """`POST /api/v1/signup`"""

    async def post(self) -> None:
        person, version = await self.sign_up(self.body(Signup))
        self.answer(me_of(person, {}, version), 201)


class LoginApi(Api, Entrance):
    """`POST /api/v1/login`"""

    async def post(self) -> None:
        found = await self.log_in(self.body(Login))
        if found is None:
            raise HTTPError(401, WRONG)
        person, version = found
        self.answer(me_of(person, {}, version))


class LogoutApi(Api, Entrance):
    """`POST /api/v1/logout`"""

    async def post(self) -> None:
        await self.log_out()
        self.answer_nothing()


def me_of(person: Person, preferences: dict[str, str], version: int, *, stale: bool = False) -> answers.Me:
    """The person as they see themselves."""
    return answers.Me(
        id=person.id,
        handle=person.handle,
        name=person.name,
        bio=person.bio,
        avatar=person.avatar,
        followers=person.followers,
        following=person.following,
        cards=person.cards,
        joined=person.joined,
        preferences=preferences,
        version=version,
        stale=stale,
    )
