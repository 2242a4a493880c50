"""What a valid configuration will not do."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import process_time

from tests.unit.settings.samples import CHIRP, FEDI, PLATFORMS, watch
from tests.unit.settings.test_pace import crowd
from watcher.model.account import Severity
from watcher.model.finding import Reason, Verdict
from watcher.model.platform import (
    Answers,
    ControlHandles,
    Field,
    FieldKind,
    Match,
    Pace,
    Platform,
    Rule,
    Source,
    SourceKind,
)
from watcher.model.route import Route
from watcher.settings import Level, Remark, remarks
from watcher.settings.values import (
    LogChannel,
    PlatformOverride,
    ProbeSettings,
    Secret,
    Settings,
    SlackChannel,
    SourceOverride,
)

QUIET = Settings(watchlist=(Path("w"),), state_dir=Path("s"), probe=ProbeSettings(contact="a@b.example"), platforms={})
FAST = Pace(requests=10_000, per=timedelta(seconds=1))


def fast(platform: Platform) -> Platform:
    return replace(platform, sources=tuple(replace(source, pace=FAST) for source in platform.sources))


ALL_FAST = {name: fast(platform) for name, platform in PLATFORMS.items()}


def found(
    tmp_path: Path, accounts: str, platforms: dict[str, Platform] | None = None, settings: Settings = QUIET
) -> list[Remark]:
    watchlist = watch(tmp_path, f"owners: {{alice: A}}\naccounts: [{accounts}]")
    return list(remarks(watchlist, ALL_FAST if platforms is None else platforms, settings))


def with_sources(*sources: Source) -> dict[str, Platform]:
    return {**ALL_FAST, "chirp": replace(CHIRP, sources=sources)}


def test_nothing_is_said_when_all_is_well(tmp_path: Path) -> None:
    """Two controls, a usable source and a contact: no remark."""
    assert found(tmp_path, "https://chirp.example/alice") == []


def test_an_account_without_a_usable_source_cannot_alert(tmp_path: Path) -> None:
    """For each source it is said what keeps it from being asked."""
    sources = (
        Source(name="api", url="https://api.example/{handle}", answers=Answers.JSON, credential="token"),
        Source(name="page", url="https://chirp.example/{handle}", answers=Answers.HTML, robots_disallow=True),
        Source(name="inner", url="https://i.example/{handle}", answers=Answers.JSON, unofficial=True, enabled=False),
    )
    platforms = {**ALL_FAST, "chirp": replace(CHIRP, sources=sources)}
    (remark,) = found(tmp_path, "https://chirp.example/alice", platforms)
    assert (remark.account_id, remark.level) == ("chirp:alice", Level.CANNOT_ALERT)
    assert remark.message == (
        "no usable source on Chirp: source 'api' needs the credential 'token'; source 'page' is disallowed by the "
        "host's robots.txt (set robots: override to ask it all the same); source 'inner' is turned off "
        "(unofficial: set enabled: true to use it)"
    )


def test_an_account_that_nothing_decides_is_expected_to_be_blind(tmp_path: Path) -> None:
    """Where every usable source is blind, the file's words say why, and what an official interface would give."""
    sources = tuple(replace(source, blind=True) for source in ALL_FAST["chirp"].sources)
    chirp = replace(
        CHIRP, sources=sources, decidable=False, limits=("all pages are one.",), official_api="two of three"
    )
    (remark,) = found(tmp_path, "https://chirp.example/alice", {**ALL_FAST, "chirp": chirp})
    assert (remark.account_id, remark.level) == ("chirp:alice", Level.WARNING)
    assert remark.message == "expect blind: all pages are one; an official API would give two of three"
    unusable = replace(chirp, sources=tuple(replace(source, robots_disallow=True) for source in sources))
    (remark,) = found(tmp_path, "https://chirp.example/alice", {**ALL_FAST, "chirp": unusable})
    assert remark.level is Level.CANNOT_ALERT
    assert remark.message.endswith("; expect blind: all pages are one; an official API would give two of three")


