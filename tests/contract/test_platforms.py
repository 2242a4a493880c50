"""Every shipped platform file keeps the contract: it loads, knows its own URLs, and each of its rules has been met."""

import random
import re
import string
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from aiohttp import web

import tests.corpus
from tests.corpus.cases import Answer
from tests.corpus.score import ASKED_AT, Result, examine, exchange_of, score
from tests.corpus.whom import target_of
from tests.fakes.clock import FakeClock, settle
from watcher.classify import classify, members_of
from watcher.classify.phrases import normalise
from watcher.demo.certificates import Authority
from watcher.metrics import Metrics
from watcher.model.exchange import Exchange, Purpose, Target, Task
from watcher.model.finding import Reason, Verdict
from watcher.model.platform import DEFAULT_PACE, Answers, Pace, Platform, Source, SourceKind, expand
from watcher.probe import Prober, open_prober
from watcher.settings.handles import fold_handle
from watcher.settings.load import load_platforms
from watcher.settings.values import ProbeSettings
from watcher.settings.weburl import GENERIC, Recogniser, parse_url

PLATFORMS = load_platforms(None)
RECOGNISER = Recogniser(PLATFORMS.values())
RESULTS = score(Path(tests.corpus.__path__[0]), PLATFORMS)
NAMED = [platform for platform in PLATFORMS.values() if platform.id != GENERIC]
ALL_SOURCES = [(platform, source) for platform in PLATFORMS.values() for source in platform.sources]


def plain_of(platform: Platform, source: Source) -> Source | None:
    """The source that takes the same page as it comes, for one that has it rendered: cases of it are cases of both."""
    if source.kind is not SourceKind.BROWSER:
        return None
    return next((each for each in platform.sources if each.kind is SourceKind.HTTP and each.url == source.url), None)


SOURCES = [(platform, source) for platform, source in ALL_SOURCES if plain_of(platform, source) is None]
RENDERED = [(platform, source) for platform, source in ALL_SOURCES if plain_of(platform, source) is not None]
HANDLE = "harbourpost00"
JSON, HTML = {"content-type": "application/json"}, {"content-type": "text/html; charset=utf-8"}
LOG_IN = b"<html><head><title>Log in</title></head><body><form><input type=password></form></body></html>"
MOMENT = (
    b"<html><head><title>Just a moment...</title></head><body><script>window._cf_chl_opt={};</script></body></html>"
)
SAYS_NOTHING = b'{"message": "no"}'
# Every wall, limit and failure that any source may meet: status, headers, body, where a redirect led, what it is.
Barrier = tuple[int, dict[str, str], bytes, str, Reason]
ALWAYS: dict[str, Barrier] = {
    "unauthorized": (401, JSON, SAYS_NOTHING, "", Reason.LOGIN_WALL),
    "forbidden": (403, JSON, SAYS_NOTHING, "", Reason.FORBIDDEN),
    "challenge": (403, {**HTML, "cf-mitigated": "challenge"}, MOMENT, "", Reason.CHALLENGE),
    "waf": (202, {**HTML, "x-amzn-waf-action": "challenge"}, b"", "", Reason.CHALLENGE),
    "blocked": (999, HTML, LOG_IN, "", Reason.CHALLENGE),
    "calm": (420, JSON, SAYS_NOTHING, "", Reason.RATE_LIMITED),
    "rate-limited": (429, JSON, SAYS_NOTHING, "", Reason.RATE_LIMITED),
    "empty-404": (404, HTML, b" ", "", Reason.RATE_LIMITED),
    "empty-403": (403, HTML, b"", "", Reason.RATE_LIMITED),
    "server-error": (500, HTML, LOG_IN, "", Reason.PLATFORM_ERROR),
    "unavailable": (503, HTML, LOG_IN, "", Reason.PLATFORM_ERROR),
    "legal": (451, HTML, LOG_IN, "", Reason.GEO_BLOCK),
    "captive": (511, HTML, LOG_IN, "", Reason.LOCAL_NETWORK),
    "log-in": (200, HTML, LOG_IN, "/login", Reason.LOGIN_WALL),
    "foreign": (200, HTML, LOG_IN, "https://elsewhere.example/", Reason.REDIRECT),
    "captive portal": (200, HTML, LOG_IN, "https://portal.hotel.example/", Reason.LOCAL_NETWORK),
    "consent": (200, HTML, LOG_IN, "https://consent.{host}/m", Reason.CONSENT),
}
BARRIERS: dict[Answers, dict[str, Barrier]] = {
    Answers.JSON: {**ALWAYS, "page": (200, HTML, LOG_IN, "", Reason.NOT_PARSABLE)},
    Answers.HTML: {
        **ALWAYS,
        "json": (200, JSON, SAYS_NOTHING, "", Reason.BAD_RESPONSE),
        "image": (200, {"content-type": "image/png"}, b"x" * 100, "", Reason.BAD_RESPONSE),
        "short": (200, HTML, b"<html>", "", Reason.BAD_RESPONSE),
    },
}


