"""What robots.txt lets be asked for, and how often it is looked up."""

import asyncio
from datetime import timedelta
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from protego import Protego

from tests.fakes.clock import FakeClock
from watcher.model.exchange import FetchFailure, Response
from watcher.model.finding import Reason
from watcher.probe.robots import AGENT, Robots, for_us

PAGE = "https://x.test/someone"


class Site:
    """Answers for robots.txt and counts the questions."""

    def __init__(self, status: int = 200, text: str = "") -> None:
        self.outcome: Response | FetchFailure = self.answer(status, text)
        self.asked: list[str] = []
        self.clock = FakeClock()
        self.robots = Robots(self.fetch, self.clock)

    @staticmethod
    def answer(status: int, text: str = "") -> Response:
        return Response(status=status, url="https://x.test/robots.txt", headers={}, body=text.encode())

    async def fetch(self, url: str) -> Response | FetchFailure:
        self.asked.append(url)
        await asyncio.sleep(0)
        return self.outcome


async def test_rules_are_kept() -> None:
    """A path that is disallowed for everybody is disallowed for us; the others are not."""
    site = Site(text="User-agent: *\nDisallow: /someone\n")
    assert await site.robots.allowed(PAGE) is False
    assert await site.robots.allowed("https://x.test/other") is True
    refusal = await site.robots.refusal(PAGE)
    assert refusal is not None
    assert refusal.reason is Reason.NO_SOURCE
    assert refusal.detail == "robots.txt of x.test disallows /someone; set robots: override"
    assert await site.robots.refusal("https://x.test/other") is None


async def test_rules_for_our_name_come_first() -> None:
    """A host may treat us otherwise than the rest."""
    site = Site(text="User-agent: *\nDisallow: /\n\nUser-agent: watcher\nAllow: /\n")
    assert await site.robots.allowed(PAGE) is True


async def test_one_look_up_serves_a_crowd_for_a_day() -> None:
    """Many at once and many in a row make one request; after 24 hours there is another."""
    site = Site()
    await asyncio.gather(*(site.robots.allowed(PAGE) for _ in range(20)))
    await site.clock.run_for(timedelta(hours=23, minutes=59))
    await site.robots.allowed(PAGE)
    assert site.asked == ["https://x.test/robots.txt"]
    await site.clock.run_for(timedelta(minutes=1))
    await site.robots.allowed(PAGE)
    assert len(site.asked) == 2


async def test_each_origin_has_its_own() -> None:
    """Another host and another port are looked up on their own."""
    site = Site()
    for url in (PAGE, "https://y.test/a", "https://y.test:8443/a"):
        await site.robots.allowed(url)
    assert site.asked == [
        "https://x.test/robots.txt",
        "https://y.test/robots.txt",
        "https://y.test:8443/robots.txt",
    ]


@pytest.mark.parametrize("status", [401, 403, 404, 410, 304])
async def test_no_file_means_no_rules(status: int) -> None:
    """4xx is unrestricted, whatever its body says."""
    site = Site(status, "User-agent: *\nDisallow: /\n")
    assert await site.robots.allowed(PAGE) is True


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_host_that_cannot_say_is_taken_to_disallow_for_ten_minutes(status: int) -> None:
    """5xx means disallow, and another look ten minutes later."""
    site = Site(status)
    assert await site.robots.allowed(PAGE) is None
    refusal = await site.robots.refusal(PAGE)
    assert refusal is not None
    assert refusal.reason is Reason.NO_SOURCE
    assert refusal.detail == f"robots.txt of x.test could not be read: status {status}"
    site.outcome = site.answer(404)
    await site.clock.run_for(timedelta(minutes=9))
    assert await site.robots.allowed(PAGE) is None
    await site.clock.run_for(timedelta(minutes=1))
    assert await site.robots.allowed(PAGE) is True


async def test_an_unreachable_host_keeps_its_own_reason() -> None:
    """A dead network is told as such, and tried again after a minute."""
    site = Site()
    site.outcome = FetchFailure(reason=Reason.DNS, detail="the name was not resolved")
    refusal = await site.robots.refusal(PAGE)
    assert refusal is not None
    assert refusal.reason is Reason.DNS
    assert refusal.detail == "robots.txt of x.test could not be read: the name was not resolved"
    site.outcome = site.answer(404)
    await site.clock.run_for(timedelta(minutes=1))
    assert await site.robots.refusal(PAGE) is None


