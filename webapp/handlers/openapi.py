"""`GET /api/v1/openapi.json`."""

from webapp.handlers.api import Api
from webapp.openapi import document


class OpenApi(Api):
    """The description of the API, for people and tools."""

    async def get(self) -> None:
        self.answer(document(self.resources.version, self._cookie("session")))
