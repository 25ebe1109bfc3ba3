"""A mirror in an S3 bucket as a source. boto3 (extra ``s3``) is imported when the first such mirror is asked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from fornix.files.addresses import Location
from fornix.files.file import File
from fornix.files.s3 import SentOn, client, hopeless
from fornix.files.source import Interrupted, SourceTrouble, Stream, Unreachable, other_size

_BLOCK = 1 << 18


@cache
def bucket(url: str) -> Bucket:
    """The mirror at ``s3://bucket/prefix``, one object for each process: what is unreachable is asked once."""
    return Bucket(url)


class Bucket:
    """A prefix of a bucket, laid out as ``<host>/<path of the url>``."""

    def __init__(self, url: str) -> None:
        _, self._bucket, self._prefix = Location.of(url)
        self._client: Any = None
        self._refused = False
        self._down: Unreachable | None = None

    def look(self, file: File) -> Any:
        """What the bucket says of the file.

        Raises
        ------
        SourceTrouble
            Unless it holds a file of the right size.
        """
        head = self._ask("head_object", file)
        if not file.fits(head["ContentLength"]):
            raise other_size(head["ContentLength"], file)
        return head

    def open(self, file: File, start: int, validator: str) -> Stream:
        """See :class:`~fornix.files.source.Source`; the validator is the object's ``ETag``."""
        head = self.look(file)
        if head["ETag"] != validator:
            start = 0
        extra = {"Range": f"bytes={start}-"} if start else {}
        answer = self._ask("get_object", file, IfMatch=head["ETag"], **extra)
        return Stream(start, _blocks(answer["Body"]), head["ETag"])

    def _ask(self, what: str, file: File, **parameters: Any) -> Any:
        if self._down is not None:
            raise self._down
        try:
            import botocore.exceptions as failures
        except ImportError:
            self._down = Unreachable("needs boto3: run pip install 'fornix[s3]'")
            raise self._down from None
        key = f"{self._prefix}{file.mirror_path}"
        try:
            if self._client is None:
                self._client = _client()
            return getattr(self._client, what)(Bucket=self._bucket, Key=key, **parameters)
        except failures.ClientError as error:
            raise self._refusal(error.response, key) from None
        except (failures.HTTPClientError, failures.ConnectionError):
            self._down = Unreachable(f"cannot be reached (no answer from {self._client.meta.endpoint_url})")
            raise self._down from None
        except SentOn as error:
            self._down = Unreachable(f"cannot be used: {error}")
            raise self._down from None
        except (failures.BotoCoreError, ValueError) as error:
            self._down = Unreachable(f"cannot be used ({error})")
            raise self._down from None

    def _refusal(self, answer: Any, key: str) -> SourceTrouble:
        """What to raise for an answer that is an error; one that ends all asking is found by the first that says no."""
        status, code = _said(answer)
        if code == str(status) and not self._refused:
            self._refused = True
            code = self._why(key) or code
        if (why := hopeless(code, f"{status} {code}", self._bucket)) is not None:
            self._down = Unreachable(f"cannot be used: {why}")
            return self._down
        if status == 404:
            return SourceTrouble("does not hold it")
        if status == 403:
            return SourceTrouble("refuses access (403), or does not hold it")
        return (Interrupted if status >= 500 else SourceTrouble)(f"answers {status} {code}")

    def _why(self, key: str) -> str:
        """The code with which an object is refused to who asks for all of it: an answer to HEAD has no room for one."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client.get_object(Bucket=self._bucket, Key=key)["Body"].close()
        except ClientError as error:
            return _said(error.response)[1]
        except BotoCoreError:
            pass
        return ""


def _client() -> Any:
    return client(attempts=2)


def _said(answer: Any) -> tuple[int, str]:
    """Status and code of an error."""
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status, str(answer.get("Error", {}).get("Code", status))


def _blocks(body: Any) -> Iterator[bytes]:
    from botocore.exceptions import BotoCoreError

    try:
        yield from body.iter_chunks(_BLOCK)
    except BotoCoreError as error:
        raise Interrupted(f"broke off ({error})") from None
    finally:
        body.close()
