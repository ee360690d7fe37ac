"""An object of S3 that is written while it is made: what has come together is sent, part by part.

Memory holds what `write` was given and two parts, whatever the size of the whole. Nobody sees the object before it is
complete, and nothing of it stays if it never is. What fits into one part is sent as an ordinary object.
"""

import functools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

import structlog

from webapp.errors import BackendUnavailable, NotFound, Overloaded
from webapp.media import Media

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

T = TypeVar("T")

PART_BYTES = 8 << 20  # S3 wants 5 MiB at least, and takes 10,000 parts: 80 GB

log = structlog.get_logger("webapp.multipart")


class Upload:
    """One object on its way. Opened by `uploading`; every method raises BackendUnavailable and Overloaded."""

    def __init__(self, media: Media, key: str, media_type: str) -> None:
        self._media = media
        self._key = key
        self._media_type = media_type
        self._held = bytearray()
        self._upload_id: str | None = None
        self._sent: list[CompletedPartTypeDef] = []

    async def write(self, data: bytes) -> None:
        """Takes what comes next."""
        self._held += data
        while len(self._held) > PART_BYTES:
            part = bytes(memoryview(self._held)[:PART_BYTES])
            del self._held[:PART_BYTES]
            await self._send(part)

    async def complete(self) -> None:
        """Makes it one object, in place of what was there under this key. Nothing may be written any more."""
        if self._upload_id is None:
            await self._media.put(self._key, bytes(self._held), self._media_type)
            return
        await self._send(bytes(self._held))
        upload_id, parts = self._upload_id, self._sent
        await self._write(
            lambda client, bucket: client.complete_multipart_upload(
                Bucket=bucket, Key=self._key, UploadId=upload_id, MultipartUpload={"Parts": parts}
            )
        )

    async def abort(self) -> None:
        """Forgets what was sent. Raises nothing."""
        if self._upload_id is not None:
            await _abort(self._media, self._key, self._upload_id)

    async def _send(self, part: bytes) -> None:
        if self._upload_id is None:
            self._upload_id = await self._begin()
        upload_id, number = self._upload_id, len(self._sent) + 1
        answer = await self._write(
            lambda client, bucket: client.upload_part(
                Bucket=bucket, Key=self._key, UploadId=upload_id, PartNumber=number, Body=part
            )
        )
        self._sent.append({"ETag": answer["ETag"], "PartNumber": number})

    async def _begin(self) -> str:
        answer = await self._write(
            lambda client, bucket: client.create_multipart_upload(
                Bucket=bucket, Key=self._key, ContentType=self._media_type
            )
        )
        return answer["UploadId"]

    async def _write(self, work: "Callable[[S3Client, str], T]") -> T:
        try:
            return await self._media.do("write", work)
        except NotFound as error:
            raise BackendUnavailable("s3", "the upload was ended by somebody else") from error


@asynccontextmanager
async def uploading(media: Media, key: str, media_type: str) -> AsyncIterator[Upload]:
    """Complete with the end of the block; aborted if that raises."""
    upload = Upload(media, key, media_type)
    try:
        yield upload
        await upload.complete()
    except BaseException:
        await upload.abort()
        raise


async def clear(media: Media, prefix: str, *, keep: str = "") -> None:
    """Deletes whatever begins so, but for one object: others, and the parts of those that were never completed.

    Nothing there is fine. Raises BackendUnavailable, Overloaded.
    """
    for key, upload_id in await _unfinished(media, prefix):
        await _abort(media, key, upload_id)
    while keys := await _keys(media, prefix, keep):
        refused = await media.do("delete", functools.partial(_delete, keys))
        if refused:
            raise BackendUnavailable("s3", f"{len(refused)} of {len(keys)} objects cannot be deleted: {refused[0]}")


def _delete(keys: list[str], client: "S3Client", bucket: str) -> list[str]:
    """What was not deleted, and why."""
    answer = client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True})
    return [f"{each.get('Key')}: {each.get('Message')}" for each in answer.get("Errors", [])]


async def _keys(media: Media, prefix: str, keep: str) -> list[str]:
    found = await media.do("read", lambda client, bucket: client.list_objects_v2(Bucket=bucket, Prefix=prefix))
    return [each["Key"] for each in found.get("Contents", []) if each["Key"] != keep]


async def _unfinished(media: Media, prefix: str) -> list[tuple[str, str]]:
    try:
        found = await media.do(
            "read", lambda client, bucket: client.list_multipart_uploads(Bucket=bucket, Prefix=prefix)
        )
    except NotFound:  # what rclone says where there has been none
        return []
    return [(each["Key"], each["UploadId"]) for each in found.get("Uploads", [])]


async def _abort(media: Media, key: str, upload_id: str) -> None:
    """Its parts are deleted; if that fails, `clear` does it later."""
    try:
        await media.do(
            "delete", lambda client, bucket: client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
        )
    except NotFound:
        return  # somebody else has done it
    except (BackendUnavailable, Overloaded) as error:
        log.warning("parts of an upload were left behind", key=key, cause=str(error))
