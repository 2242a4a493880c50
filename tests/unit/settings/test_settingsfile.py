"""From watcher.yaml to Settings."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.unit.settings.samples import configure, faults
from watcher.model.account import Severity
from watcher.model.errors import ConfigError
from watcher.model.finding import Reason
from watcher.model.platform import Pace
from watcher.model.route import Route
from watcher.settings.load import load_platforms, load_settings, load_state_dir
from watcher.settings.overridden import apply_overrides
from watcher.settings.values import (
    BrowserSettings,
    LogChannel,
    PlatformOverride,
    ProbeSettings,
    Secret,
    Settings,
    SlackChannel,
    SourceOverride,
    WebSettings,
)

HOOK = "https://hooks.slack.example/services/T/B/s3cret"


def settings(tmp_path: Path, text: str, env: dict[str, str] | None = None) -> Settings:
    return load_settings(configure(tmp_path, watcher=text), env or {})


def refused(tmp_path: Path, text: str, env: dict[str, str] | None = None) -> list[str]:
    return [fault.removeprefix("watcher.yaml:") for fault in faults(configure(tmp_path, watcher=text), env)]


def test_what_is_not_said_has_its_default(tmp_path: Path) -> None:
    """One key is enough; the paths lie beside the file."""
    found = settings(tmp_path, "web: {listen: 127.0.0.1:11102}")
    assert found == Settings(
        watchlist=(tmp_path / "watchlist.yaml",), state_dir=tmp_path / "var", platform_dir=tmp_path / "platforms"
    )


def test_without_a_folder_of_platforms_only_the_shipped_ones_are_used(tmp_path: Path) -> None:
    """The default of platform_dir depends on what is there."""
    path = configure(tmp_path)
    (tmp_path / "platforms").rmdir()
    assert load_settings(path, {}).platform_dir is None


def test_everything_can_be_said(tmp_path: Path) -> None:
    """Each key of probe, web and the file arrives in its value."""
    (tmp_path / "ca.pem").write_text("x", "utf-8")
    (tmp_path / "chrome").write_text("x", "utf-8")
    (tmp_path / "chrome").chmod(0o755)
    (tmp_path / "own").mkdir()
    text = """\
watchlist: lists/desk.yaml
state_dir: ../state
platform_dir: own
public_url: https://watcher.example/
contact: desk@newsroom.example
probe:
  timeout: 5s
  max_body: 500kB
  connections: 20
  allow_private: [127.0.0.0/8, "::1/128"]
  connect_to: {X.com: "127.0.0.1:8443"}
  ca_file: ca.pem
  browser: {executable: chrome, renders: 3, timeout: 30s, sandbox: false}
web: {listen: "[::1]:80", allow_hosts: [watcher.example]}
"""
    assert settings(tmp_path, text) == Settings(
        watchlist=(tmp_path / "lists/desk.yaml",),
        state_dir=tmp_path.parent / "state",
        platform_dir=tmp_path / "own",
        public_url="https://watcher.example",
        probe=ProbeSettings(
            timeout=timedelta(seconds=5),
            max_body=500_000,
            connections=20,
            allow_private=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
            connect_to={"x.com": ("127.0.0.1", 8443)},
            ca_file=tmp_path / "ca.pem",
            contact="desk@newsroom.example",
            browser=BrowserSettings(
                executable=tmp_path / "chrome", renders=3, timeout=timedelta(seconds=30), sandbox=False
            ),
        ),
        web=WebSettings(host="::1", port=80, allow_hosts=("watcher.example",)),
    )


ROUTED = """\
channels:
  - {name: newsroom, kind: slack, webhook_url: "${HOOK}"}
  - {name: quiet, kind: slack, webhook_url_file: hook.txt}
  - {name: lines, kind: log}
routes:
  - name: urgent
    match: {severity: critical, platform: [x, bluesky], owner: potus45, labels: {desk: politics}}
    channels: newsroom
    continue: true
  - {name: rest, channels: [quiet, lines]}