LIMITED = Answer(status=429, headers={**JSON, "retry-after": "0"}, final_url="", body=SAYS_NOTHING)
FAST = Pace(requests=1000, per=timedelta(seconds=1), concurrency=100)


class Asker:
    """Asks a real server on this machine, which stands for every host and gives the answer that it is told to."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._answer = LIMITED
        self._seen: list[str] = []
        self._prober: Prober | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._authority.server_context()).start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._prober is not None:
            await self._prober.close()
        await self._runner.cleanup()
        await settle()

    async def ask(self, platform: Platform, source: Source, target: Target, answer: Answer) -> Exchange:
        """What a prober without patience or history gets for `target` when the server answers with `answer`."""
        self._answer = answer
        ready = replace(source, pace=FAST, robots_override=True, secret="none")
        task = Task(
            purpose=Purpose.ROUTINE,
            platform=platform,
            source=ready,
            target=target,
            due=ASKED_AT,
            max_age=timedelta(minutes=1),
            timeout=timedelta(seconds=10),
        )
        if self._prober is not None:
            await self._prober.close()
        settings = ProbeSettings(
            allow_private=(ip_network("127.0.0.0/8"),),
            connect_to={task.host: ("127.0.0.1", self._runner.addresses[0][1])},
            ca_file=self._authority.ca_file,
        )
        self._prober = open_prober(settings, "1.2.3", FakeClock(), Metrics("0"))
        return members_of(await self._prober.fetch(task))[0]

    def asked(self) -> str:
        """The address that was asked for last."""
        return self._seen[-1]

    async def _serve(self, request: web.Request) -> web.Response:
        self._seen.append(unquote(f"https://{request.host}{request.path_qs}"))
        return web.Response(status=self._answer.status, headers=self._answer.headers, body=self._answer.body)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
async def asker(authority: Authority) -> AsyncIterator[Asker]:
    async with Asker(authority) as asker:
        yield asker


def name_of(value: object) -> str:
    """A platform or source by name."""
    return value.id if isinstance(value, Platform) else value.name if isinstance(value, Source) else str(value)


def results_of(platform: Platform, source: Source) -> list[Result]:
    """What the corpus shows of one source."""
    return [r for r in RESULTS if r.case.platform == platform.id and r.finding.source == source.name]


def controls_of(platform: Platform) -> Iterator[tuple[str, str]]:
    """(instance, handle) of the accounts that always exist; the instance is empty where there is one only."""
    for instance, handles in platform.controls.present.items():
        yield from (("" if instance == "*" else instance, handle) for handle in handles)


def impossible(platform: Platform) -> list[str]:
    """Handles as the program makes them, from a few seeds, and those of letters or digits alone."""
    controls = platform.controls
    chance = random.Random(20171102)
    alphabets = (*[string.ascii_lowercase + string.digits] * 50, string.ascii_lowercase, string.digits)
    return [
        controls.absent.replace("{random}", "".join(chance.choices(letters, k=controls.length)))
        for letters in alphabets
    ]


def test_the_platforms_of_the_issue_ship() -> None:
    """Bluesky, Mastodon, GitHub, YouTube, X and any other page can be watched without writing a platform file."""
    assert {"bluesky", "mastodon", "github", "youtube", "x", "generic"} <= PLATFORMS.keys()


@pytest.mark.parametrize("platform", NAMED, ids=name_of)
def test_its_own_profile_urls_are_recognised(platform: Platform) -> None:
    """The profile URL of each control is recognised as that platform's, with the same handle and instance."""
    for instance, handle in controls_of(platform):
        url = parse_url(expand(platform.profile, handle=handle, instance=instance))
        found = RECOGNISER.profile(url)
        assert found is not None
        assert (found.platform.id, found.instance) == (platform.id, instance)
        assert fold_handle(found.handle, platform) == fold_handle(handle, platform)