def test_an_account_that_nothing_shows_as_present_cannot_alert(tmp_path: Path) -> None:
    """Then no control is ever there, without which no absence is believed; one source that shows any is enough."""
    gone = Rule(id="gone", when=(Match(Field(FieldKind.STATUS), ("404",)),), verdict=Verdict.ABSENT, reason=Reason.GONE)
    page = replace(ALL_FAST["chirp"].sources[0], identity=(), rules=(gone,))
    api = replace(page, name="api", answers=Answers.JSON, similarity=True, rules=())
    (remark,) = found(tmp_path, "https://chirp.example/alice", with_sources(page))
    assert (remark.account_id, remark.level) == ("chirp:alice", Level.CANNOT_ALERT)
    assert remark.message == (
        "nothing in source 'page' of Chirp ever shows an account as present, without which no absence is believed; "
        "write a rule with present:, identity:, or similarity: true"
    )
    (remark,) = found(tmp_path, "https://chirp.example/alice", with_sources(page, api))
    assert remark.message.startswith("nothing in sources 'page' and 'api' of Chirp ever shows an account as present")
    there = replace(gone, verdict=Verdict.PRESENT, reason=Reason.PROFILE)
    for telling in (
        replace(api, rules=(there,)),
        replace(api, identity=(Field(FieldKind.JSON, "name"),)),
        replace(page, name="like", similarity=True),
    ):
        assert found(tmp_path, "https://chirp.example/alice", with_sources(page, telling)) == []
        off = replace(telling, enabled=False)
        (remark,) = found(tmp_path, "https://chirp.example/alice", with_sources(page, off))
        assert remark.message.startswith("nothing in source 'page' of Chirp ever shows")


def test_letters_that_look_like_others_are_named(tmp_path: Path) -> None:
    """On a platform that has them the account is watched, with a warning; so it is on a host of such letters."""
    entry = "{url: https://forum.example/u/\N{CYRILLIC SMALL LETTER A}lice, controls: {present: [bob, carol]}}"
    (remark,) = [r for r in found(tmp_path, entry) if r.account_id]
    assert remark.level is Level.WARNING
    assert remark.message.startswith(
        "'\N{CYRILLIC SMALL LETTER A}' is CYRILLIC SMALL LETTER A: write 'a'?; Web page may"
    )
    entry = "{url: https://xn--80ak6aa92e.example/u/alice, controls: {present: [bob, carol]}}"
    (remark,) = [r for r in found(tmp_path, entry) if r.account_id]
    assert remark.message.endswith("; it is not the site that it looks like")


def test_a_source_that_this_machine_cannot_ask_is_named_once(tmp_path: Path) -> None:
    """Where others are asked in its stead it is a warning about the platform; without any, accounts cannot alert."""
    needs = "needs Chromium: install it"
    browser = Source(
        name="browser",
        kind=SourceKind.BROWSER,
        url="https://chirp.example/{handle}",
        answers=Answers.HTML,
        missing=needs,
    )
    platforms = {**ALL_FAST, "chirp": replace(CHIRP, sources=(*ALL_FAST["chirp"].sources, browser))}
    both = "https://chirp.example/alice, https://chirp.example/bob"
    (remark,) = found(tmp_path, both, platforms)
    assert (remark.account_id, remark.level) == (None, Level.WARNING)
    assert remark.message == f"Chirp: source 'browser' is skipped, it {needs}"
    alone = {**ALL_FAST, "chirp": replace(CHIRP, sources=(browser,))}
    (remark,) = found(tmp_path, "https://chirp.example/alice", alone)
    assert (remark.account_id, remark.level) == ("chirp:alice", Level.CANNOT_ALERT)
    assert remark.message == f"no usable source on Chirp: source 'browser' {needs}"
    off = {**platforms, "chirp": replace(CHIRP, sources=(*CHIRP.sources, replace(browser, robots_disallow=True)))}
    assert not [each for each in found(tmp_path, both, off) if "skipped" in each.message]