"""


def test_channels_and_routes_are_read(tmp_path: Path) -> None:
    """One text stands for a list of one; secrets come from the environment or a file."""
    (tmp_path / "hook.txt").write_text(f" {HOOK}2\n", "utf-8")
    found = settings(tmp_path, ROUTED, {"HOOK": HOOK})
    assert found.channels == (
        SlackChannel(name="newsroom", webhook_url=Secret(HOOK)),
        SlackChannel(name="quiet", webhook_url=Secret(f"{HOOK}2")),
        LogChannel(name="lines"),
    )
    assert found.routes == (
        Route(
            name="urgent",
            channels=("newsroom",),
            severity=frozenset({Severity.CRITICAL}),
            platform=frozenset({"x", "bluesky"}),
            owner=frozenset({"potus45"}),
            labels={"desk": "politics"},
            proceed=True,
        ),
        Route(name="rest", channels=("quiet", "lines")),
    )


def test_routes_inside_of_routes_go_by_what_is_around_them(tmp_path: Path) -> None:
    """What an inner route does not say is as in the outer one, whose matchers it need not repeat."""
    text = """\
routes:
  - name: outer
    channels: log
    timezone: Europe/Berlin
    group_by: [owner, platform]
    group_wait: 0s
    routes:
      - name: inner
        match: {reason: suspended, account: "x:alice"}
        group_interval: 1m
        routes: [{name: innermost, channels: log, group_by: []}]
"""
    [outer] = settings(tmp_path, text).routes
    [inner] = outer.routes
    [innermost] = inner.routes
    assert (inner.channels, inner.timezone, inner.group_by) == (outer.channels, outer.timezone, ("owner", "platform"))
    assert (inner.reason, inner.account) == (frozenset({Reason.SUSPENDED}), frozenset({"x:alice"}))
    assert (outer.group_wait, inner.group_wait) == (timedelta(0), timedelta(0))
    assert [route.group_interval for route in (outer, inner, innermost)] == [timedelta(minutes=m) for m in (5, 1, 1)]
    assert innermost.group_by == ()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("routes: [{name: a}]", "1:10: routes[0]: no channels; name at least one"),
        (
            "routes: [{name: a, channels: log, routes: [{name: a, match: {reason: gonne}}]}]",
            "1:70: routes[0].routes[0].match.reason: 'gonne' is no reason of an outage; did you mean 'gone'?",
        ),
        (
            "routes: [{name: a, channels: log, routes: [{name: b, match: {platform: blusky}}]}]",
            "1:72: routes[0].routes[0].match.platform: 'blusky' is no platform; did you mean 'bluesky'?",
        ),
        (
            "routes: [{name: a, channels: log, match: {platform: twitter}}]",
            "1:53: routes[0].match.platform: 'twitter' is no platform; did you mean 'x'?",
        ),
        (
            "routes: [{name: a, channels: log, group_wait: 1h}]",
            "1:47: routes[0].group_wait: '1h' is longer than 10m: nobody would hear of it in time; write 10m or less",
        ),
        (
            "routes: [{name: a, channels: x, group_interval: 30d}]",
            "1:49: routes[0].group_interval: '30d' is longer than 1d, too late to hear of it; write 1d or less",
        ),
    ],
)
def test_faulty_routes(tmp_path: Path, text: str, fault: str) -> None:
    """Place, what was wrong, what to write instead."""
    assert fault in refused(tmp_path, text)


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    """The settings can be logged whole."""
    (tmp_path / "hook.txt").write_text(HOOK, "utf-8")
    text = ROUTED + 'platforms: {x: {credentials: {token: "tok-s3cret"}}}\n'
    assert "s3cret" not in repr(settings(tmp_path, text, {"HOOK": HOOK}))


def test_without_routes_every_channel_is_told_of_everything(tmp_path: Path) -> None:
    """Adding a channel is enough to hear from it."""
    text = f"channels: [{{name: newsroom, kind: slack, webhook_url: '{HOOK}'}}, {{name: log, kind: log}}]"
    assert settings(tmp_path, text).routes == (Route(name="default", channels=("newsroom", "log")),)


def test_variables_are_filled_in(tmp_path: Path) -> None:
    """Within a text too; a doubled dollar sign is one, a lone one stays, keys are left alone."""
    text = """\
watchlist: "${DIR}/a$$b$c.yaml"
channels:
  - {name: "${NAME}", kind: log}