@pytest.mark.parametrize(
    ("url", "platform", "handle"),
    [
        ("https://twitter.com/NASA", "x", "nasa"),
        ("https://mobile.twitter.com/NASA?lang=fr", "x", "nasa"),
        ("http://www.twitter.com/NASA/", "x", "nasa"),
        ("https://m.youtube.com/@NASA", "youtube", "nasa"),
        ("https://www.youtube.com/@%E6%99%B4%E3%82%8C", "youtube", "晴れ"),
        ("https://www.youtube.com/@harbour.post-news_1", "youtube", "harbour.post-news_1"),
        ("https://youtube.com/channel/UCBR8-60-B28hp2BmDPdntcQ", "youtube_channel", "UCBR8-60-B28hp2BmDPdntcQ"),
        ("https://www.github.com/K8s-ci-robot", "github", "k8s-ci-robot"),
        ("https://bsky.app/profile/NYTimes.com", "bluesky", "nytimes.com"),
        ("https://Mastodon.Social/@EFF", "mastodon", "eff"),
        ("https://mastodon.social/web/@EFF/", "mastodon", "eff"),
        ("https://mastodon.social/users/EFF", "mastodon", "eff"),
        ("https://x.com/@NASA", "x", "nasa"),
        ("https://gitlab.com/users/GitLab-Bot", "gitlab", "gitlab-bot"),
        ("https://news.ycombinator.com/user?id=Whoishiring&p=2", "hackernews", "Whoishiring"),
        ("https://steamcommunity.com/id/GabeLoganNewell/", "steam", "gabelogannewell"),
        ("https://telegram.me/BotFather", "telegram", "botfather"),
        ("https://t.me/s/Durov?before=1", "telegram", "durov"),
        ("https://m.twitch.tv/NASA", "twitch", "nasa"),
        ("https://www.twitch.tv/nasa/videos?filter=all", "twitch", "nasa"),
        ("https://substack.com/@Hamish", "substack", "hamish"),
        ("https://medium.com/@NetflixTechBlog?source=x", "medium", "netflixtechblog"),
        ("https://www.pinterest.com/Etsy/_created/", "pinterest", "etsy"),
        ("https://de.pinterest.com/Etsy/", "pinterest", "etsy"),
        ("https://www.pinterest.co.uk/Etsy/", "pinterest", "etsy"),
        ("https://keybase.io/Max", "keybase", "max"),
        ("https://www.snapchat.com/@TeamSnapchat", "snapchat", "teamsnapchat"),
        ("https://www.instagram.com/NASA/?hl=en", "instagram", "nasa"),
        ("https://m.facebook.com/UnitedNations", "facebook", "unitednations"),
        ("https://www.threads.net/@NASA", "threads", "nasa"),
        ("https://www.threads.com/@NASA", "threads", "nasa"),
        ("https://m.tiktok.com/@NBA?_t=1", "tiktok", "nba"),
        ("https://uk.linkedin.com/in/SatyaNadella/", "linkedin", "satyanadella"),
        ("https://old.reddit.com/u/Spez", "reddit", "spez"),
        ("https://np.reddit.com/user/Spez", "reddit", "spez"),
        ("https://www.youtube.com/@NASA/videos", "youtube", "nasa"),
    ],
)
def test_pasted_urls_are_recognised(url: str, platform: str, handle: str) -> None:
    """Old hosts, mobile hosts, capitals, queries and percent-encoded handles name the same account."""
    found = RECOGNISER.profile(parse_url(url))
    assert found is not None
    assert (found.platform.id, fold_handle(found.handle.removeprefix("@"), found.platform)) == (platform, handle)