def test_the_operators_changes_count(tmp_path: Path) -> None:
    """A credential, a switch or an override in watcher.yaml makes a source usable."""
    source = replace(ALL_FAST["chirp"].sources[0], credential="t", enabled=False)
    platforms = {**ALL_FAST, "chirp": replace(CHIRP, sources=(source,))}
    override = PlatformOverride(credentials={"t": Secret("x")}, sources={"page": SourceOverride(enabled=True)})
    assert len(found(tmp_path, "https://chirp.example/alice", platforms)) == 1
    assert (
        found(tmp_path, "https://chirp.example/alice", platforms, replace(QUIET, platforms={"chirp": override})) == []
    )


def test_an_account_without_a_control_cannot_alert(tmp_path: Path) -> None:
    """A page of which nothing comparable is known is never told as gone."""
    (remark,) = found(tmp_path, "https://forum.example/u/alice")
    assert (remark.account_id, remark.level) == ("generic:forum.example/u/alice", Level.CANNOT_ALERT)
    assert "give controls.present" in remark.message


def test_one_control_is_fewer_than_wanted(tmp_path: Path) -> None:
    """A single control may itself be the one that is gone."""
    (remark,) = found(tmp_path, "{url: https://forum.example/u/alice, controls: {present: admin}}")
    assert (remark.level, remark.message.split(":")[0]) == (Level.WARNING, "only 'admin' to compare with")


def test_controls_come_from_the_entry_the_instance_and_the_neighbours(tmp_path: Path) -> None:
    """Those of another instance do not count, nor does the account itself."""
    accounts = "https://big.example/@admin, https://big.example/@eve, https://small.example/@eve"
    said = {remark.account_id: remark.level for remark in found(tmp_path, accounts)}
    assert said == {
        "fedi:admin@big.example": Level.WARNING,
        "fedi:eve@big.example": Level.WARNING,
        "fedi:eve@small.example": Level.CANNOT_ALERT,
    }
    everywhere = replace(ALL_FAST["fedi"], controls=ControlHandles(present={"*": ("a", "b")}))
    assert found(tmp_path, accounts, {**ALL_FAST, FEDI.id: everywhere}) == []


def test_a_webhook_in_the_clear_is_a_warning(tmp_path: Path) -> None:
    """To this machine it may go as it is; what the secret is, is not said."""
    urls = ("http://hooks.example/s3cret", "http://127.0.0.1:9000/s3cret", "https://hooks.example/s3cret")
    for url, count in zip(urls, (1, 0, 0), strict=True):
        channel = SlackChannel(name="news", webhook_url=Secret(url))
        settings = replace(QUIET, channels=(channel,), fallback="news")
        said = found(tmp_path, "https://chirp.example/alice", settings=settings)
        assert len(said) == count
        assert all("'news'" in remark.message and "s3cret" not in remark.message for remark in said)


def test_a_channel_that_no_route_leads_to_is_a_warning(tmp_path: Path) -> None:
    """Who adds a channel and no route hears nothing. A log needs none, nor does the fallback; routes within count."""
    channel = SlackChannel(name="news", webhook_url=Secret("https://hooks.example/s3cret"))
    settings = replace(QUIET, channels=(LogChannel(name="log"), LogChannel(name="other"), channel))
    (remark,) = found(tmp_path, "https://chirp.example/alice", settings=settings)
    assert (remark.account_id, remark.level) == (None, Level.WARNING)
    assert remark.message.startswith("channel 'news' is in no route")
    assert found(tmp_path, "https://chirp.example/alice", settings=replace(settings, fallback="news")) == []
    within = Route(name="all", channels=("log",), routes=(Route(name="r", channels=("news",)),))
    assert found(tmp_path, "https://chirp.example/alice", settings=replace(settings, routes=(within,))) == []


