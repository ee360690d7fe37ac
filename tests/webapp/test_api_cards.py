"""Cards: sending one, sending it twice, liking it."""

import asyncio
import io

import pytest
from browsing import Part
from photo import photo
from PIL import Image
from sites import Member, Site

pytestmark = pytest.mark.gen_test(timeout=30)

PHOTO = Part(photo(), "a.jpg", "image/jpeg")
NO_CARD = "0" * 24


async def profile(member: Member) -> dict[str, object]:
    """What a visitor sees of somebody."""
    return (await member.browser.get(f"/api/v1/people/{member.handle}")).json


async def test_a_card_is_sent_and_found(site: Site) -> None:
    """As its author sees it, as others do, and under its address."""
    ada, bob = await site.join(), await site.join()
    answer = await ada.browser.post("/api/v1/cards", json={"text": " Hello from Arles.\n"})
    card = answer.json
    assert (answer.status, answer.headers["Location"]) == (201, f"/api/v1/cards/{card['id']}")
    assert (card["text"], card["mine"], card["likes"], card["photo"]) == ("Hello from Arles.", True, 0, None)
    assert card["author"] == {"handle": ada.handle, "name": "Ada Byron", "avatar": None}
    assert (await bob.browser.get(answer.headers["Location"])).json == card | {"mine": False}
    assert (await site.browser().get(answer.headers["Location"])).json == card | {"mine": False}
    assert (await profile(ada))["person"]["cards"] == 1


@pytest.mark.usefixtures("bucket")
async def test_a_card_with_a_photo(site: Site) -> None:
    """Multipart, with the photo's size told so that a page can leave room for it."""
    ada = await site.join()
    answer = await ada.browser.post("/api/v1/cards", parts={"text": Part(b"Look!"), "photo": PHOTO})
    assert answer.status == 201, answer.text
    card = answer.json
    shown = await site.browser().get(f"/media/{card['photo']}")
    with Image.open(io.BytesIO(shown.body)) as picture:
        assert picture.size == (card["photo_width"], card["photo_height"]) == (640, 480)


async def test_a_multipart_card_without_a_photo(site: Site) -> None:
    """What a form sends when nothing was chosen: an empty part without a file name, or with an empty one."""
    ada = await site.join()
    for parts in (
        {"text": Part(b"a")},
        {"text": Part(b"b"), "photo": Part(b"")},
        {"text": Part(b"c"), "photo": Part(b"", "", "application/octet-stream")},
    ):
        answer = await ada.browser.post("/api/v1/cards", parts=parts)
        assert (answer.status, answer.json["photo"]) == (201, None)


async def test_a_photo_that_is_refused_sends_no_card(site: Site) -> None:
    """All or nothing."""
    ada = await site.join()
    bad = Part(b"%PDF-1.7", "a.jpg", "image/jpeg")
    answer = await ada.browser.post("/api/v1/cards", parts={"text": Part(b"Look!"), "photo": bad})
    assert (answer.status, set(answer.faults)) == (422, {"photo"})
    assert (await profile(ada))["cards"] == []


async def test_the_same_key_again_is_the_same_card(site: Site) -> None:
    """Whoever did not get the answer may ask again."""
    ada = await site.join()
    key = {"Idempotency-Key": "a-key"}
    cards = [await ada.send("once", headers=key) for _ in range(3)]
    assert cards[0] == cards[1] == cards[2]
    assert len((await profile(ada))["cards"]) == 1
    assert (await profile(ada))["person"]["cards"] == 1
    assert site.counted("hotseat_idempotent_replays_total") == 2


@pytest.mark.usefixtures("bucket")
async def test_the_same_key_with_the_same_photo_is_the_same_card(site: Site) -> None:
    """The photo is part of what is compared."""
    ada = await site.join()
    key = {"Idempotency-Key": "a-key"}
    parts = {"text": Part(b"Look!"), "photo": PHOTO}
    first, second = [await ada.browser.post("/api/v1/cards", parts=parts, headers=key) for _ in range(2)]
    other = await ada.browser.post(
        "/api/v1/cards", parts=parts | {"photo": Part(photo(hue=99), "a.jpg", "image/jpeg")}, headers=key
    )
    assert first.json == second.json
    assert (other.status, set(other.faults)) == (422, {"Idempotency-Key"})


