"""Planted secrets come out nowhere, whatever is echoed, refused, broken or wrong: all that is said is searched."""

import asyncio
import base64
import gzip
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

import pytest

from tests.fakes.chatter import ChattyMail
from tests.fakes.echo import Echo
from tests.fakes.newsroom import CONTROLS, configure
from tests.process.command import Ended, Watcher, get, until, watcher
from watcher.clock import SystemClock
from watcher.demo.answers import Page
from watcher.demo.certificates import Authority
from watcher.demo.platform import ScriptedPlatform

X_TOKEN = 'AAAAx%2Bt0k3n/of+X=="plant'
MIRROR_TOKEN = "m1rr0r/t0ken+plant%3D"
SECRET = "pl4nt3d+{}/s3cret%3Dx"  # the last part of each webhook's URL


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A channel with a secret of its own: by the environment, or in a file. `how` is how its server behaves.

    Where the secret is none of its URL, `line` names its server by PORT.
    """

    how: str
    secret: str
    line: str
    in_file: bool = False
    in_url: bool = True


def slack(how: str, *, in_file: bool = False) -> Planted:
    """An incoming webhook, whose URL is the secret."""
    key = f'webhook_url_file: "secrets/{how}"' if in_file else f'webhook_url: "${{SECRET_{how.upper()}}}"'
    line = f"  - {{name: {how}, kind: slack, {key}}}\n"
    return Planted(how=how, secret=SECRET.format(how), line=line, in_file=in_file)


def bot(how: str, *, in_file: bool = False) -> Planted:
    """A bot of Slack, whose token is the secret."""
    key = f'token_file: "secrets/{how}"' if in_file else f'token: "${{SECRET_{how.upper()}}}"'
    server = f'api_url: "http://127.0.0.1:PORT/services/{how}"'
    line = f"  - {{name: {how}, kind: slack_bot, channel: C0123ABCD, {server}, {key}}}\n"
    return Planted(how=how, secret=f"xoxb-2017-pl4nt3d-{how}-t0ken", line=line, in_file=in_file, in_url=False)


# A channel of another kind is one line more here.
CHANNELS = (
    slack("ok"),
    slack("401"),
    slack("403", in_file=True),
    slack("503", in_file=True),
    slack("moved"),
    slack("hang", in_file=True),
    slack("refused"),
    slack("crash"),
    bot("says"),
    bot("denies", in_file=True),
    bot("crashes"),
)
SECRETS = (X_TOKEN, MIRROR_TOKEN, *(channel.secret for channel in CHANNELS))
PASSWORDS = ("m4il/by the+env=plant", "m4il/in a+file=plant")
MAIL = """\
  - {{name: mail, kind: email, {server}, password: "${{SMTP_PASSWORD}}"}}
  - {{name: letter, kind: email, {server}, password_file: secrets/smtp}}
"""
SERVER = "host: 127.0.0.1, port: {port}, tls: none, username: desk, from: a@desk.example, to: b@desk.example"

WATCHLIST = """\
defaults: {interval: 2s, confirm: {threshold: 2, interval: 1s}, recover: {threshold: 2, interval: 1s}}
accounts:
"""
ODD = {"denied": "401", "forbidden": "403", "broken": "500", "moved": "moved", "away": "away"}
MIRROR = """\
platform: mirror
title: Mirror
profile: https://mirror.example/u/{handle}
recognise: https://mirror.example/u/{handle}
handle: {pattern: "[a-z0-9]{1,40}", fold: true, meaning: letters and digits}
controls: {present: [anna, bert], absent: "{random}", length: 20}
sources:
  - name: page
    answers: html
    url: https://mirror.example/u/{handle}
    headers: {accept: text/html, authorization: "Bearer {credential}"}
    credential: token
    identity: [title]
    rules:
      - id: gone
        when: {status: 404, title: "Gone*"}
        absent: not_found
      - id: profile
        when: {status: 200, title: "Profile of {handle}"}
        present: profile