@pytest.mark.parametrize(
    "url",
    [
        "https://medium.com/@alice/a-post-1",
        "https://unsplash.com/@alice",
        "https://www.odysee.com/@alice",
        "https://music.youtube.com/@alice/x",
        "https://vm.tiktok.com/@alice",
        "https://steemit.com/@alice",
    ],
)
def test_no_other_site_is_an_instance(url: str) -> None:
    """Addresses of the form of Mastodon's on other sites are not taken for accounts on an instance."""
    found = RECOGNISER.profile(parse_url(url))
    assert found is None or found.platform.id != "mastodon"


@pytest.mark.parametrize("platform", NAMED, ids=name_of)
def test_its_positive_controls_are_several_handles(platform: Platform) -> None:
    """At least two accounts that always exist, each a handle that the platform can have, in its polled form."""
    assert platform.controls.present
    for handles in platform.controls.present.values():
        assert len(set(handles)) >= 2
        assert [fold_handle(handle, platform) for handle in handles] == list(handles)


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=name_of)
def test_its_impossible_handles_are_syntactically_valid(platform: Platform) -> None:
    """What is asked for as a negative control is a handle like any other, and too long to be guessed."""
    assert platform.controls.length >= 12
    for handle in impossible(platform):
        assert fold_handle(handle, platform) == handle


@pytest.mark.parametrize("platform", NAMED, ids=name_of)
def test_foreign_handles_are_refused(platform: Platform) -> None:
    """Nothing that would change the address asked is a handle."""
    for handle in ("", "a/b", "a?b", "a#b", "a b", "@", "a@b", "a\u202eb", "%2e%2e", "..", "a&b=c"):
        with pytest.raises(ValueError, match=r".+"):
            fold_handle(handle, platform)


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=name_of)
def test_it_says_where_the_facts_are_from(platform: Platform) -> None:
    """An operator can read what the rules rest on and what they cannot see."""
    assert platform.facts
    assert platform.limits


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=name_of)
def test_a_page_can_be_judged_wherever_it_was_captured(platform: Platform) -> None:
    """Each platform has a source that reads the profile page, after those that are surer."""
    last = platform.sources[-1]
    assert last.answers is Answers.HTML


@pytest.mark.parametrize(("platform", "source"), SOURCES, ids=name_of)
def test_it_tells_presence_and_absence(platform: Platform, source: Source) -> None:
    """Each source is shown to say PRESENT and, past the gate, ABSENT; one that is blind need not say ABSENT."""
    seen = {result.finding.verdict for result in results_of(platform, source) if result.case.present is not None}
    assert ({Verdict.PRESENT} if source.blind else {Verdict.PRESENT, Verdict.ABSENT}) <= seen


@pytest.mark.parametrize(("platform", "source"), SOURCES, ids=name_of)
def test_every_barrier_is_inconclusive(platform: Platform, source: Source) -> None:
    """Each kind of wall, limit and failure says nothing of the account, whatever the rules of the source are."""
    instance = next(iter(platform.controls.present), "site.example") if "{instance}" in source.url else ""
    instance = "https://site.example/u/{handle}" if platform.id == GENERIC else instance
    target = Target(handle=HANDLE, instance=instance, account_id=f"{platform.id}:{HANDLE}")
    asked = expand(source.url, handle=HANDLE, instance=instance)
    for name, (status, headers, body, led_to, reason) in BARRIERS[source.answers].items():
        host = (urlsplit(asked).hostname or "").removeprefix("www.")
        final = urljoin(asked, led_to.replace("{host}", host)) if led_to else asked
        answer = Answer(status=status, headers=headers, final_url=final, body=body)
        finding = classify(exchange_of(answer, asked, platform, source, target, ASKED_AT)).finding
        assert (finding.verdict, finding.reason) == (Verdict.INCONCLUSIVE, reason), name