def test_a_missing_contact_is_a_warning(tmp_path: Path) -> None:
    """Platforms should be able to ask before they block."""
    (remark,) = found(tmp_path, "https://chirp.example/alice", settings=replace(QUIET, probe=ProbeSettings()))
    assert (remark.account_id, remark.level) == (None, Level.WARNING)
    assert remark.message.startswith("no contact")


def test_a_route_for_nobody_is_a_warning(tmp_path: Path) -> None:
    """A mistyped owner in a route would silence it for ever."""
    routes = (
        Route(name="r", channels=("log",), owner=frozenset({"alice", "bob"})),
        Route(name="rest", channels=("log",)),
    )
    (remark,) = found(tmp_path, "https://chirp.example/alice", settings=replace(QUIET, routes=routes))
    assert remark.message == "route 'r' is for the owner 'bob', which the watchlist does not have"


def test_a_route_for_an_account_or_a_label_that_nobody_has_is_a_warning(tmp_path: Path) -> None:
    """As for an owner; what was most likely meant is named."""
    routes = (
        Route(name="one", channels=("log",), account=frozenset({"chirp:alcie"}), labels={"desk": "b"}),
        Route(name="rest", channels=("log",), account=frozenset({"chirp:alice"}), labels={"desk": "a"}),
        Route(name="all", channels=("log",)),
    )
    accounts = "{url: https://chirp.example/alice, labels: {desk: a}}"
    said = [remark.message for remark in found(tmp_path, accounts, settings=replace(QUIET, routes=routes))]
    assert said == [
        "route 'one' is for the account 'chirp:alcie', which the watchlist does not have; did you mean 'chirp:alice'?",
        "route 'one' is for the label 'desk: b', which the watchlist does not have; did you mean 'desk: a'?",
    ]


SLACK = SlackChannel(name="slack", webhook_url=Secret("https://h.example"))
LOUD = "{url: https://chirp.example/alice, severity: critical, owner: alice, labels: {desk: a}}"


def is_loud(tmp_path: Path, *routes: Route) -> bool:
    said = of_alice(tmp_path, LOUD, *routes)
    assert all(remark.level is Level.WARNING for remark in said)
    return not said


def of_alice(
    tmp_path: Path, accounts: str, *routes: Route, platforms: dict[str, Platform] | None = None
) -> list[Remark]:
    """What is said of the accounts, not of the whole, where there is a log and Slack."""
    settings = replace(QUIET, channels=(LogChannel(name="log"), SLACK), routes=routes)
    return [remark for remark in found(tmp_path, accounts, platforms, settings) if remark.account_id is not None]


def test_a_critical_account_needs_a_route_to_people(tmp_path: Path) -> None:
    """The log alone wakes nobody; the routes are followed as they will be."""
    log, slack = Route(name="log", channels=("log",)), Route(name="slack", channels=("slack",))
    assert is_loud(tmp_path, slack)
    assert is_loud(tmp_path, replace(log, proceed=True), slack)
    assert not is_loud(tmp_path, log, slack)


def test_routes_match_by_what_an_account_is(tmp_path: Path) -> None:
    """Severity, platform, owner and labels must all fit."""
    slack, log = Route(name="slack", channels=("slack",)), Route(name="log", channels=("log",))
    assert is_loud(tmp_path, replace(slack, severity=frozenset({Severity.CRITICAL})))
    assert is_loud(
        tmp_path, replace(slack, platform=frozenset({"chirp"}), owner=frozenset({"alice"}), labels={"desk": "a"})
    )
    assert not is_loud(tmp_path, replace(slack, severity=frozenset({Severity.INFO})), log)
    assert not is_loud(tmp_path, replace(slack, platform=frozenset({"fedi"})), log)
    assert not is_loud(tmp_path, replace(slack, labels={"desk": "b"}), log)
    assert not is_loud(tmp_path, replace(slack, owner=frozenset({"bob"})), log)