"""
# A library whose error quotes the URL, as some do.
CRASH = """\
from watcher.notify.channels import slack, slackapi
whole = slack.read_answer
async def read(response, *limit):
    if "/crash" in str(response.url):
        raise RuntimeError(f"cannot read {response.url} of {response.request_info}")
    return await whole(response, *limit)
slack.read_answer = slackapi.read_answer = read
"""
# Secrets where none belong, literally and by the environment; more faults than anybody makes at once.
FAULTY = """\
contact: "${X_TOKEN}"
public_url: "${X_TOKEN}"
web: {listen: "${X_TOKEN}", allow_hosts: ["${X_TOKEN}"], tokn: "LITERAL"}
probe:
  timeout: "${X_TOKEN}"
  max_body: "${X_TOKEN}"
  connections: "${X_TOKEN}"
  ca_file: "${X_TOKEN}"
  allow_private: ["${X_TOKEN}"]
  connect_to: {a.example: "${X_TOKEN}"}
channels:
  - {name: "${X_TOKEN}", kind: slack, webhook_url: "LITERAL"}
  - {name: a, kind: "${X_TOKEN}"}
  - {name: b, kind: slack, webhook_url_file: "LITERAL"}
  - {name: c, kind: slack, webhook_urll: "LITERAL"}
  - {name: d, kind: slack, webhook_url: ["LITERAL"]}
  - {name: e, kind: slack_bot, channel: "${X_TOKEN}", token: "LITERAL", api_url: "${X_TOKEN}"}
routes:
  - name: "${X_TOKEN}"
    channels: ["${X_TOKEN}"]
    match: {severity: "${X_TOKEN}", platform: "${X_TOKEN}", owner: "${X_TOKEN}"}
    continue: "${X_TOKEN}"
  - {name: "${SLUG}", channels: ["${SLUG}"], match: {platform: "${SLUG}"}}
  - {name: "${SLUG}", channels: [a]}
platforms:
  x:
    robots: "${X_TOKEN}"
    credentials: {tokn: "LITERAL", token_file: "LITERAL"}
    pace: {requests: "${X_TOKEN}", per: "${X_TOKEN}"}
