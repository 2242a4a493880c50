"""A post office on this machine: a real Postfix that wants TLS and a log-in, Dovecot that knows the password, Maildirs.

All of it in a folder of its own, on loopback, under configurations of its own; nothing of the system's is touched.
"""

import email.policy
import mailbox
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
import trustme

from tests.fakes.ports import free_ports

USER, PASSWORD = "watcher", "s3cret-passw0rd"
DOMAIN = "newsroom.example"
_PATIENCE = 30.0
_LOOK = 0.05
# What no daemon is started for, whoever runs the tests.
_MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {base}/queue
data_directory = {base}/data
maillog_file = {base}/postfix.log
maillog_file_prefixes = {base}
myhostname = mail.{domain}
mynetworks =
mydestination =
local_transport = error:no local mail
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
biff = no
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {base}/mail
virtual_mailbox_maps = texthash:{base}/mailboxes
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_tls_chain_files = {base}/server.pem
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
"""
_MASTER_CF = """\
127.0.0.1:{starttls} inet n - n - - smtpd
127.0.0.1:{implicit} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
_DOVECOT_CONF = """\
base_dir = {base}/run
state_dir = {base}/run
log_path = {base}/dovecot.log
protocols =
listen = 127.0.0.1
ssl = no
auth_mechanisms = plain login
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {base}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={base}/mail
}}
service auth {{
  unix_listener {base}/queue/private/auth {{
    mode = 0660
    user = postfix
    group = postfix
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""


def skip_if_missing() -> None:
    """Skip where there is no Postfix, no Dovecot, or no right to start them."""
    for command in ("postfix", "dovecot"):
        if shutil.which(command) is None:
            pytest.skip(f"{command} is not installed")
    if os.geteuid() != 0:
        pytest.skip("Postfix can only be started by root")


class PostOffice:
    """Use as a context manager, which skips the test where the parts are missing. `names` have a mailbox each.

    It listens with STARTTLS at `starttls` and with TLS from the first byte at `implicit`; `ca_file` vouches for it.
    """

    host = "127.0.0.1"

    def __init__(self, *names: str) -> None:
        self._names = names
        self._running: list[subprocess.Popen[bytes]] = []
        self._base = Path()
        self.starttls = self.implicit = 0

    @property
    def ca_file(self) -> Path:
        """The authority of its certificate."""
        return self._base / "ca.pem"

    def __enter__(self) -> Self:
        skip_if_missing()
        # Paths of sockets are short, and the daemons are other users.
        self._base = Path(tempfile.mkdtemp(prefix="post"))
        self._base.chmod(0o755)
        try:
            self._configure()
            self._start("dovecot", "-F", "-c", str(self._base / "dovecot.conf"))
            self._postfix("postfix", "check")
            daemons = self._postfix("postconf", "-h", "daemon_directory")
            self._start(f"{daemons}/master", "-c", str(self._base / "postfix"), "-d")
            self._wait()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        # The master of Postfix leaves the group of who started it: it is told by its own command, which waits.
        if len(self._running) > 1:
            self._postfix("postfix", "abort")
        for process in self._running:
            process.send_signal(signal.SIGTERM)
            process.wait(_PATIENCE)
        shutil.rmtree(self._base, ignore_errors=True)

    def mails(self, name: str) -> list[EmailMessage]:
        """What has arrived in a mailbox, the oldest first, as a program of today reads it."""
        parser = BytesParser(policy=email.policy.default)
        directory = self._base / "mail" / name
        if not (directory / "new").is_dir():  # Postfix makes it with the first mail
            return []
        box = mailbox.Maildir(directory, create=False)
        mails = [parser.parsebytes(box.get_bytes(key)) for key in box.keys()]  # noqa: SIM118 - no dict
        return sorted((mail for mail in mails if isinstance(mail, EmailMessage)), key=lambda m: m["date"].datetime)

    def log(self) -> str:
        """What both wrote into their logs."""
        files = (self._base / "postfix.log", self._base / "dovecot.log")
        return "\n".join(file.read_text(errors="replace") for file in files if file.exists())

    def _configure(self) -> None:
        base, postfix, nobody = self._base, pwd.getpwnam("postfix"), pwd.getpwnam("nobody")
        self.starttls, self.implicit = free_ports(2)
        for name in ("queue", "queue/private", "data", "mail", "postfix", "run"):
            (base / name).mkdir()
        os.chown(base / "data", postfix.pw_uid, postfix.pw_gid)
        os.chown(base / "queue/private", postfix.pw_uid, 0)
        os.chown(base / "mail", nobody.pw_uid, nobody.pw_gid)
        ca = trustme.CA()
        ca.cert_pem.write_to_path(self.ca_file)
        ca.issue_cert(self.host).private_key_and_cert_chain_pem.write_to_path(base / "server.pem")
        values = {
            "base": base,
            "domain": DOMAIN,
            "uid": nobody.pw_uid,
            "gid": nobody.pw_gid,
            "starttls": self.starttls,
            "implicit": self.implicit,
        }
        (base / "postfix/main.cf").write_text(_MAIN_CF.format(**values))
        (base / "postfix/master.cf").write_text(_MASTER_CF.format(**values))
        (base / "dovecot.conf").write_text(_DOVECOT_CONF.format(**values))
        (base / "users").write_text(f"{USER}:{PASSWORD}\n")
        (base / "mailboxes").write_text("".join(f"{name}@{DOMAIN} {name}/\n" for name in self._names))

    def _postfix(self, command: str, *arguments: str) -> str:
        """What one of its commands answers."""
        whole = [command, "-c", str(self._base / "postfix"), *arguments]
        done = subprocess.run(whole, capture_output=True, text=True, timeout=_PATIENCE, check=False)
        return done.stdout.strip()

    def _start(self, *command: str) -> None:
        with (self._base / f"{Path(command[0]).name}.out").open("wb") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self._running.append(process)

    def _wait(self) -> None:
        """Until both ports greet and the password can be asked for."""
        deadline = time.monotonic() + _PATIENCE
        while not (self._greets() and (self._base / "queue/private/auth").exists()):
            ended = [process.args for process in self._running if process.poll() is not None]
            if ended or time.monotonic() > deadline:
                said = "\n".join(file.read_text(errors="replace") for file in self._base.glob("*.out"))
                raise AssertionError(f"not up, {ended} ended: {said}\n{self.log()}")
            time.sleep(_LOOK)

    def _greets(self) -> bool:
        with suppress(OSError), socket.create_connection((self.host, self.starttls), timeout=5) as connection:
            return connection.recv(3) == b"220"
        return False
