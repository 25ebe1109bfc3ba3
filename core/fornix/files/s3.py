"""A client of S3 as this machine is set up for it, and which of its refusals end all asking. boto3 (extra ``s3``) is imported
when the first is made."""

from __future__ import annotations

from typing import Any, Final

from fornix.errors import UsageError
from fornix.files.addresses import spoken

#: Seconds within which an endpoint must accept a connection.
CONNECT_S = 4.0
#: Seconds without a single byte after which a transfer counts as broken off.
STALL_S = 15.0

#: How boto3 begins to say that an endpoint is no address; what follows is the address, with its password.
_NO_ENDPOINT: Final = "Invalid endpoint: "

_EXPIRED: Final = ("ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired")
_UNKNOWN: Final = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "AuthFailure", "InvalidSecurity")


class SentOn(Exception):
    """An endpoint sends who asks for a bucket elsewhere, and says not where."""

    def __init__(self) -> None:
        super().__init__("its endpoint sends every request elsewhere; is AWS_ENDPOINT_URL right?")


def hopeless(code: str, said: str, bucket: str) -> str | None:
    """Why nothing can be had of a bucket, whatever is asked and however often, as a clause; None where that does not follow.

    Parameters
    ----------
    code : str
        Of the error that answered a request.
    said : str
        The answer, as it is repeated: status and code.
    bucket : str
    """
    if code == "NoSuchBucket":
        return f"there is no bucket {bucket!r}; create it, or give another"
    if code in _EXPIRED:
        return f"its credentials have expired ({said}); renew them, and run again"
    if code in _UNKNOWN:
        return f"its credentials are not accepted ({said}); are they those of this endpoint?"
    if code == "RequestTimeTooSkewed":
        return f"the clock of this machine is wrong ({said})"
    return None


def client(*, attempts: int, connections: int = 10) -> Any:
    """A client for the endpoint, region and credentials that boto3 finds; without credentials requests are not signed.

    Parameters
    ----------
    attempts : int
        How often boto3 itself tries a request.
    connections : int
        How many are kept open.

    Raises
    ------
    ImportError
        If boto3 is not installed.
    UsageError
        If the address of the endpoint is none, or holds a user, whose password would be printed with it.
    """
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    session = boto3.Session()
    # Without credentials a bucket can still be public; signing would fail before anything is asked.
    signing = {} if session.get_credentials() else {"signature_version": UNSIGNED}
    config = Config(
        connect_timeout=CONNECT_S,
        read_timeout=STALL_S,
        retries={"total_max_attempts": attempts},
        max_pool_connections=connections,
        # Not every endpoint knows the checksums that newer versions add to each request.
        request_checksum_calculation="when_required",
        **signing,
    )
    # A public bucket needs no region, but boto3 refuses to make a client without one.
    try:
        made = session.client("s3", config=config, region_name=session.region_name or "us-east-1")
    except ValueError as error:
        wrong = str(error).partition(_NO_ENDPOINT)[2]
        if not wrong:
            raise
        raise UsageError(
            f"the endpoint {spoken(wrong)} is no address; give http(s)://host, or http(s)://host:port (AWS_ENDPOINT_URL)"
        ) from None
    if "@" in made.meta.endpoint_url:  # which every error of a connection repeats
        raise UsageError(
            f"the endpoint {spoken(made.meta.endpoint_url)} is given with a user before it; give its address alone "
            "(AWS_ENDPOINT_URL), and credentials in AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret"
        )
    made.meta.events.register_first("needs-retry.s3.HeadBucket", _find_region)
    return made


def _find_region(response: Any, **_: Any) -> None:
    """Raises SentOn where boto3, sent elsewhere, asks for the region of a bucket and is sent elsewhere by that too.

    It would ask again, and again within that, until Python's stack has no room.
    """
    if response is not None and 300 <= response[0].status_code < 400 and "x-amz-bucket-region" not in response[0].headers:
        raise SentOn
