"""Requests to one bucket: each within a time, again where that may help, and a sentence where it does not."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from fornix.files import s3
from fornix.store.interface import StoreError

Result = TypeVar("Result")

#: Seconds to wait before a request is made again, one after the other; each is drawn from half of it to the whole.
PAUSES_S: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
#: Seconds for a request and its answer, besides those for what it carries.
ANSWER_S = 30.0
#: The same while a place has never answered, and may be a wrong one.
FIRST_ANSWER_S: Final = 12.0
#: A transfer slower than so many bytes per second is broken off.
SLOWEST: Final = 20_000
#: Requests that are under way at once.
AT_ONCE: Final = 16

_MENDS_ITSELF: Final = ("SlowDown", "RequestTimeout", "BadDigest", "XAmzContentChecksumMismatch", "ConditionalRequestConflict")
_NO_S3: Final = "answers with what is no answer of S3; is its endpoint (AWS_ENDPOINT_URL) right?"


class Trouble(StoreError):
    """The bucket cannot be used; the message is a sentence about the store."""


class Unanswered(Trouble):
    """The bucket does not answer as asked, however often; later it may."""


class Absent(Exception):
    """There is no such object."""


class Taken(Exception):
    """An object is not in the state that a write was to find."""


class _Passing(Exception):
    """Asking again may help; the message is a clause."""


class Requests:
    """Makes requests for what lies at ``place`` in a bucket.

    Parameters
    ----------
    place : str
        As errors name it.
    bucket : str
    what : str
        What it is, as errors name it.
    """

    def __init__(self, place: str, bucket: str, what: str = "the store") -> None:
        self._named = f"{what} {place}"
        self._bucket = bucket
        self._client: Any = None
        self._lock = threading.Lock()
        self._answered = False

    def make(self, call: Callable[[Any], Result], carrying: int = 0) -> Result:
        """Make a request.

        Parameters
        ----------
        call : callable
            Takes a client of S3 and asks it; may be called several times.
        carrying : int
            So many bytes go with each try, besides small ones; it ends within the time that they may take.

        Raises
        ------
        Absent
            If the bucket has no such object.
        Taken
            If a condition of the request does not hold.
        Trouble
            If it cannot be used; within seconds while it has never answered, after half a minute if it has.
        """
        for pause in (*PAUSES_S, None):
            seconds = ANSWER_S + carrying / SLOWEST if self._answered else min(ANSWER_S, FIRST_ANSWER_S)
            try:
                result = self._within(seconds, call)
                self._answered = True
                return result
            except _Passing as passing:
                # A place that never answered is likely to be a wrong one.
                if pause is None or not (self._answered or pause == PAUSES_S[0]):
                    raise Unanswered(f"{self._named} {passing}") from passing.__cause__
                time.sleep(pause * random.uniform(0.5, 1.0))
        raise AssertionError("unreachable")

    def _within(self, seconds: float, call: Callable[[Any], Result]) -> Result:
        """A call in a thread of its own: neither looking up a name nor bytes that trickle in heed any timeout."""
        try:
            client = self._connected()
        except Exception as error:
            raise self._explained(error) from error
        ended = threading.Event()
        results: list[Result] = []
        errors: list[BaseException] = []

        def work() -> None:
            try:
                results.append(call(client))
            except BaseException as error:
                errors.append(error)
            ended.set()

        threading.Thread(target=work, daemon=True, name="fornix-s3").start()
        if not ended.wait(seconds):
            raise _Passing(f"cannot be reached (no whole answer within {seconds:.3g} s)")
        if errors:
            raise self._explained(errors[0]) from errors[0]
        return results[0]

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = s3.client(attempts=1, connections=AT_ONCE)
            return self._client

    def _explained(self, error: BaseException) -> BaseException:
        """What to raise for what a request raised."""
        if isinstance(error, ImportError):
            return Trouble(f"{self._named} needs boto3: run pip install 'fornix[s3]'")
        from botocore import exceptions as failures
        from urllib3.exceptions import ProtocolError  # which botocore lets through up to 1.36

        if isinstance(error, failures.ClientError):
            return self._refusal(error)
        if isinstance(error, failures.NoCredentialsError | failures.PartialCredentialsError | failures.CredentialRetrievalError):
            return Trouble(f"{self._named} cannot be used: {error}; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret")
        if isinstance(error, failures.TokenRetrievalError | failures.UnauthorizedSSOTokenError | failures.SSOTokenLoadError):
            return Trouble(f"{self._named} cannot be used: {error}; log in again (aws sso login)")
        if isinstance(error, failures.ParamValidationError):
            return Trouble(f"{self._named} cannot be used: {str(error).strip()}")
        answers_badly = failures.HTTPClientError | failures.ConnectionError | failures.IncompleteReadError | ProtocolError
        if isinstance(error, answers_badly):
            self._answered |= isinstance(error, failures.IncompleteReadError | failures.ResponseStreamingError | ProtocolError)
            return _Passing(f"cannot be reached ({error})")
        # An answer that lacks what every answer of S3 has is somebody else's, as is one that cannot be read (botocore.parsers).
        if isinstance(error, KeyError) or type(error).__name__ == "ResponseParserError":
            return _Passing(_NO_S3)
        if isinstance(error, s3.SentOn | failures.BotoCoreError | ValueError):
            return Trouble(f"{self._named} cannot be used: {error}")
        return error

    def _refusal(self, error: Any) -> Exception:
        answer = error.response
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = str(answer.get("Error", {}).get("Code", status))
        said = f"{status} {code}"
        if (why := s3.hopeless(code, said, self._bucket)) is not None:
            return Trouble(f"{self._named} cannot be used: {why}")
        if status == 412:
            return Taken()
        # A listing names no object: where it is not found, no S3 is asked.
        of_object = not error.operation_name.startswith("List")
        if status == 404 and of_object and code in ("NoSuchKey", "404", "NoSuchUpload", "NotFound"):
            return Absent()
        if status in (429, 500, 502, 503, 504) or code in _MENDS_ITSELF:
            self._answered = True
            return _Passing(f"does not answer as asked ({said}), and went on so for {len(PAUSES_S) + 1} tries; try again later")
        if not code:  # a page in place of the error
            return Trouble(f"{self._named} {_NO_S3}")
        if status in (401, 403):
            signed = self._client.meta.config.signature_version is not self._unsigned()
            who = (
                "the credentials in use" if signed else "as no credentials were found (AWS_PROFILE, AWS_ACCESS_KEY_ID), everybody"
            )
            needs = "s3:ListBucket, s3:GetObject, and, to write, s3:PutObject and s3:DeleteObject"
            return Trouble(f"{self._named} refuses access ({said}, {error.operation_name}): {who} would need {needs} for it")
        return Trouble(
            f"{self._named} cannot be used: {error.operation_name} answers {said} ({answer.get('Error', {}).get('Message', '')})"
        )

    @staticmethod
    def _unsigned() -> Any:
        from botocore import UNSIGNED

        return UNSIGNED