"""
    found = settings(tmp_path, text, {"DIR": "lists", "NAME": "log"})
    assert found.watchlist == (tmp_path / "lists/a$b$c.yaml",)
    assert found.channels == (LogChannel(name="log"),)


@pytest.mark.parametrize(
    ("value", "env", "message"),
    [
        ("${NOPE}", {}, "needs the environment variable NOPE, which is not set; set it or remove the key"),
        ("a-${NOPE}", {"NOPE": " "}, "needs the environment variable NOPE, which is empty; set it or remove the key"),
        ("${NOPE}", {"NOPE": "a\nb"}, "needs the environment variable NOPE, whose value holds control characters"),
        ("${NOPE:-x}", {}, "holds a malformed variable; write it as ${NAME}, and a plain dollar sign as $$"),
        ("${NOPE", {"NOPE": "x"}, "holds a malformed variable; write it as ${NAME}, and a plain dollar sign as $$"),
    ],
)
def test_a_variable_that_gives_nothing_is_a_fault(
    tmp_path: Path, value: str, env: dict[str, str], message: str
) -> None:
    """One fault, at the value, naming the variable; the value itself is not shown, nor judged further."""
    text = f'channels:\n  - {{name: a, kind: slack, webhook_url: "{value}"}}\n'
    assert refused(tmp_path, text, env) == [f"2:41: channels[0].webhook_url: {message}"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("watchlst: a", ["1:1: watchlst: unknown key; did you mean 'watchlist'?"]),
        (
            "web: {listen: 80}",
            ["1:15: web.listen: '80' is not an address; write it as HOST:PORT, like 127.0.0.1:11102"],
        ),
        ("web:\nprobe: {timeout: 5}", ["1:5: web: is empty; write", "2:18: probe.timeout: '5' has no unit; write 5s"]),
        ("state_dir: ~/x", ["1:12: state_dir: '~/x' begins with ~, which is not expanded; write ${HOME} instead"]),
        (
            "channels: [{name: a, kind: log, templates: no}]",
            ["1:44: channels[0].templates: 'no' is no folder; create it or remove the key"],
        ),
        (
            "channels: [{name: a, kind: log, language: de}]",
            ["1:43: channels[0].language: 'de' is unknown; write en or fr"],
        ),
        ("platform_dir: nowhere", ["1:15: platform_dir: 'nowhere' is no folder; create it or remove the key"]),
        ("probe: {ca_file: no.pem}", ["1:18: probe.ca_file: 'no.pem' is no file; name a PEM file of certificates"]),
        ("probe: {connect_to: {'x.com/a': 'a:1'}}", ["1:22: probe.connect_to['x.com/a']: this key is not a host"]),
        ("channels: []", ["1:11: channels: no channels; add one, or remove the key to have the log alone"]),
        ("routes: []", ["1:9: routes: no routes; add one, or remove the key to tell every channel of everything"]),
        ("channels: [{name: a}]", ["1:12: channels[0].kind: is missing; write one of log, slack, slack_bot, email"]),
        ("channels: [{name: a, kind: slak}]", ["1:28: channels[0].kind: 'slak' is unknown; did you mean 'slack'?"]),
        ("channels: [log]", ["1:12: channels[0]: must be a mapping, not text"]),
        (
            "channels: [{nmae: a, kind: log}]",
            ["1:12: channels[0].name: is missing", "1:13: channels[0].nmae: unknown key"],
        ),
        (
            "channels: [{name: a, kind: slack}]",
            ["1:12: channels[0]: give exactly one of webhook_url and webhook_url_file"],
        ),
        (
            "channels: [{name: a, kind: log}, {name: a, kind: log}]",
            ["1:41: channels[1].name: 'a' is taken already, on line 1; choose another"],
        ),
        (
            "channels: [{name: a, kind: slack, webhook_url: s3cret}]",
            ["1:48: channels[0].webhook_url: is not a URL; it must begin with https:// (its value is not shown)"],
        ),
        (
            "channels: [{name: a, kind: slack, webhook_url: [s3cret]}]",
            ["1:48: channels[0].webhook_url: must be text, not a list"],
        ),
        (
            "channels: [{name: a, kind: slack, webhook_url_file: s3cret}]",
            [
                (
                    "1:53: channels[0].webhook_url_file: names a file that does not exist; create it (paths begin "
                    "beside watcher.yaml) or remove the key"
                )
            ],
        ),
        ("routes: [{name: a, channels: lgo}]", ["1:30: routes[0].channels: 'lgo' is no channel; did you mean 'log'?"]),
        ("fallback: lgo", ["1:11: fallback: 'lgo' is no channel; did you mean 'log'?"]),
        (
            "channels: [{name: a, kind: log}, {name: b, kind: log}]\nfallback: [a, b]",
            ["2:11: fallback: must be text, not a list"],
        ),
        ("routes: [{name: a, channels: []}]", ["1:30: routes[0].channels: no channels; name at least one"]),
        (
            "routes: [{name: a, channels: log}, {name: a, channels: [log, x]}]",
            ["1:43: routes[1].name: 'a' is taken already", "1:62: routes[1].channels[1]: 'x' is no channel"],
        ),
        (
            "channels: [{name: Bad, kind: log}]\nroutes: [{name: a, channels: [Bad]}, {name: b, channels: Bd}]",
            [
                "1:19: channels[0].name: 'Bad' is not a slug",
                "2:31: routes[0].channels[0]: 'Bad' is not",
                "2:58: routes[1]",
            ],
        ),
        (
            "channels: [{name: ok, kind: log, x: y}]\nroutes: [{name: a, channels: [ok]}]",
            ["1:34: channels[0].x: unknown key; write one of kind, name, language, templates"],
        ),
        (
            "routes: [{name: a, channels: log, match: {severity: loud, platform: bsky}}]",
            ["1:53: routes[0].match.severity: 'loud' is unknown"],
        ),
        (
            "routes: [{name: a, channels: log, match: {platform: [x, blusky]}}]",
            ["1:57: routes[0].match.platform[1]: 'blusky' is no platform; did you mean 'bluesky'?"],
        ),
        (
            "routes: [{name: a, channels: log, match: {labels: {desk: a b}}}]",
            ["1:58: routes[0].match.labels.desk: 'a b' is not a slug"],
        ),
        ("platforms: {xx: {robots: override}}", ["1:13: platforms.xx: there is no such platform; "]),
        (
            "platforms: {x: {robots: ignore, sources: {pgae: {enabled: yes}}}}",
            [
                "1:25: platforms.x.robots: 'ignore' is unknown; write override",
                "1:59: platforms.x.sources.pgae.enabled: 'yes'",
            ],
        ),
        (
            "platforms: {x: {sources: {pgae: {enabled: true}}, credentials: {tokn: s3cret}}}",
            [
                "1:27: platforms.x.sources.pgae: x has no such source; did you mean 'page'?",
                "1:65: platforms.x.credentials.tokn: x needs no such credential; did you mean 'token'?",
            ],
        ),
        (
            "platforms: {x: {credentials: {token: s3cret, token_file: s3cret}}}",
            ["1:46: platforms.x.credentials.token_file: token is given twice; keep token or token_file"],
        ),
        (
            "platforms: {x: {credentials: {token_file: s3cret}}}",
            ["1:43: platforms.x.credentials.token_file: names a file that does not exist"],
        ),
        (
            "platforms: {x: {credentials: {token: [s3cret]}}}",
            ["1:38: platforms.x.credentials.token: must be text, not a"],
        ),
        ("platforms: {x: {pace: {requests: 1}}}", ["1:23: platforms.x.pace.per: is missing; this key is required"]),
    ],
)
def test_a_faulty_file_is_refused(tmp_path: Path, text: str, found: list[str]) -> None:
    """Every fault is placed, and no secret is shown."""
    said = refused(tmp_path, text)
    assert len(said) == len(found), said
    for fault, expected in zip(said, found, strict=True):
        assert fault.startswith(expected)
        assert "s3cret" not in fault


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "names a file that does not hold one line of text; put the secret alone into it"),
        (b"a\nb", "names a file that does not hold one line of text; put the secret alone into it"),
        (b"x" * 64_001, "names a file that does not hold one line of text; put the secret alone into it"),
        (b"\xff", "names a file that is not text"),
        (None, "names a file that cannot be read: is a directory"),
    ],
)
def test_a_secret_file_must_hold_a_secret(tmp_path: Path, content: bytes | None, message: str) -> None:
    """Neither an empty file nor a certificate store is sent as a token."""
    path = tmp_path / "token"
    path.mkdir() if content is None else path.write_bytes(content)
    (said,) = refused(tmp_path, "platforms: {x: {credentials: {token_file: token}}}")
    assert said == f"1:43: platforms.x.credentials.token_file: {message}"


CHANGES = """\
platforms:
  x:
    robots: override
    pace: {requests: 2, per: 1m}
    credentials: {token: "${X_TOKEN}"}
    sources:
      page: {enabled: false, pace: {requests: 1, per: 2m, concurrency: 3}}
  github:
    credentials: {token_file: gh}
    sources: {page: {robots: override}}
