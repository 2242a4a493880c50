"""What each exception of a fetch means."""

import errno
import socket
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from watcher.model.finding import Reason
from watcher.probe.failures import failure_of
from watcher.probe.resolver import AddressRefusedError

KEY = ConnectionKey("secret.test", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)
CERTIFICATE = ssl.SSLCertVerificationError(1, "certificate verify failed")


@pytest.mark.parametrize(
    ("error", "reason", "detail"),
    [
        (TimeoutError(), Reason.TIMEOUT, "no complete answer in time"),
        (aiohttp.ConnectionTimeoutError(), Reason.TIMEOUT, "no complete answer in time"),
        (
            aiohttp.ClientConnectorDNSError(KEY, socket.gaierror(socket.EAI_NONAME, "Name or service not known")),
            Reason.DNS,
            "the name was not resolved: name or service not known",
        ),
        (aiohttp.ClientConnectorDNSError(KEY, OSError(None, "no address")), Reason.DNS, "not resolved: no address"),
        (socket.gaierror(socket.EAI_AGAIN, None), Reason.DNS, "the name was not resolved: unknown reason"),
        (aiohttp.ClientConnectorCertificateError(KEY, CERTIFICATE), Reason.TLS, "no trusted connection"),
        (
            aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError(1, "[SSL] wrong version")),
            Reason.TLS,
            "the handshake failed",
        ),
        (ssl.SSLError(1, "x"), Reason.TLS, "no trusted connection"),
        (aiohttp.ServerFingerprintMismatch(b"a", b"b", "secret.test", 1), Reason.TLS, "no trusted connection"),
        (
            aiohttp.ClientConnectorError(KEY, OSError(errno.ECONNREFUSED, "Connect call failed ('10.1.1.1', 443)")),
            Reason.CONNECT,
            "the connection failed: connection refused",
        ),
        (aiohttp.ServerDisconnectedError("secret"), Reason.CONNECT, "closed the connection without an answer"),
        (ConnectionResetError(errno.ECONNRESET, "x"), Reason.CONNECT, "connection reset by peer"),
        (aiohttp.ClientConnectionResetError("secret"), Reason.CONNECT, "the connection failed: unknown reason"),
        (AddressRefusedError("10.0.0.1"), Reason.CONNECT, "10.0.0.1 is not a public address"),
        (aiohttp.ClientPayloadError("secret"), Reason.TRUNCATED, "ended early"),
        (aiohttp.InvalidURL("https://secret"), Reason.BAD_RESPONSE, "not a valid url"),
        (UnicodeError("secret"), Reason.BAD_RESPONSE, "not a valid url"),
        (RuntimeError("secret"), Reason.BAD_RESPONSE, "unexpected RuntimeError"),
    ],
)
def test_each_exception_has_its_reason(error: Exception, reason: Reason, detail: str) -> None:
    """The most specific reason is given, in a few words that repeat nothing of the request."""
    failure = failure_of(error)
    assert failure.reason is reason
    assert detail in failure.detail
    assert "secret" not in failure.detail
    assert failure.status is None
