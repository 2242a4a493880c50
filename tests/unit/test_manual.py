"""One look by hand, over real sockets, and one test message."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.newsroom import CONTROLS, configure
from tests.fakes.slack import NO_SERVICE, FakeSlack
from watcher.clock import SystemClock
from watcher.demo.answers import Page
from watcher.demo.platform import ScriptedPlatform
from watcher.look.ondemand import Look
from watcher.look.outlook import is_each_seen, line, record
from watcher.manual import calibrate, look, send_test
from watcher.model.exchange import Purpose
from watcher.model.finding import Reason, Verdict
from watcher.model.notification import Delivered, GaveUp
from watcher.settings import Loaded
from watcher.settings.load import load_all
from watcher.settings.lookup import account_for
from watcher.settings.values import Secret, SlackChannel


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[ScriptedPlatform]:
    """x.com: the controls and @POTUS are there, @realDonaldTrump is not."""
    async with ScriptedPlatform(SystemClock(), tmp_path) as platform:
        for handle in (*CONTROLS, "POTUS"):
            platform.set(handle, Page.PRESENT)
        platform.set("realDonaldTrump", Page.MISSING_FR)
        yield platform


@pytest.fixture
def loaded(platform: ScriptedPlatform, tmp_path: Path) -> Loaded:
    """The configuration that watches both."""
    return load_all(configure(tmp_path / "config", platform), {})


async def seen(loaded: Loaded, text: str) -> Look:
    """The look at whom `text` names."""
    return await look(account_for(text, loaded), loaded, SystemClock())


async def test_an_absence_is_proven_by_controls(loaded: Loaded) -> None:
    """As in a run: the positive control was asked after the account, and the gate admits."""
    result = await seen(loaded, "x:realdonaldtrump")
    assert result.is_watched
    assert result.finding.verdict is Verdict.ABSENT
    assert result.finding.evidence.quote == "Désolé, cette page n'existe pas"
    purposes = [exchange.task.purpose for exchange in result.asked]
    assert purposes[0] is Purpose.MANUAL
    assert set(purposes[1:]) == {Purpose.CONTROL}
    [examined] = result.examined
    assert examined.report is not None
    assert examined.report.positive_after(result.finding.at) is not None


async def test_a_presence_is_held_against_a_handle_that_nobody_has(loaded: Loaded) -> None:
    """A platform that shows everybody must not make a person believe that one account is there."""
    result = await seen(loaded, "https://x.com/potus")
    assert result.finding.verdict is Verdict.PRESENT
    [examined] = result.examined
    assert examined.report is not None
    assert [control.finding.verdict for control in examined.report.negatives] == [Verdict.ABSENT]


async def test_a_page_that_shows_everybody_proves_nothing(loaded: Loaded, platform: ScriptedPlatform) -> None:
    """The gate refuses, and says which handle gave it away."""
    platform.set_all(Page.PRESENT)
    result = await seen(loaded, "x:potus")
    assert result.finding.reason is Reason.CONTROL_FAILED
    assert result.finding.refused is not None
    assert result.finding.refused.verdict is Verdict.PRESENT


async def test_an_account_need_not_be_watched(loaded: Loaded) -> None:
    """Any profile URL will do; the watched accounts stay what they are."""
    result = await seen(loaded, "https://x.com/nobody_has_this")
    assert not result.is_watched
    assert result.finding.verdict is Verdict.ABSENT


async def test_watched_neighbours_serve_as_controls(platform: ScriptedPlatform, tmp_path: Path) -> None:
    """A site that no platform file knows has no controls but the accounts watched there."""
    urls = [f"https://127.0.0.1:{platform.port}/{handle}" for handle in ("realDonaldTrump", "POTUS")]
    path = configure(tmp_path / "config", platform, watchlist=f"accounts: [{', '.join(urls)}]\n", asked="generic")
    result = await seen(load_all(path, {}), urls[0])
    asked = {exchange.task.target.handle for exchange in result.asked if exchange.task.purpose is Purpose.CONTROL}
    assert "POTUS" in asked
    assert result.finding.reason is Reason.UNAVAILABLE


async def test_without_a_source_nothing_is_asked(platform: ScriptedPlatform, tmp_path: Path) -> None:
    """It says why instead."""
    path = configure(tmp_path / "config", platform, asked="")
    result = await seen(load_all(path, {}), "x:potus")
    assert result.finding.reason is Reason.NO_SOURCE
    assert "robots.txt" in result.finding.evidence.detail
    assert result.asked == ()
    assert platform.requests == []


async def test_nobody_answers(tmp_path: Path) -> None:
    """A failure is told as what it is: no verdict."""
    result = await seen(load_all(configure(tmp_path / "config"), {}), "x:potus")
    assert result.finding.reason is Reason.CONNECT


async def test_an_empty_shell_moves_on_to_the_next_source(platform: ScriptedPlatform, tmp_path: Path) -> None:
    """What each source said is kept; the last one counts."""
    config = tmp_path / "config"
    path = configure(config, platform, watchlist="accounts: [{platform: shells, handle: potus}]\n", asked="shells")
    (config / "platforms").mkdir()
    (config / "platforms" / "shells.yaml").write_text(_SHELLS)
    result = await seen(load_all(path, {}), "shells:potus")
    assert [(examined.finding.source, examined.finding.reason) for examined in result.examined] == [
        ("shell", Reason.EMPTY_SHELL),
        ("page", Reason.PROFILE),
    ]


_SHELLS = """\
platform: shells
title: Shells
profile: https://x.com/{handle}
recognise: []
handle: {pattern: "[a-z0-9_]{1,20}"}
controls: {present: [nasa, un]}
sources:
  - name: shell
    kind: http
    answers: html
    url: https://x.com/{handle}
    rules: [{id: shell, when: {status: 200}, inconclusive: empty_shell}]
  - name: page
    kind: http
    answers: html
    url: https://x.com/{handle}
    rules: [{id: profile, when: {title: "*(@{handle})*"}, present: profile}]