"""


def test_changes_to_platforms_are_read(tmp_path: Path) -> None:
    """What is not said is None, so that the platform file goes on to count."""
    (tmp_path / "gh").write_text("gh-token\n", "utf-8")
    found = settings(tmp_path, CHANGES, {"X_TOKEN": "tok"}).platforms
    assert found["x"] == PlatformOverride(
        robots_override=True,
        pace=Pace(requests=2, per=timedelta(minutes=1)),
        credentials={"token": Secret("tok")},
        sources={"page": SourceOverride(enabled=False, pace=Pace(requests=1, per=timedelta(minutes=2), concurrency=3))},
    )
    assert found["github"] == PlatformOverride(
        credentials={"token": Secret("gh-token")}, sources={"page": SourceOverride(robots_override=True)}
    )


def test_changes_are_put_into_the_sources(tmp_path: Path) -> None:
    """A source's own change wins over its platform's; other platforms stay as they are; twice is as once."""
    (tmp_path / "gh").write_text("gh-token\n", "utf-8")
    found = settings(tmp_path, CHANGES, {"X_TOKEN": "tok"})
    shipped = load_platforms(None)
    applied = apply_overrides(shipped, found)
    batch, api, page, _browser = applied["x"].sources
    assert batch.secret == "tok"
    assert (api.secret, api.robots_override, api.pace.requests, api.why_unusable) == ("tok", True, 2, None)
    assert (page.secret, page.robots_override, page.pace.concurrency, page.enabled) == ("", True, 3, False)
    _, rest, profile = applied["github"].sources
    assert rest.secret == "gh-token"
    assert (rest.robots_override, profile.robots_override) == (False, True)
    assert applied["bluesky"] is shipped["bluesky"]
    again = apply_overrides(applied, found)
    assert {name: p.sources for name, p in again.items()} == {name: p.sources for name, p in applied.items()}


def test_changes_to_unknown_platforms_change_nothing(tmp_path: Path) -> None:
    """Applying is total: the fault was told when the file was read."""
    found = settings(tmp_path, "platforms: {x: {robots: override}}")
    assert apply_overrides({}, found) == {}


def test_settings_alone_are_refused_with_unknown_names_too(tmp_path: Path) -> None:
    """Loading watcher.yaml looks at the platform files, unless these are faulty themselves."""
    with pytest.raises(ConfigError, match=r"1:13: platforms\.xx: there is no such platform"):
        settings(tmp_path, "platforms: {xx: {robots: override}}")
    (tmp_path / "platforms/bad.yaml").write_text("[", "utf-8")
    assert "xx" in settings(tmp_path, "platforms: {xx: {robots: override}}").platforms


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("", "log"),
        ("channels: [{name: a, kind: log}, {name: b, kind: log}]", "a"),
        ("channels: [{name: a, kind: log}, {name: b, kind: log}]\nfallback: b", "b"),
    ],
)
def test_the_fallback_is_the_first_channel_unless_named(tmp_path: Path, written: str, found: str) -> None:
    """There is always one."""
    assert settings(tmp_path, f"web: {{listen: 127.0.0.1:11102}}\n{written}").fallback == found


@pytest.mark.parametrize(
    "text",
    [
        "state_dir: ${PLACE}/state",
        "channels: [{name: n, kind: slack, webhook_url: '${NOT_SET}'}]\nstate_dir: ${PLACE}/state",
        "channels: [{name: n, kind: slack, webhook_url_file: none}]\nstate_dir: ${PLACE}/state",
        "retention: {samples: soon}\nweb: {}\nweb: {}\nno_such_key: 1\nstate_dir: ${PLACE}/state",
    ],
)
def test_the_state_is_found_without_secrets_and_beside_faults(tmp_path: Path, text: str) -> None:
    """Whoever reads the record needs to know no more than where it is."""
    path = configure(tmp_path, watcher=text)
    assert load_state_dir(path, {"PLACE": "kept"}) == tmp_path / "kept" / "state"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("state_dir: ${PLACE}", "watcher.yaml:1:12: state_dir: needs the environment variable PLACE"),
        ("state_dir: [a]", "watcher.yaml:1:12: state_dir: must be"),
        ("state_dir: a\nstate_dir: b", "watcher.yaml:2:1: state_dir: "),
        ("- a", "watcher.yaml:1:1: must be a mapping"),
        ("a: [", "watcher.yaml:"),
    ],
)
def test_where_the_state_is_must_be_said_rightly(tmp_path: Path, text: str, found: str) -> None:
    """A fault in what is asked for is told as any other."""
    with pytest.raises(ConfigError) as refused:
        load_state_dir(configure(tmp_path, watcher=text), {})
    assert found in str(refused.value)


def test_where_the_state_is_has_its_default(tmp_path: Path) -> None:
    """As all settings do."""
    assert load_state_dir(configure(tmp_path, watcher="contact: a@b.example"), {}) == tmp_path / "var"
