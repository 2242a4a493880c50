"""What channels to programs may say: a webhook, an Alertmanager, what apprise knows."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.settings.samples import configure, faults
from watcher.settings import apprisewords
from watcher.settings.load import load_settings
from watcher.settings.values import AlertmanagerChannel, AppriseChannel, ChannelSettings, Secret, WebhookChannel

KEY = "0123456789abcdef"
HOOK = "https://hooks.example/s3cret-path"


def channel(tmp_path: Path, entry: str, env: dict[str, str] | None = None, more: str = "") -> ChannelSettings:
    """The one channel that is made of an entry."""
    text = f"channels:\n  - {{name: desk, {entry}}}\n{more}"
    [found] = load_settings(configure(tmp_path, watcher=text), env or {}).channels
    return found


def refused(tmp_path: Path, entry: str) -> list[str]:
    """What is wrong with an entry, without line and column."""
    text = f"channels:\n  - {{name: desk, {entry}}}\n"
    return [fault.split(": ", 1)[1] for fault in faults(configure(tmp_path, watcher=text))]


def test_the_least_of_a_webhook(tmp_path: Path) -> None:
    """An URL; the rest has its default."""
    assert channel(tmp_path, f"kind: webhook, url: {HOOK}") == WebhookChannel(name="desk", url=Secret(HOOK))


def test_all_of_a_webhook(tmp_path: Path) -> None:
    """Secrets from the environment and from files; links lead to where people reach the program."""
    (tmp_path / "url").write_text(f"{HOOK}\n")
    (tmp_path / "key").write_text(f"{KEY}\n")
    entry = (
        "kind: webhook, url_file: url, hmac_secret_file: key, max_alerts: 100, "
        'headers: {Authorization: "Bearer ${TOKEN}", X-Desk: news}'
    )
    found = channel(tmp_path, entry, {"TOKEN": "s3cret"}, "public_url: https://watcher.example/\n")
    assert found == WebhookChannel(
        name="desk",
        url=Secret(HOOK),
        headers={"authorization": Secret("Bearer s3cret"), "x-desk": Secret("news")},
        hmac_secret=Secret(KEY),
        max_alerts=100,
        external_url="https://watcher.example",
    )
    assert "s3cret" not in repr(found)
    assert KEY not in repr(found)


def test_an_alertmanager(tmp_path: Path) -> None:
    """Its peers, one or several; a token, or a name with a password."""
    assert channel(tmp_path, "kind: alertmanager, peers: http://am:9093/") == AlertmanagerChannel(
        name="desk", peers=("http://am:9093",)
    )
    (tmp_path / "pw").write_text("s3cret\n")
    rest = "renew: 30s, peers: [http://a:9093, https://b.example/am]"
    peers = ("http://a:9093", "https://b.example/am")
    known = AlertmanagerChannel(name="desk", peers=peers, renew=timedelta(seconds=30))
    found = channel(tmp_path, f"kind: alertmanager, {rest}, username: ana, password_file: pw")
    assert found == AlertmanagerChannel(
        name="desk", peers=peers, renew=known.renew, username="ana", password=Secret("s3cret")
    )
    assert channel(tmp_path, f'kind: alertmanager, {rest}, token: "${{T}}"', {"T": "t"}) == AlertmanagerChannel(
        name="desk", peers=peers, renew=known.renew, token=Secret("t")
    )
    assert "s3cret" not in repr(found)


def test_what_apprise_knows(tmp_path: Path) -> None:
    """URLs as a list, or a line each in a file, with remarks."""
    urls = (Secret("discord://1234567890/s3cret"), Secret("json://localhost/s3cret"))
    (tmp_path / "urls").write_text("# the desk\ndiscord://1234567890/s3cret\n\njson://localhost/s3cret\n")
    expected = AppriseChannel(name="desk", urls=urls)
    assert channel(tmp_path, "kind: apprise, urls_file: urls") == expected
    named = 'kind: apprise, urls: ["discord://1234567890/${D}", "json://localhost/s3cret"]'
    found = channel(tmp_path, named, {"D": "s3cret"})
    assert found == expected
    assert "s3cret" not in repr(found)


REFUSED = (
    ("kind: webhook", "give exactly one of url and url_file"),
    ("kind: webhook, url: s3cret", "is not a URL; it must begin with https:// (its value is not shown)"),
    (f"kind: webhook, url: {HOOK}, headers: {{Host: x}}", "this key is a header that watcher sets itself; remove it"),
    (f"kind: webhook, url: {HOOK}, hmac_secret: s3cret", "is shorter than 16 characters"),
    (f"kind: webhook, url: {HOOK}, max_alerts: -1", "'-1' is no number of alerts; write 0 (all) to 100000"),
    (f"kind: webhook, url: {HOOK}, hmac_secret: {KEY}, hmac_secret_file: url", "hmac_secret is given twice"),
    ("kind: alertmanager, peers: []", "no peers; name every Alertmanager of the cluster"),
    ("kind: alertmanager, peers: [http://a, http://a/]", "'http://a' is there already; remove it"),
    ("kind: alertmanager, peers: [am:9093]", "'am:9093' is not a web address"),
    ("kind: alertmanager, peers: http://a, renew: 1s", "'1s' is not between 10s and 15m"),
    ("kind: alertmanager, peers: http://a, username: ana", "username without password; give both"),
    (
        "kind: alertmanager, peers: http://a, username: ana, password: s3cret, token: s3cret",
        "both token and password; keep one of them",
    ),
    ("kind: alertmanager, peers: http://a, token: s3cret, token_file: t", "token is given twice"),
    ("kind: apprise", "give exactly one of urls and urls_file"),
    ("kind: apprise, urls: []", "no URLs; name at least one"),
    (
        "kind: apprise, urls: [json://localhost, s3cret://x]",
        "URL 2 is none that apprise knows (its value is not shown)",
    ),
    ("kind: apprise, urls_file: none", "names a file that does not exist"),
    ("kind: apprise, urls_file: empty", "names a file that does not hold lines of text"),
)


def test_what_is_refused(tmp_path: Path) -> None:
    """With its place, what is wrong and what to write instead, all at once; secrets are not shown."""
    (tmp_path / "url").write_text(f"{KEY}\n")
    (tmp_path / "t").write_text("token\n")
    (tmp_path / "empty").write_text("# nobody\n")
    entries = "".join(f"  - {{name: desk{place}, {entry}}}\n" for place, (entry, _) in enumerate(REFUSED))
    found = faults(configure(tmp_path, watcher=f"channels:\n{entries}"))
    for place, (entry, said) in enumerate(REFUSED):
        assert [fault for fault in found if f": channels[{place}]" in fault and said in fault], (entry, found)
    assert "s3cret" not in "".join(found)


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`watcher check` says what to install."""
    monkeypatch.setattr(apprisewords, "find_spec", lambda _name: None)
    [fault] = refused(tmp_path, "kind: apprise, urls: [json://localhost]")
    assert fault == "channels[0].kind: 'apprise' needs the extra 'apprise': pip install 'watcher[apprise]'"