async def test_the_same_key_twenty_times_at_once_is_one_card(site: Site) -> None:
    """All are answered with it, and it is counted once."""
    ada = await site.join()
    cards = await asyncio.gather(*(ada.send("once", headers={"Idempotency-Key": "a-key"}) for _ in range(20)))
    assert len({card["id"] for card in cards}) == 1
    seen = await profile(ada)
    assert (len(seen["cards"]), seen["person"]["cards"]) == (1, 1)


async def test_a_key_used_for_another_card_is_refused(site: Site) -> None:
    """Something is wrong with the client, and it had better know."""
    ada = await site.join()
    key = {"Idempotency-Key": "a-key"}
    await ada.send("one", headers=key)
    answer = await ada.browser.post("/api/v1/cards", json={"text": "two"}, headers=key)
    assert (answer.status, set(answer.faults)) == (422, {"Idempotency-Key"})
    assert [card["text"] for card in (await profile(ada))["cards"]] == ["one"]


async def test_keys_belong_to_their_user(site: Site) -> None:
    """Two people may well choose the same."""
    ada, bob = await site.join(), await site.join()
    key = {"Idempotency-Key": "a-key"}
    of_ada, of_bob = await ada.send("mine", headers=key), await bob.send("mine", headers=key)
    assert of_ada["id"] != of_bob["id"]
    assert of_bob["author"]["handle"] == bob.handle


@pytest.mark.parametrize("key", ["", " ", "two words", "k" * 201, "schlüssel"])
async def test_a_key_that_is_none_is_refused(site: Site, key: str) -> None:
    """1 to 200 visible ASCII characters."""
    ada = await site.join()
    for path, body in (("/api/v1/cards", {"text": "x"}), ("/api/v1/reports", {})):
        answer = await ada.browser.post(path, json=body, headers={"Idempotency-Key": key.encode().decode("latin1")})
        assert (answer.status, set(answer.faults)) == (422, {"Idempotency-Key"})


async def test_liking_twice_counts_once(site: Site) -> None:
    """And so does taking it back."""
    ada, bob, eve = await site.join(), await site.join(), await site.join()
    path = f"/api/v1/cards/{(await ada.send('like me'))['id']}"
    assert (await bob.browser.put(f"{path}/like")).json == {"likes": 1, "liked": True}
    assert (await bob.browser.put(f"{path}/like")).json == {"likes": 1, "liked": True}
    assert (await eve.browser.put(f"{path}/like")).json == {"likes": 2, "liked": True}
    assert [(await who.browser.get(path)).json["liked"] for who in (ada, bob, eve)] == [False, True, True]
    assert (await bob.browser.delete(f"{path}/like")).json == {"likes": 1, "liked": False}
    assert (await bob.browser.delete(f"{path}/like")).json == {"likes": 1, "liked": False}
    assert (await site.browser().get(path)).json["likes"] == 1


async def test_likes_at_once_are_all_counted(site: Site) -> None:
    """Repeats of one person among them, as an impatient finger makes them."""
    ada = await site.join()
    path = f"/api/v1/cards/{(await ada.send('like me'))['id']}"
    fans = [await site.join() for _ in range(5)]
    await asyncio.gather(*(fan.browser.put(f"{path}/like") for fan in fans for _ in range(4)))
    assert (await ada.browser.get(path)).json["likes"] == 5
    await asyncio.gather(*(fan.browser.delete(f"{path}/like") for fan in fans[:3] for _ in range(4)))
    assert (await ada.browser.get(path)).json["likes"] == 2


async def test_a_card_that_is_not_there(site: Site) -> None:
    """Neither shown nor liked."""
    ada = await site.join()
    answers = [
        await ada.browser.get(f"/api/v1/cards/{NO_CARD}"),
        await ada.browser.put(f"/api/v1/cards/{NO_CARD}/like"),
        await ada.browser.delete(f"/api/v1/cards/{NO_CARD}/like"),
        await ada.browser.get("/api/v1/cards/not-an-id"),
    ]
    assert [(answer.status, answer.faults) for answer in answers] == [(404, {})] * 4