"""
SLUG = "s3cret-that-could-be-a-name"
LITERAL = "l1teral/secret+plant%3D"
TORN = 'channels:\n  - {name: a, kind: slack, webhook_url: "https://hooks.slack.com/LITERAL\nroutes: [\n'


def forms(secret: str) -> Iterator[bytes]:
    """The ways in which a secret could be written."""
    yield unquote(secret).encode()
    quoted = quote(secret, safe="")
    yield from (secret.encode(), secret.encode("utf-16-le"), json.dumps(secret)[1:-1].encode())
    yield from (quoted.encode(), quote(secret).encode(), quoted.replace("%2F", "%2f").encode())
    for before in range(3):
        encoded = base64.b64encode(b"-" * before + secret.encode())
        yield from (encoded[4:-4], encoded[4:-4].translate(bytes.maketrans(b"+/", b"-_")))


def found(where: dict[str, bytes], secrets: tuple[str, ...] = SECRETS) -> list[tuple[str, str]]:
    """In what, and which secret."""
    return [
        (name, secret) for name, said in where.items() for secret in secrets if any(f in said for f in forms(secret))
    ]


def kept(state: Path) -> dict[str, bytes]:
    """Every file of the state, as it is on the disk; what is packed, unpacked as well."""
    files = {str(path): path.read_bytes() for path in state.rglob("*") if path.is_file()}
    return {**files, **{f"{name} unpacked": gzip.decompress(data) for name, data in files.items() if ".gz" in name}}


def told(name: str, ended: Ended) -> dict[str, bytes]:
    """What a command said."""
    return {f"{name}, output": ended.out.encode(), f"{name}, errors": ended.err.encode()}


class Desk:
    """A configuration with every secret in its place, what plays the platforms, and what plays the channels."""

    def __init__(self, directory: Path, platform: Echo, channels: Echo, ca_file: Path) -> None:
        self.directory = directory
        self.platform = platform
        self.channels = channels
        self.env = {"X_TOKEN": X_TOKEN, "PYTHONPATH": str(directory / "site")}
        self.config = directory / "watcher.yaml"
        self.state = directory / "state"
        for folder in ("secrets", "site", "platforms"):
            (directory / folder).mkdir()
        for channel in CHANNELS:
            self._plant(channel)
        self._write(ca_file)

    def _plant(self, channel: Planted) -> None:
        port = free_port() if channel.how == "refused" else self.channels.port
        given = f"http://127.0.0.1:{port}/services/{channel.how}/{channel.secret}" if channel.in_url else channel.secret
        if channel.in_file:
            (self.directory / "secrets" / channel.how).write_text(f"{given}\n")
        else:
            self.env[f"SECRET_{channel.how.upper()}"] = given

    def _write(self, ca_file: Path) -> None:
        (self.directory / "site" / "sitecustomize.py").write_text(CRASH)
        (self.directory / "platforms" / "mirror.yaml").write_text(MIRROR)
        (self.directory / "secrets" / "mirror").write_text(MIRROR_TOKEN)
        accounts = [f"  - https://x.com/{handle}\n" for handle in ("gone", *ODD)]
        (self.directory / "watchlist.yaml").write_text(
            f"{WATCHLIST}{''.join(accounts)}  - https://mirror.example/u/gone\n"
        )
        here = f'"127.0.0.1:{self.platform.port}"'
        pace = "pace: {requests: 6000, per: 1m, concurrency: 20}"
        self.config.write_text(
            'watchlist: watchlist.yaml\nstate_dir: state\ncontact: test@watcher.example\nweb: {listen: "127.0.0.1:0"}\n'
            f"probe: {{allow_private: [127.0.0.0/8], ca_file: {ca_file}, "
            f"connect_to: {{api.x.com: {here}, mirror.example: {here}}}}}\n"
            f"channels:\n{''.join(channel.line for channel in CHANNELS).replace('PORT', str(self.channels.port))}"
            f"routes: [{{name: all, channels: [{', '.join(channel.how for channel in CHANNELS)}]}}]\n"
            f'platforms:\n  x: {{credentials: {{token: "${{X_TOKEN}}"}}, {pace}}}\n'
            f"  mirror: {{credentials: {{token_file: secrets/mirror}}, {pace}}}\n"
        )

    def messages(self, how: str) -> list[str]:
        """What came in at that channel."""
        return [sent.body for sent in self.channels.received if sent.path.startswith(f"/services/{how}/")]


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_the_passwords_of_mail_come_out_nowhere(tmp_path: Path) -> None:
    """A server that quotes the log-in in its refusal: a run that alerts by it, and the test of each channel."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "smtp").write_text(PASSWORDS[1])
    async with ScriptedPlatform(SystemClock(), tmp_path) as platform, ChattyMail() as server:
        for handle in (*CONTROLS, "POTUS", "realDonaldTrump"):
            platform.set(handle, Page.PRESENT)
        mail = MAIL.format(server=SERVER.format(port=server.port))
        settings = f"channels:\n{mail}routes: [{{name: all, channels: [mail, letter]}}]\n"
        config = configure(tmp_path / "config", platform, settings=settings)
        (tmp_path / "secrets").rename(tmp_path / "config" / "secrets")
        env = {"SMTP_PASSWORD": PASSWORDS[0]}
        async with Watcher("run", "--config", config, "--log-level", "debug", env=env) as running:
            for _ in range(2):
                await running.logged("AccountFirstSeen")
            platform.set("realDonaldTrump", Page.MISSING_FR)
            await until(lambda: len([line for line in server.received if line.startswith("AUTH")]) >= 2)
            for _ in range(2):
                await running.logged("a notification was not delivered")
            running.stop()
            ended = await running.ended(within=10)
        where = {**told("run", ended), **kept(tmp_path / "config" / "state")}
        for name in ("mail", "letter"):
            where |= told(name, await watcher("test-channel", name, "--config", config, env=env))
    assert found(where, PASSWORDS) == []
    wire = {"the wire": "\n".join(server.received).encode()}
    assert {secret for _, secret in found(wire, PASSWORDS)} == set(PASSWORDS)
    assert b"535 5.7.8" in where["mail, output"]