@pytest.mark.parametrize(("platform", "source"), SOURCES, ids=name_of)
def test_absence_is_refused_where_the_positive_control_is_gone_too(platform: Platform, source: Source) -> None:
    """What looks like an absence is not told while an account that always exists looks the same."""
    told = [r.case for r in results_of(platform, source) if r.finding.is_absent and r.case.absent is not None]
    for case in told:
        finding = examine(replace(case, present=case.absent), platform).finding
        assert not finding.is_absent, case.label
    assert told or source.blind


@pytest.mark.parametrize(("platform", "source"), SOURCES, ids=name_of)
async def test_it_is_asked_for_what_it_shows(platform: Platform, source: Source, asker: Asker) -> None:
    """Over a real connection, a shown presence and absence are found as in the corpus, and a limit as a limit."""
    for verdict in (Verdict.PRESENT, Verdict.ABSENT):
        shown = (r for r in results_of(platform, source) if r.finding.verdict is verdict)
        direct = (r.case for r in shown if r.case.answer.final_url == r.case.url and r.case.present is not None)
        case = next(direct, None)
        if case is None:
            assert source.blind
            continue
        target = target_of(case, platform, source)
        for answer in (case.answer, LIMITED):
            found = classify(await asker.ask(platform, source, target, answer)).finding
            shown_as = replace(answer, final_url=case.url)
            expected = classify(exchange_of(shown_as, case.url, platform, source, target, ASKED_AT)).finding
            assert (found.verdict, found.reason) == (expected.verdict, expected.reason), case.label
        asked, shown_at = asker.asked(), unquote(case.url)
        if source.batch is not None:  # the one of the corpus is about several, that which is asked here about one
            asked, shown_at = asked.partition("?")[0], shown_at.partition("?")[0]
        assert asked == shown_at


@pytest.mark.parametrize(("platform", "source"), SOURCES, ids=name_of)
def test_every_rule_is_exercised(platform: Platform, source: Source) -> None:
    """No rule ships that no page of the corpus ever met."""
    met = {
        finding.evidence.rule
        for result in RESULTS
        if result.case.platform == platform.id
        for finding in result.findings
        if finding.source == source.name
    }
    assert {rule.id for rule in source.rules} - met == set()


@pytest.mark.parametrize(("platform", "source"), RENDERED, ids=name_of)
def test_a_rendered_page_is_read_as_the_plain_one(platform: Platform, source: Source) -> None:
    """A browser may show what scripts add; what it means is said by the rules that the corpus has tried on the page."""
    plain = plain_of(platform, source)
    assert plain is not None
    for part in ("rules", "identity", "errors", "stable_id", "handle", "similarity", "robots_disallow"):
        assert getattr(source, part) == getattr(plain, part), part


@pytest.mark.parametrize(("platform", "source"), ALL_SOURCES, ids=name_of)
def test_it_keeps_the_default_pace_unless_a_fact_gives_a_limit(platform: Platform, source: Source) -> None:
    """More than 10 requests a minute are asked only where the platform is known to have a limit above it."""
    told = " ".join(fact.text for fact in platform.facts)
    limit = re.search(r"\d+ requests (?:an?|in) |of 10,000 a day", told)
    assert source.pace.per_second <= DEFAULT_PACE.per_second or limit is not None


@pytest.mark.parametrize("platform", [p for p in NAMED if p.phrases], ids=name_of)
def test_no_text_means_two_things(platform: Platform) -> None:
    """A text stands for one class over all languages, and once in each language."""
    classes = defaultdict(set)
    for phrase in platform.phrases:
        classes[normalise(phrase.text)].add(phrase.phrase_class)
    assert [text for text, meant in classes.items() if len(meant) > 1] == []
    spelt = [(phrase.language, normalise(phrase.text)) for phrase in platform.phrases]
    assert len(spelt) == len(set(spelt))


def test_x_speaks_fifty_languages() -> None:
    """The texts of all locales of X's web client are there, none of them so short that it means nothing."""
    phrases = PLATFORMS["x"].phrases
    assert len({phrase.language for phrase in phrases}) == 50
    assert min(len(normalise(phrase.text)) for phrase in phrases) >= 4
