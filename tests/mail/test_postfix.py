"""Mail by a real Postfix with Dovecot's log-in, to Maildirs: what arrives, and what a real server refuses."""

import asyncio
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.fakes.newsroom import CONTROLS, configure
from tests.mail.post import DOMAIN, PASSWORD, USER, PostOffice
from tests.process.command import Watcher, watcher
from watcher.clock import SystemClock
from watcher.demo.answers import Page
from watcher.demo.platform import ScriptedPlatform

_PATIENCE = 30.0


@pytest.fixture(scope="module")
def post() -> Iterator[PostOffice]:
    """One post office for all tests; each has mailboxes of its own."""
    with PostOffice("desk", "night", "tls", "half") as post:
        yield post


def settings(post: PostOffice, directory: Path, *to: str, tls: str = "starttls", password: str = PASSWORD) -> str:
    """The part of watcher.yaml that mails to these names of the post office, and tells the log too."""
    directory.mkdir(exist_ok=True)
    (directory / "password").write_text(password)
    port = post.starttls if tls == "starttls" else post.implicit
    addresses = ", ".join(f"{name}@{DOMAIN}" for name in to)
    return (
        f"channels:\n  - {{name: mail, kind: email, host: {post.host}, port: {port}, tls: {tls}, username: {USER}, "
        f"password_file: password, ca_file: {post.ca_file}, from: watcher <watcher@{DOMAIN}>, to: [{addresses}]}}\n"
        "  - {name: log, kind: log}\n"
        "routes: [{name: default, channels: [mail, log], timezone: Europe/Berlin}]\n"
    )


async def until(holds: Callable[[], bool], post: PostOffice) -> None:
    """Wait for the post office; it must be so within half a minute."""
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    while not holds():
        assert asyncio.get_running_loop().time() < deadline, post.log()
        await asyncio.sleep(0.05)


def text_of(mail: EmailMessage) -> str:
    """Its plain text, which comes first."""
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


async def test_alert_and_recovery_arrive_as_one_thread(post: PostOffice, tmp_path: Path) -> None:
    """A whole run: both mails are in both mailboxes, the second answers the first, and every program can read them."""
    async with ScriptedPlatform(SystemClock(), tmp_path) as platform:
        for handle in (*CONTROLS, "POTUS", "realDonaldTrump"):
            platform.set(handle, Page.PRESENT)
        directory = tmp_path / "config"
        config = configure(directory, platform, settings=settings(post, directory, "desk", "night"))
        async with Watcher("run", "--config", config) as running:
            for _ in ("POTUS", "realDonaldTrump"):
                await running.logged("AccountFirstSeen")
            platform.set("realDonaldTrump", Page.MISSING_FR)
            await until(lambda: len(post.mails("desk")) == len(post.mails("night")) == 1, post)
            platform.set("realDonaldTrump", Page.PRESENT)
            await until(lambda: len(post.mails("desk")) == len(post.mails("night")) == 2, post)
            running.stop()
            ended = await running.ended()
    assert ended.status == 0
    assert PASSWORD not in ended.out + ended.err
    for name in ("desk", "night"):
        alert, recovery = post.mails(name)
        assert (alert.defects, recovery.defects) == ([], [])
        assert (alert["in-reply-to"], alert["references"]) == (None, None)
        assert recovery["in-reply-to"] == recovery["references"] == alert["message-id"]
        assert alert["subject"] == "[watcher] @realDonaldTrump (X) unavailable"
        assert recovery["subject"] == f"Re: {alert['subject']}"
        assert alert["auto-submitted"] == recovery["auto-submitted"] == "auto-generated"
        assert "ESMTPSA" in alert["received"], "by TLS, and logged in"
        assert text_of(alert).startswith("@realDonaldTrump is not available on X")
        assert "> Désolé, cette page n'existe pas" in text_of(alert)
        assert " CET)" in text_of(alert) or " CEST)" in text_of(alert)
        assert text_of(recovery).startswith("@realDonaldTrump is back on X after ")


async def test_a_test_message_by_implicit_tls(post: PostOffice, tmp_path: Path) -> None:
    """`watcher test-channel` says that it was taken, and it arrives."""
    config = configure(tmp_path, settings=settings(post, tmp_path, "tls", tls="implicit"))
    ended = await watcher("test-channel", "mail", "--config", config)
    assert (ended.status, ended.out.startswith("mail: delivered, it answered '2.0.0 Ok: queued as")) == (0, True)
    await until(lambda: len(post.mails("tls")) == 1, post)
    [mail] = post.mails("tls")
    assert mail["subject"] == "[watcher] Test message from watcher: nothing has happened"


async def test_one_of_two_has_no_mailbox(post: PostOffice, tmp_path: Path) -> None:
    """The other has the mail; the one who has not is named."""
    config = configure(tmp_path, settings=settings(post, tmp_path, "nobody-here", "half"))
    ended = await watcher("test-channel", "mail", "--config", config)
    assert ended.status == 0
    assert f"refused for good: nobody-here@{DOMAIN} (550 5.1.1 " in ended.out
    assert "a recipient was refused for good" in ended.err
    await until(lambda: len(post.mails("half")) == 1, post)


async def test_a_wrong_password_as_dovecot_says_it(post: PostOffice, tmp_path: Path) -> None:
    """Nothing is sent, nothing of the password is shown, and a run would try again."""
    config = configure(tmp_path, settings=settings(post, tmp_path, "desk", password="wr0ng-s3cret"))
    ended = await watcher("test-channel", "mail", "--config", config)
    assert ended.status == 1
    assert ended.out == (
        "mail: not delivered: client_error: the log-in: 535 5.7.8, asked to wait 5 min; a run would try again\n"
    )
    assert "wr0ng" not in ended.out + ended.err