def test_an_account_that_no_route_takes_cannot_alert(tmp_path: Path) -> None:
    """Whatever its severity: its outage would be told to nobody, not even to the log."""
    urgent = Route(name="slack", channels=("slack",), severity=frozenset({Severity.CRITICAL}))
    for severity in (Severity.WARNING, Severity.INFO):
        (remark,) = of_alice(tmp_path, f"{{url: https://chirp.example/alice, severity: {severity}}}", urgent)
        assert (remark.account_id, remark.level) == ("chirp:alice", Level.CANNOT_ALERT)
        assert remark.message == f"no route takes its outage of severity '{severity}'"
    assert of_alice(tmp_path, LOUD, urgent) == []
    (remark,) = of_alice(tmp_path, LOUD)
    assert remark.level is Level.CANNOT_ALERT


def test_where_little_is_sure_the_lowered_severity_needs_a_route_too(tmp_path: Path) -> None:
    """What only resembles a missing profile is told one step lower, and may pass by the route for the account's own."""
    compared = replace(CHIRP, sources=tuple(replace(source, pace=FAST, similarity=True) for source in CHIRP.sources))
    platforms = {**ALL_FAST, "chirp": compared}
    urgent = Route(name="slack", channels=("slack",), severity=frozenset({Severity.CRITICAL}))
    log = Route(name="log", channels=("log",))
    (remark,) = of_alice(tmp_path, LOUD, urgent, platforms=platforms)
    assert remark.level is Level.CANNOT_ALERT
    assert remark.message == (
        "no route takes its outage of severity 'warning' (on Chirp little is sure: 'critical' becomes 'warning')"
    )
    (remark,) = of_alice(tmp_path, LOUD, urgent, log, platforms=platforms)
    assert remark.level is Level.WARNING
    assert remark.message.startswith("is critical, but no route leads it to a channel other than the log (on Chirp")
    assert len(of_alice(tmp_path, LOUD, log, platforms=platforms)) == 1
    assert of_alice(tmp_path, LOUD, replace(log, channels=("slack",)), platforms=platforms) == []
    mild = "{url: https://chirp.example/alice, severity: info}"
    assert of_alice(tmp_path, mild, log, platforms=platforms) == []
    unused = {
        **platforms,
        "chirp": replace(
            compared, sources=(*ALL_FAST["chirp"].sources, replace(compared.sources[0], name="guess", enabled=False))
        ),
    }
    assert of_alice(tmp_path, LOUD, urgent, platforms=unused) == []


def blind_spots(tmp_path: Path, *routes: Route) -> list[str]:
    """What is said of that which cannot be observed."""
    accounts = "https://chirp.example/alice, {url: https://forum.example/u/alice, controls: {present: [a, b]}}"
    said = found(tmp_path, accounts, settings=replace(QUIET, channels=(SLACK,), routes=routes))
    assert all(remark.level is Level.WARNING for remark in said if remark.account_id is None)
    about = (remark.message for remark in said if remark.account_id is None)
    return [message.split(":")[0] for message in about if not message.startswith("route ")]


def test_what_cannot_be_observed_needs_a_route(tmp_path: Path) -> None:
    """It is a warning without owner and labels, of a platform; or of none, where nothing at all is reached."""
    slack = Route(name="slack", channels=("slack",))
    deaf = "nobody is told when Chirp or Web page or anything at all cannot be observed"
    assert blind_spots(tmp_path, slack) == []
    assert blind_spots(tmp_path, replace(slack, severity=frozenset({Severity.WARNING}))) == []
    assert blind_spots(tmp_path, replace(slack, severity=frozenset({Severity.CRITICAL}))) == [deaf]
    assert blind_spots(tmp_path, replace(slack, owner=frozenset({"alice"}))) == [deaf]
    assert blind_spots(tmp_path, replace(slack, labels={"desk": "a"})) == [deaf]
    assert blind_spots(tmp_path, replace(slack, platform=frozenset({"chirp"}))) == [
        "nobody is told when Web page or anything at all cannot be observed"
    ]


