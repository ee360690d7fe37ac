"""The embedded stores keep what they were given: `down` and `up` again, and everything is where it was."""

from pathlib import Path

import pytest
from member import Member
from photo import photo

from deploy.local import Stack

pytestmark = [pytest.mark.stack, pytest.mark.asyncio]


async def test_data_survives_down_and_up(tmp_path: Path, clean_environ: dict[str, str]) -> None:
    """Account, session, preference, card, photo and visitor count are there after the stack was down."""
    stack = Stack(tmp_path / "run", {**clean_environ, "HTTP_PORT": "0", "WEB_INSTANCES": "1"})
    try:
        stack.up()
        async with Member(stack.url) as member:
            await member.sign_up()
            sent = await member.done(
                "POST", "/api/v1/cards", data={"text": "Kept."}, files={"photo": ("p.jpg", photo())}
            )
            await member.done("PATCH", "/api/v1/me/preferences", json={"theme": "dark"})
            picture = await member.ask("GET", f"/media/{sent['photo']}")
            visits = await member.done("POST", "/api/v1/visits")
            stack.down()
            stack.up()

            async with Member(stack.url, handle=member.handle) as again:
                again.client.cookies = member.client.cookies
                assert (await again.done("GET", "/api/v1/me"))["preferences"] == {"theme": "dark"}
                assert (await again.done("GET", f"/api/v1/cards/{sent['id']}"))["text"] == "Kept."
                assert (await again.ask("GET", f"/media/{sent['photo']}")).content == picture.content
                assert await again.done("GET", "/api/v1/visits") == visits
                await again.log_in()
    finally:
        stack.down()
