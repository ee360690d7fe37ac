"""Pictures and archives in S3. The only file that knows boto3.

boto3 blocks, so its calls run in a few threads of their own; calls beyond the bound are refused at once rather than
queued without end. Pictures (`album.py`) never change; archives are under `exports/<user>/<id>.zip`.

Every method raises BackendUnavailable when S3 is slow or gone, Overloaded when too many calls wait. An S3 that answers
nothing at all fails, well within a second, the calls it was sent and those that wait for a thread.
"""

import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from webapp.errors import BackendUnavailable, NotFound, Overloaded
from webapp.offload import Offload
from webapp.ranges import Part
from webapp.settings import Settings
from webapp.traffic import Traffic

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

T = TypeVar("T")

THREADS = 8
MOST_WAITING = 64
LINK_SECONDS = 60
SILENCE_SECONDS = 0.7  # an S3 that takes longer to connect, or between any two bytes, is taken to be gone
PATIENT_SECONDS = 10.0
MOST_KEYS = 1000  # in one answer or one deletion, by S3's own rule
MISSING = ("NoSuchKey", "NoSuchUpload", "404", "NotFound")


class Stored(NamedTuple):
    """An object: its key, and when it was stored last, in epoch seconds."""

    key: str
    modified: float


class Media:
    """Objects of one bucket. `patient`: for whom nobody waits, as in a job.

    `traffic` counts the bodies of requests and answers, a body that is read in parts as far as it was; heads and what
    TLS adds are not in it.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        patient: bool = False,
        called: Callable[[str, str, float], None] = lambda operation, result, seconds: None,
    ) -> None:
        self._bucket = settings.s3_bucket
        self._settings = settings
        self._called = called
        self._silence_seconds = PATIENT_SECONDS if patient else SILENCE_SECONDS
        self._heard = 0.0
        self.traffic = Traffic()
        self._offload = Offload("s3", at_once=THREADS, most_waiting=MOST_WAITING)
        self._client: S3Client | None = None

    async def warm(self) -> None:
        """Makes the client, which takes half a second, ahead of the first picture. What is wrong with it shows then."""
        with contextlib.suppress(BotoCoreError, ValueError, Overloaded):
            await self._offload.run(self._s3)

    async def prepare(self) -> None:
        """Creates the bucket if it is missing; safe to repeat."""

        def create() -> None:
            try:
                self._s3().head_bucket(Bucket=self._bucket)
            except ClientError:
                self._s3().create_bucket(Bucket=self._bucket)

        await self._call("prepare", create)

    async def put(self, key: str, data: bytes, media_type: str) -> None:
        """Stores an object; the same again changes nothing."""
        await self._call(
            "write", lambda: self._s3().put_object(Bucket=self._bucket, Key=key, Body=data, ContentType=media_type)
        )

    async def get(self, key: str, part: Part | None = None) -> bytes:
        """An object's bytes, all of them or a part. Raises NotFound."""

        def read() -> bytes:
            if part is None:
                return self._read(self._s3().get_object(Bucket=self._bucket, Key=key)["Body"])
            wanted = f"bytes={part.first}-{part.last}"
            return self._read(self._s3().get_object(Bucket=self._bucket, Key=key, Range=wanted)["Body"])

        return await self._call("read", read)

    async def size(self, key: str) -> int:
        """How many bytes an object has. Raises NotFound."""
        return await self._call("read", lambda: self._s3().head_object(Bucket=self._bucket, Key=key)["ContentLength"])

    async def chunks(self, key: str, size: int) -> AsyncGenerator[bytes, None]:
        """An object's bytes, so many at a time. Raises NotFound before the first."""
        body = await self._call("read", lambda: self._s3().get_object(Bucket=self._bucket, Key=key)["Body"])
        try:
            while chunk := await self._call("read", lambda: self._read(body, size)):
                yield chunk
        finally:
            body.close()

    async def do(self, operation: str, work: "Callable[[S3Client, str], T]") -> T:
        """What `work` makes of the client and the bucket's name, in a thread; `operation` is a label of the metrics."""
        return await self._call(operation, lambda: work(self._s3(), self._bucket))

    async def modified(self, key: str) -> float:
        """When an object was stored last, in epoch seconds. Raises NotFound."""

        def look() -> float:
            return self._s3().head_object(Bucket=self._bucket, Key=key)["LastModified"].timestamp()

        return await self._call("read", look)

    async def pages(self, size: int = MOST_KEYS) -> AsyncIterator[list[Stored]]:
        """All objects, so many at a time; one stored or deleted meanwhile may be among them or not."""
        more: dict[str, str] = {}
        while True:
            answer = await self._call("read", partial(self._list, size, more))
            yield [Stored(each["Key"], each["LastModified"].timestamp()) for each in answer.get("Contents", [])]
            if not answer.get("IsTruncated"):
                return
            more = {"ContinuationToken": answer["NextContinuationToken"]}

    async def delete(self, *keys: str) -> None:
        """Deletes objects, at most a thousand; those that are not there count as deleted."""
        if not keys:
            return

        def delete() -> None:
            objects = {"Objects": [{"Key": key} for key in keys], "Quiet": True}
            answer = self._s3().delete_objects(Bucket=self._bucket, Delete=objects)  # type: ignore[arg-type]
            if errors := answer.get("Errors"):
                raise BackendUnavailable("s3", str(errors[0].get("Message", "not deleted")))

        await self._call("delete", delete)

    async def link(self, key: str, file_name: str) -> str:
        """An address that answers with this object for a minute, as a download."""
        parameters = {
            "Bucket": self._bucket,
            "Key": key,
            "ResponseContentDisposition": f'attachment; filename="{file_name}"',
        }
        return await self._call(
            "link", lambda: self._s3().generate_presigned_url("get_object", Params=parameters, ExpiresIn=LINK_SECONDS)
        )

    async def answers(self) -> None:
        """Returns if S3 is there, whatever it has. Raises BackendUnavailable, Overloaded."""
        with contextlib.suppress(NotFound):
            await self._call("ping", lambda: self._s3().head_bucket(Bucket=self._bucket))

    def close(self) -> None:
        """Lets running calls end and refuses new ones."""
        self._offload.close()
        if self._client is not None:
            self._client.close()

    def _list(self, size: int, more: dict[str, str]) -> Any:
        return self._s3().list_objects_v2(Bucket=self._bucket, MaxKeys=size, **more)  # type: ignore[arg-type]

    def _s3(self) -> "S3Client":
        """The client, made in a thread on first use: that takes half a second."""
        if self._client is None:
            import boto3  # noqa: PLC0415  # slow to import, and this runs in a thread
            from botocore.config import Config  # noqa: PLC0415
            from botocore.handlers import add_expect_header  # noqa: PLC0415

            settings = self._settings
            client = boto3.session.Session().client(
                "s3",
                endpoint_url=settings.s3_endpoint_url,
                aws_access_key_id=settings.aws_access_key_id or None,
                aws_secret_access_key=settings.aws_secret_access_key or None,
                region_name=settings.aws_default_region,
                config=Config(
                    signature_version="s3v4",
                    s3={"addressing_style": "path" if settings.s3_endpoint_url else "auto"},
                    connect_timeout=self._silence_seconds,
                    read_timeout=self._silence_seconds,
                    retries={"total_max_attempts": 1},
                    max_pool_connections=THREADS,
                    # Some servers send the whole's checksum with a part of it.
                    response_checksum_validation="when_required",
                ),
            )
            # An S3 that answers nothing is waited for a second by this alone, before a byte is sent.
            client.meta.events.unregister("before-call.s3", add_expect_header)
            client.meta.events.register("before-send.s3", self._sends)
            client.meta.events.register("before-parse.s3", self._received)
            self._client = client
        return self._client

    def _sends(self, request: Any, **_: Any) -> None:
        """Told each request before it goes out, in its thread. (None: it is to go out.)"""
        length = request.headers.get("Content-Length") or request.headers.get("X-Amz-Decoded-Content-Length") or 0
        self.traffic.went(sent=int(length))

    def _received(self, response_dict: dict[str, Any], **_: Any) -> None:
        """Told each answer, in its thread. A body that is still to be read is counted by who reads it."""
        if isinstance(response_dict["body"], bytes):
            self.traffic.went(received=len(response_dict["body"]))

    def _read(self, body: Any, size: int | None = None) -> bytes:
        data: bytes = body.read(size)
        self.traffic.went(received=len(data))
        return data

    async def _call(self, operation: str, work: Callable[[], T]) -> T:
        started = time.perf_counter()
        result = "error"
        try:
            value = await self._offload.run(lambda: self._listened(work))
            result = "ok"
            return value
        except ClientError as error:
            if _code(error) in MISSING:
                result = "ok"
                raise NotFound("picture") from error
            raise BackendUnavailable("s3", str(error)) from error
        except (BotoCoreError, OSError) as error:
            raise BackendUnavailable("s3", str(error)) from error
        finally:
            self._called(operation, result, time.perf_counter() - started)

    def _listened(self, work: Callable[[], T]) -> T:
        """In a thread: what `work` returns. Nobody waits for a thread any more once nothing is heard of S3."""
        began = time.monotonic()
        try:
            value = work()
        except ClientError:
            self._heard = time.monotonic()
            raise
        except (BotoCoreError, OSError):
            if self._heard < began:
                self._offload.give_up()
            raise
        self._heard = time.monotonic()
        return value


def _code(error: ClientError) -> str:
    response: Any = error.response
    return str(response.get("Error", {}).get("Code", ""))