"""


async def test_a_test_message_says_that_it_is_one() -> None:
    """Nobody may take it for an alert."""
    async with FakeSlack() as slack:
        channel = SlackChannel(name="newsroom", webhook_url=Secret(slack.url))
        assert await send_test(channel, SystemClock()) == Delivered(answer="ok")
    [payload] = slack.accepted
    assert "Test message from watcher: nothing has happened" in payload["text"]
    assert "'newsroom'" in str(payload["blocks"])


async def test_a_dead_channel_is_told() -> None:
    """Once, without trying again."""
    async with FakeSlack(NO_SERVICE) as slack:
        channel = SlackChannel(name="newsroom", webhook_url=Secret(slack.url))
        assert await send_test(channel, SystemClock()) == GaveUp(reason="gone: 404 no_service")
    assert len(slack.received) == 1


async def test_what_can_be_seen_from_here(loaded: Loaded, platform: ScriptedPlatform) -> None:
    """The controls of each source are asked, nobody else; existing and missing accounts are told apart by a text."""
    [found] = await calibrate(loaded, SystemClock())
    assert found.can_see
    assert line(found).startswith("X: sees profile, not_found, suspended")
    assert "told apart by phrase" in line(found)
    data = record(found)
    assert (data["platform"], data["source"], data["health"], data["told_apart_by"]) == ("x", "page", "ok", "phrase")
    asked = {request.handle for request in platform.requests}
    assert not asked & {"POTUS", "potus", "realDonaldTrump", "realdonaldtrump"}
    assert {control["kind"] for control in data["controls"]} == {"positive", "negative"}


async def test_what_cannot_be_seen_from_here(loaded: Loaded, platform: ScriptedPlatform) -> None:
    """A wall before everybody is named; so is a platform that shows one page for all."""
    platform.set_all(Page.LOGIN_WALL)
    [walled] = await calibrate(loaded, SystemClock())
    assert not walled.can_see
    assert line(walled) == "X: blind from here: an account that exists is answered with login_wall (source page)"
    platform.set_all(Page.MISSING_EN)
    [same] = await calibrate(loaded, SystemClock())
    assert line(same) == "X: fails: an account that exists is answered with not_found (source page)"
    assert not is_each_seen((walled, same))


async def test_a_control_that_is_gone_is_named(loaded: Loaded, platform: ScriptedPlatform) -> None:
    """The platform is seen by the others, and the operator is told to name another one."""
    platform.set(CONTROLS[0], Page.MISSING_EN)
    [found] = await calibrate(loaded, SystemClock())
    assert found.can_see
    assert record(found)["dead_controls"] == [CONTROLS[0]]
    assert line(found).endswith(f"; control {CONTROLS[0]} is gone: name another")