@pytest.mark.timeout(120)
async def test_planted_secrets_come_out_nowhere(tmp_path: Path) -> None:
    """A run with outages and every failure, its pages, its state, its messages; the commands beside it."""
    authority = Authority(tmp_path)
    async with Echo(authority.server_context()) as platform, Echo() as channels:
        platform.odd |= ODD
        desk = Desk(tmp_path, platform, channels, authority.ca_file)
        where: dict[str, bytes] = {}
        async with Watcher("run", "--config", desk.config, "--log-level", "debug", env=desk.env) as running:
            url = await running.url()
            seen = set[str]()
            while not seen >= {"x:gone", "mirror:gone"}:
                seen.add((await running.logged("AccountFirstSeen"))["account"])
            platform.gone |= {"gone"}
            for _ in range(2):
                await running.logged("OutageOpened")
            await until(lambda: all(desk.messages(each.how) for each in CHANNELS if each.how != "refused"))
            await until(lambda: len(desk.messages("ok")) == 2)
            for path in ("", "metrics", "-/ready", "api/v1/accounts", "api/v1/outages", "api/v1/nothing"):
                where[f"/{path}"] = (await get(f"{url}{path}"))[1].encode()
            where |= kept(desk.state)
            running.stop()
            ended = await running.ended(within=10)
        where |= {**told("run", ended), **kept(desk.state)}
        commands = [
            ("check",),
            ("check", "--json"),
            ("probe", "x:moved", "--explain"),
            ("probe", "mirror:gone", "--json"),
            ("test-channel", "403"),
            ("test-channel", "refused"),
            ("test-channel", "denies"),
        ]
        env = {name: value for name, value in desk.env.items() if name != "PYTHONPATH"}
        said = await asyncio.gather(*(watcher(*each, "--config", desk.config, env=env) for each in commands))
    for command, answer in zip(commands, said, strict=True):
        where |= told(" ".join(command), answer)
    where |= {f"message {n} to {sent.path[:20]}": sent.body.encode() for n, sent in enumerate(channels.received)}

    assert found(where) == []
    # It is no wonder that nothing was found where nothing was: all was sent where it belongs, and came back.
    assert ended.status == 0
    wire = {
        f"{n}": (sent.path + sent.headers).encode() for n, sent in enumerate((*platform.received, *channels.received))
    }
    sent_secrets = {secret for _, secret in found(wire)}
    assert set(SECRETS) - sent_secrets == {SECRET.format("refused")}
    assert b"RuntimeError: cannot read ***" in where["run, errors"]
    assert b"'Authorization': 'Bearer ***'" in where["run, errors"]
    pages = [said for name, said in where.items() if name.endswith("unpacked")]
    assert len(pages) == 2
    assert all(b"***" in page for page in pages)
    assert any("Gone: Bearer *** may not see it" in message for message in desk.messages("ok"))
    assert "token=***" in said[2].out


@pytest.mark.parametrize("text", [FAULTY, TORN], ids=["odd places", "torn"])
async def test_a_faulty_configuration_shows_none(tmp_path: Path, text: str) -> None:
    """Neither `check` nor `run` quotes what came from outside, or what was meant to be a secret."""
    config = tmp_path / "watcher.yaml"
    config.write_text(text.replace("LITERAL", LITERAL))
    (tmp_path / "watchlist.yaml").write_text('accounts: ["${X_TOKEN}"]\n')
    commands = [("check",), ("check", "--json"), ("run",)]
    said = await asyncio.gather(
        *(watcher(*each, "--config", config, env={"X_TOKEN": X_TOKEN, "SLUG": SLUG}) for each in commands)
    )
    where: dict[str, bytes] = {}
    for command, ended in zip(commands, said, strict=True):
        assert ended.status == 1
        where |= told(" ".join(command), ended)
    assert found(where, (X_TOKEN, SLUG, LITERAL)) == []
    faults = json.loads(said[1].out)["faults"]
    assert len(faults) > (20 if text == FAULTY else 0)
