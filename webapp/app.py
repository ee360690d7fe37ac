"""The route table. Handlers get their dependencies from it; nothing else knows all of them."""

from pathlib import Path
from typing import Any

from tornado.web import Application

from webapp.album import STORED
from webapp.handlers import (
    accounts,
    boards,
    cards,
    departures,
    front,
    media,
    passwords,
    people,
    report_events,
    reports,
    settings,
)
from webapp.handlers.api import NoSuchApi
from webapp.handlers.base import Base
from webapp.handlers.openapi import OpenApi
from webapp.handlers.static import StaticFiles
from webapp.looks import Fingerprints, open_templates
from webapp.protection import page_policy, protective_headers
from webapp.resources import Resources

STATIC = Path(__file__).parent / "static"
CARD = r"([0-9a-f]{24})"
HANDLE = r"([a-z0-9_]{3,20})"
SESSION = r"([0-9a-f]{64})"
REPORT = r"([0-9a-f]{24})"

ROUTES: tuple[tuple[str, type[Base], str], ...] = (
    # path, handler, the route's name in metrics and logs
    (r"/", front.Front, "front"),
    (r"/signup", accounts.SignupPage, "signup"),
    (r"/login", accounts.LoginPage, "login"),
    (r"/logout", accounts.LogoutPage, "logout"),
    (r"/board", boards.BoardPageHandler, "board"),
    (r"/cards", cards.NewCardPage, "cards"),
    (rf"/cards/{CARD}", cards.CardPage, "card"),
    (rf"/cards/{CARD}/(like|unlike)", cards.LikePage, "like"),
    (r"/people", people.PeoplePage, "people"),
    (rf"/people/{HANDLE}", people.PersonPage, "person"),
    (rf"/people/{HANDLE}/(follow|unfollow)", people.FollowPage, "follow"),
    (r"/settings", settings.SettingsPage, "settings"),
    (r"/settings/profile", settings.ProfilePage, "settings_profile"),
    (r"/settings/avatar", settings.AvatarPage, "settings_avatar"),
    (r"/settings/password", passwords.PasswordPage, "settings_password"),
    (r"/settings/leave", departures.LeavePage, "settings_leave"),
    (r"/settings/sessions/revoke", settings.RevokePage, "settings_revoke"),
    (r"/settings/reports", reports.ReportPage, "settings_reports"),
    (rf"/media/({STORED})", media.PictureHandler, "media"),
    (r"/api/v1/openapi.json", OpenApi, "api_openapi"),
    (r"/api/v1/signup", accounts.SignupApi, "api_signup"),
    (r"/api/v1/login", accounts.LoginApi, "api_login"),
    (r"/api/v1/logout", accounts.LogoutApi, "api_logout"),
    (r"/api/v1/me", departures.MeApi, "api_me"),
    (r"/api/v1/me/password", passwords.PasswordApi, "api_password"),
    (r"/api/v1/me/preferences", settings.PreferencesApi, "api_preferences"),
    (r"/api/v1/me/avatar", settings.AvatarApi, "api_avatar"),
    (r"/api/v1/visits", front.VisitsApi, "api_visits"),
    (r"/api/v1/board", boards.BoardApi, "api_board"),
    (r"/api/v1/cards", cards.CardsApi, "api_cards"),
    (rf"/api/v1/cards/{CARD}", cards.CardApi, "api_card"),
    (rf"/api/v1/cards/{CARD}/like", cards.LikeApi, "api_like"),
    (rf"/api/v1/people/{HANDLE}", people.PersonApi, "api_person"),
    (rf"/api/v1/people/{HANDLE}/follow", people.FollowApi, "api_follow"),
    (r"/api/v1/sessions", settings.SessionsApi, "api_sessions"),
    (rf"/api/v1/sessions/{SESSION}", settings.SessionApi, "api_session"),
    (r"/api/v1/reports", reports.ReportsApi, "api_reports"),
    (rf"/api/v1/reports/{REPORT}", reports.ReportApi, "api_report"),
    (rf"/api/v1/reports/{REPORT}/events", report_events.ReportEventsApi, "api_report_events"),
    (r"/api/.*", NoSuchApi, "api_unknown"),
    (r".*", front.NoSuchPage, "unknown"),
)


def route_methods() -> dict[str, list[str]]:
    """The closed set behind the label `route`, with the methods each one answers."""
    return {"static": ["GET"], **{name: handler.methods() or ["GET"] for _, handler, name in ROUTES}}


def make_app(resources: Resources) -> Application:
    """The application: pages and API."""
    media_base_url = resources.settings.media_base_url
    fingerprints = Fingerprints(lambda path: (STATIC / path).read_bytes())
    table: list[Any] = [(r"/static/(.*)", StaticFiles, {"path": str(STATIC), "resources": resources})]
    table += [(path, handler, {"resources": resources, "route": name}) for path, handler, name in ROUTES]
    return Application(
        table,
        templates=open_templates(fingerprints.url, media_base_url),
        protective_headers=protective_headers(secure=resources.settings.secure),
        page_policy=page_policy(media_base_url),
        xsrf_cookies=True,
        log_function=lambda handler: None,  # each request is logged once, in handlers/base.py
    )
