"""What each exception of a fetch means. The one place that knows them; most specific first."""

import os
import socket
import ssl
from typing import Final

from aiohttp import (
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientPayloadError,
    ClientResponseError,
    ClientSSLError,
    InvalidURL,
    ServerDisconnectedError,
    ServerFingerprintMismatch,
)

from watcher.model.exchange import FetchFailure
from watcher.model.finding import Reason
from watcher.probe.resolver import AddressRefusedError

TRANSPORT: Final = frozenset({Reason.DNS, Reason.CONNECT, Reason.TIMEOUT, Reason.TLS})
"""The reasons that mean: nothing of the platform was reached."""


def failure_of(error: Exception) -> FetchFailure:
    """The failure that `error` stands for. Its detail names no URL and no header, so it can hold no secret.

    An HTTP library may raise anything over hostile bytes; what is not known here is a bad response.
    """
    match error:
        case AddressRefusedError():
            reason, detail = Reason.CONNECT, str(error)
        case TimeoutError():
            reason, detail = Reason.TIMEOUT, "no complete answer in time"
        case ClientConnectorDNSError() | socket.gaierror():
            reason, detail = Reason.DNS, f"the name was not resolved: {_words(error)}"
        case ClientSSLError() | ssl.SSLError() | ServerFingerprintMismatch():
            reason, detail = Reason.TLS, f"no trusted connection: {_tls_words(error)}"
        case ClientPayloadError():
            reason, detail = Reason.TRUNCATED, "the body ended early or could not be unpacked"
        case ServerDisconnectedError():
            reason, detail = Reason.CONNECT, "the server closed the connection without an answer"
        case OSError():
            reason, detail = Reason.CONNECT, f"the connection failed: {_words(error)}"
        case ClientResponseError():
            # aiohttp gives such errors the status 400; the page had none that could be trusted.
            reason, detail = Reason.BAD_RESPONSE, "the answer is not valid http"
        case InvalidURL() | UnicodeError():
            reason, detail = Reason.BAD_RESPONSE, "the address is not a valid url"
        case _:
            reason, detail = Reason.BAD_RESPONSE, f"unexpected {type(error).__name__}"
    return FetchFailure(reason=reason, detail=detail)


def _words(error: OSError) -> str:
    cause = error.os_error if isinstance(error, ClientConnectorError) else error
    # asyncio writes addresses into its own messages; the system's words are short and always the same.
    if isinstance(cause, socket.gaierror) or not cause.errno or cause.errno < 0:
        return (cause.strerror or "unknown reason").lower()
    return os.strerror(cause.errno).lower()


def _tls_words(error: Exception) -> str:
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    verify = getattr(cause, "verify_message", None)
    reason = verify or getattr(cause, "reason", None) or "the handshake failed"
    return str(reason).lower().replace("_", " ").rstrip(".")