async def test_a_file_that_is_too_large_counts_as_a_refusal() -> None:
    """A host that answered, but not with rules, is asked again after ten minutes only."""
    site = Site()
    site.outcome = FetchFailure(reason=Reason.TOO_LARGE, detail="too large", status=200)
    assert await site.robots.allowed(PAGE) is None
    await site.clock.run_for(timedelta(minutes=9))
    await site.robots.allowed(PAGE)
    assert len(site.asked) == 1


async def test_older_rules_hold_while_the_host_cannot_say() -> None:
    """Known rules are better than none."""
    site = Site(text="User-agent: *\nDisallow: /someone\n")
    await site.robots.allowed(PAGE)
    await site.clock.run_for(timedelta(hours=25))
    site.outcome = site.answer(500)
    assert await site.robots.allowed(PAGE) is False
    assert await site.robots.allowed("https://x.test/other") is True


async def test_a_byte_order_mark_makes_no_difference() -> None:
    """Editors write it; the group behind it is for us all the same."""
    site = Site(text="\ufeffUser-agent: *\nDisallow: /someone\n")
    assert await site.robots.allowed(PAGE) is False


async def test_a_long_file_does_not_hold_up_the_others() -> None:
    """While it is read, and while a page is looked up in it, the loop goes on."""
    lines = "".join(f"Disallow: /*/{n}*a*b$\n" for n in range(20_000))
    site = Site(text=f"User-agent: *\n{lines}Disallow: /someone\n")
    for least in (10, 1):  # the second time it is only asked
        asked = asyncio.create_task(site.robots.allowed(PAGE))
        turns = 0
        while not asked.done():
            turns += 1
            await asyncio.sleep(0.001)
        assert turns > least
        assert await asked is False
    assert len(site.asked) == 1


async def seconds_for(names: int) -> float:
    """How long a file takes in which so many rules are for so many others, and for us."""
    forms = ("User-agent: {:x}", "user-agent:{:x}*", "User agent {:x}", "USERAGENT : {:x}: a", "User-agent  {:x}:a")
    others = "".join(f"{forms[n % 5].format(n)}\n" for n in range(2 * names))
    rules = "".join(f"Disallow: /{n:x}$\n" for n in range(names))
    site = Site(text=f"{others}User-agent: watcher\n{rules}Disallow: /someone\n")
    begun = process_time()
    assert await site.robots.allowed(PAGE) is False
    return process_time() - begun


async def test_a_file_takes_time_in_proportion_to_its_length() -> None:
    """Many rules for many names, which would be noted each for each, are none the longer."""
    short, long = [min([await seconds_for(names) for _ in range(3)]) for names in (250, 4_000)]
    assert long < 5 * 16 * short  # 16 × 16, were each noted for each


LINES = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", " ", "\ufeff", "x"]),
        st.sampled_from(["User-agent", "user agent", "USERAGENT", "User  Agent", "user-agent-x", "Allow", "Disallow"]),
        st.sampled_from([":", ": ", " ", " : ", ":x ", " x:", " x: ", " x", ""]),
        st.sampled_from(
            [
                "*",
                "**",
                "watcher",
                "Wat*",
                "w*a",
                "atch",
                "watchers",
                "other",
                "a b",
                "",
                "#x",
                "/",
                "/a",
                "/*b$",
                "/a #",
            ]
        ),
        st.sampled_from(["\n", "\r\n", "\u2028", "\n\n", "#\n", ""]),
    ),
)


@settings(max_examples=200, deadline=None)
@given(text=st.lists(LINES, max_size=12).map("".join))
def test_what_is_not_for_us_can_be_left_out(text: str) -> None:
    """Whatever is written: the rules for us are the same without the names of others."""
    whole, ours = Protego.parse(text), Protego.parse(for_us(text))
    for url in (PAGE, "https://x.test/a", "https://x.test/ab", "https://x.test/a?b"):
        assert ours.can_fetch(url, AGENT) == whole.can_fetch(url, AGENT)