def test_an_interval_that_the_pace_forbids_is_named_with_the_one_it_allows(tmp_path: Path) -> None:
    """10 a minute, of which 0.8 for the controls: 20 accounts can be asked every 131 s."""
    accounts = ", ".join(f"https://chirp.example/user{n}" for n in range(20))
    (remark,) = found(tmp_path, accounts, PLATFORMS)
    assert (remark.account_id, remark.level) == (None, Level.WARNING)
    assert remark.message == (
        "chirp.example: 20 accounts with controls want 20.8 requests a minute, the pace is 10 per 1m: "
        "an interval of 2m11s can be met"
    )
    assert found(tmp_path, ", ".join(accounts.split(", ")[:9]), PLATFORMS) == []


def test_a_pace_that_the_controls_of_many_pages_share_is_named(tmp_path: Path) -> None:
    """Each of five pages of one site has controls of its own: together they get a fifth of its pace."""
    override = PlatformOverride(pace=Pace(requests=1, per=timedelta(hours=1)))
    settings = replace(QUIET, platforms={"generic": override})
    pages = (f"{{url: https://forum.example/{n}/alice, controls: {{present: [bob, carol]}}}}" for n in range(5))
    (message,) = (r.message for r in found(tmp_path, ", ".join(pages), PLATFORMS, settings) if "requests" in r.message)
    assert message == (
        "forum.example: 5 accounts with controls want 5.0 requests a minute, the pace is 1 per 1h: "
        "an interval of 8h20m can be met"
    )


WINDOWS = """[
  {days: mon-fri, hours: "08:00-18:00", interval: 30s},
  {days: wed, hours: "09:00-12:00", interval: 10s},
  {days: sat, interval: 5m}]"""


def test_a_window_that_never_holds_is_named(tmp_path: Path) -> None:
    """An earlier one covers it, so that its interval, shorter or longer, is never in force."""
    (remark,) = found(tmp_path, f"{{url: https://chirp.example/alice, windows: {WINDOWS}}}, https://chirp.example/bob")
    assert (remark.account_id, remark.level) == ("chirp:alice", Level.WARNING)
    assert remark.message == (
        "windows[1] never holds, as those before it cover all of its time: put it before them, or remove it"
    )


def test_a_window_of_the_defaults_is_named_once(tmp_path: Path) -> None:
    """Not once for each of the accounts that have it."""
    text = f"defaults: {{windows: {WINDOWS}}}\naccounts: [https://chirp.example/alice, https://chirp.example/bob]"
    (remark,) = remarks(watch(tmp_path, text), ALL_FAST, QUIET)
    assert remark.account_id is None
    assert remark.message.startswith("2 accounts, chirp:alice the first: windows[1] never holds")


def test_a_pace_must_do_for_the_densest_window(tmp_path: Path) -> None:
    """Nine accounts a minute can be asked, but not twice as often; that it is so in a window is said."""
    accounts = ", ".join(f"https://chirp.example/user{n}" for n in range(9))
    windows = "[{hours: 08:00-18:00, interval: 30s}, {hours: 09:00-10:00, interval: 1s}]"
    said = remarks(watch(tmp_path, f"defaults: {{windows: {windows}}}\naccounts: [{accounts}]"), PLATFORMS, QUIET)
    (message,) = (remark.message for remark in said if "requests" in remark.message)
    assert message == (
        "chirp.example: 9 accounts with controls want 18.8 requests a minute within their windows, "
        "the pace is 10 per 1m: an interval of 59s can be met"
    )
    seldom = "defaults: {windows: [{hours: 08:00-18:00, interval: 5m}]}"
    assert remarks(watch(tmp_path, f"{seldom}\naccounts: [{accounts}]"), PLATFORMS, QUIET) == ()


def test_a_wide_watchlist_is_checked_in_linear_time() -> None:
    """Each account is held against a few of those beside it, not against all."""

    def took(many: int) -> float:
        watchlist = crowd(many)
        began = process_time()
        remarks(watchlist, ALL_FAST, QUIET)
        return process_time() - began

    took(500)
    assert min(took(8000) for _ in range(3)) < 8 * min(took(2000) for _ in range(3))  # 16: all against all
