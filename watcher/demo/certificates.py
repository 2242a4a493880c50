"""A certificate authority of our own, for the demo's and the tests' platforms. The only importer of trustme."""

import ssl
from functools import cache
from pathlib import Path

import trustme


class Authority:
    """Vouches for every name that a client asks for. Nobody trusts it but who is given `ca_file`."""

    def __init__(self, directory: Path) -> None:
        self._ca = trustme.CA(organization_name="watcher demo")
        self.ca_file = directory / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.ca_file))
        self._context_for = cache(self._issue)

    def server_context(self) -> ssl.SSLContext:
        """A server's context that shows a certificate for whichever name the client asks for."""
        context = self._issue("localhost", "127.0.0.1", "::1")

        def choose(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
            if name:
                connection.context = self._context_for(name)

        context.sni_callback = choose
        return context

    def _issue(self, *names: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*names).configure_cert(context)
        return context
