"""Files to a bucket, the large ones in parts; what arrives is what was sent, and appears whole or not at all."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from fornix.store.requests import Absent, Requests, Trouble
from fornix.store.writing import ABANDONED_S

#: Bytes of a part; a file with more is sent in several.
PART = 64 * 2**20


def digest(content: bytes) -> str:
    """What the endpoint holds the bytes that arrive to, as the header Content-MD5 has it."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def upload(
    requests: Requests, at: Mapping[str, str], file: Path, about: Mapping[str, str] | None = None, **condition: str
) -> None:
    """Write a file to an object.

    Parameters
    ----------
    at : {"Bucket": name, "Key": name}
    about : mapping, optional
        What those who read it are told: ``ContentType``, ``CacheControl``.
    condition
        ``IfNoneMatch="*"``: only if there is no such object yet.

    Raises
    ------
    Taken
        If the condition does not hold.
    """
    size = file.stat().st_size
    told = about or {}
    if size <= PART:
        content = file.read_bytes()
        sent = {**at, **told, "ContentMD5": digest(content), **condition}
        requests.make(lambda client: client.put_object(Body=content, **sent), size)
        return
    begun = requests.make(lambda client: client.create_multipart_upload(**at, **told))["UploadId"]
    try:
        parts = _send_parts(requests, at, file, begun)
        requests.make(
            lambda client: client.complete_multipart_upload(**at, UploadId=begun, MultipartUpload={"Parts": parts}, **condition),
            size,
        )
    except BaseException:
        with suppress(Trouble, Absent):
            requests.make(lambda client: client.abort_multipart_upload(**at, UploadId=begun))
        raise


def _send_parts(requests: Requests, at: Mapping[str, str], file: Path, begun: str) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    with file.open("rb") as stream:
        while content := stream.read(PART):
            number = len(parts) + 1

            def call(client: Any, content: bytes = content, number: int = number) -> str:
                sent = client.upload_part(**at, UploadId=begun, PartNumber=number, Body=content, ContentMD5=digest(content))
                return str(sent["ETag"])

            parts.append({"PartNumber": number, "ETag": requests.make(call, len(content))})
    return parts


def abort_abandoned(requests: Requests, bucket: str, prefix: str, now: float) -> int:
    """End the uploads in parts that killed writers began, a day ago or earlier; returns how many."""
    removed = 0
    more: dict[str, str] = {}
    while True:
        asked = {"Bucket": bucket, "Prefix": prefix, **more}
        page = requests.make(lambda client, asked=asked: client.list_multipart_uploads(**asked))  # type: ignore[misc]
        for begun in page.get("Uploads", ()):
            if now - begun["Initiated"].timestamp() > ABANDONED_S:
                at = {"Bucket": bucket, "Key": begun["Key"], "UploadId": begun["UploadId"]}
                with suppress(Absent):
                    requests.make(lambda client, at=at: client.abort_multipart_upload(**at))  # type: ignore[misc]
                removed += 1
        if not page.get("IsTruncated"):
            return removed
        more = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}
