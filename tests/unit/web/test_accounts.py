"""The lines of accounts are kept from scrape to scrape, and never old."""

import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from tests.unit.web import story
from tests.unit.web.exposed import Plain, text
from watcher.model.account import Account, Owner
from watcher.model.outage import AccountState, Phase
from watcher.model.snapshot import Snapshot
from watcher.web import accounts as accounts_module
from watcher.web import packing
from watcher.web.scrape import Exporter

TEXTS = st.text(max_size=6) | st.sampled_from([story.HOSTILE, '"\\', "\\n", "x:ü", ""])
INSTANTS = st.datetimes(
    min_value=datetime(1969, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)
) | st.sampled_from([story.NOW, datetime(1970, 1, 1, tzinfo=UTC)])
SPANS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=40_000)) | st.just(timedelta(microseconds=1))
OUTAGES = st.builds(
    lambda began, lasted: story.outage(began=story.stamp(began), last_absent=story.stamp(began + lasted)),
    st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC)),
    st.timedeltas(timedelta(seconds=-5), timedelta(days=900)),
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "phase": st.sampled_from(Phase),
        "blind_since": st.none() | INSTANTS,
        "last_probe_at": st.none() | INSTANTS,
        "last_verdict_at": st.none() | INSTANTS,
        "outage": st.none() | OUTAGES,
        "last_outage": st.none() | SPANS,
        "outages_total": st.integers(0, 10**9),
        "outage_closed": SPANS,
        "unobserved": SPANS,
        "observed": SPANS,
        "outage_unobserved": SPANS,
        "handle": st.none() | TEXTS,
    },
)
ACCOUNTS = st.builds(
    lambda id_, handle, owner, platform, instance: story.account(
        handle, platform, owner, id=id_, display=handle, url=handle, instance=instance
    ),
    TEXTS,
    TEXTS,
    st.none() | st.sampled_from(["trump", "desk"]),
    st.sampled_from(["x", "github", "mastodon"]),
    TEXTS,
)
STATES = st.builds(lambda changes: replace(story.state(story.POTUS), **changes), CHANGES)
OWNERS = st.dictionaries(st.sampled_from(["trump", "desk"]), st.builds(Owner, id=TEXTS, name=TEXTS))
LISTS = st.lists(st.tuples(ACCOUNTS, STATES, st.none() | STATES), max_size=7, unique_by=lambda row: row[0].id)


@st.composite
def courses(draw: st.DrawFn) -> list[Snapshot]:
    """A few lists of accounts one after the other, each a little different from the one before."""
    rows = draw(LISTS)
    shown = [_snapshot(draw, rows)]
    for _ in range(draw(st.integers(1, 3))):
        gone = draw(st.sets(st.integers(0, 6), max_size=2))
        rows = [row for at, row in enumerate(rows) if at not in gone]
        rows = [
            (account, replace(state, **draw(CHANGES)) if draw(st.booleans()) else state, stored)
            for account, state, stored in rows
        ]
        known = {account.id for account, _, _ in rows}
        rows += [
            row for row in draw(st.lists(st.tuples(ACCOUNTS, STATES, st.none()), max_size=1)) if row[0].id not in known
        ]
        shown.append(_snapshot(draw, rows))
    return shown


def _snapshot(draw: st.DrawFn, rows: list[tuple[Account, AccountState, AccountState | None]]) -> Snapshot:
    return replace(
        story.snapshot(),
        accounts={account.id: account for account, _, _ in rows},
        states={account.id: state for account, state, _ in rows},
        stored={account.id: stored for account, _, stored in rows if stored is not None},
        owners=draw(OWNERS),
    )


@pytest.fixture(scope="module", autouse=True)
def _small_blocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accounts_module, "_SIZE", 3)
        yield


def said(written: str, parser: Any) -> tuple[list[str], list[tuple[str, dict[str, str], float]]]:
    """The comments, and the samples in their order, whatever the order of labels and the way to write a number."""
    comments = [line for line in written.splitlines() if line.startswith("#")]
    samples = [(sample.name, sample.labels, sample.value) for family in parser(written) for sample in family.samples]
    return comments, samples


def assert_plain(shown: Snapshot, exporter: Exporter) -> None:
    """In both formats a scrape says what the library would write of the plainest collector."""
    registry = CollectorRegistry()
    registry.register(Plain(shown))
    for openmetrics, library, parser in (
        (False, generate_latest, parse),
        (True, generate_openmetrics, parse_openmetrics),
    ):
        wanted = library(registry).decode()
        assert said(text(shown, exporter, openmetrics=openmetrics), parser) == said(wanted, parser)


@given(courses())
@settings(max_examples=25)
def test_every_scrape_says_what_a_plain_collector_says(course: list[Snapshot]) -> None:
    """Whatever the accounts are called and however they change, come and go, one exporter shows them as they are."""
    exporter = Exporter(CollectorRegistry())
    for shown in course:
        assert_plain(shown, exporter)


@pytest.mark.parametrize("shown", [story.snapshot(), story.hostile()], ids=["story", "hostile"])
def test_without_isal_the_same_is_said(shown: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is not installed, zlib packs."""
    monkeypatch.setattr(packing, "zlib", zlib)
    assert_plain(shown, Exporter(CollectorRegistry()))


def with_state(shown: Snapshot, **changes: Any) -> Snapshot:
    """The same, but for the state of one account, in memory and as stored."""
    state = replace(shown.states[story.TRUMP.id], **changes)
    return replace(
        shown, states={**shown.states, story.TRUMP.id: state}, stored={**shown.stored, story.TRUMP.id: state}
    )


@pytest.mark.parametrize(
    ("change", "gone", "come"),
    [
        (
            lambda s: with_state(s, phase=Phase.UP),
            "",
            'watcher_account_up{account="x:realdonaldtrump",platform="x"} 1.0',
        ),
        (lambda s: with_state(s, handle="@djt"), 'handle="@realDonaldTrump"', 'handle="@djt"'),
        (
            lambda s: replace(s, owners={"trump": Owner(id="trump", name="D. Trump")}),
            'account_owner="Donald J. Trump"',
            'account_owner="D. Trump"',
        ),
        (
            lambda s: replace(
                s, accounts={**s.accounts, story.TRUMP.id: replace(story.TRUMP, url="https://new.example")}
            ),
            'url="https://x.example/realDonaldTrump"',
            'url="https://new.example"',
        ),
        (
            lambda s: replace(s, accounts={id_: a for id_, a in s.accounts.items() if a is not story.TRUMP}),
            'account="x:realdonaldtrump"',
            'account="x:potus"',
        ),
        (lambda s: replace(s, accounts={}), "watcher_account_up{", ""),
    ],
    ids=["state", "rename", "owner", "edit", "removal", "all removed"],
)
def test_what_changed_is_shown_by_the_next_scrape(change: Any, gone: str, come: str) -> None:
    """And what was before is not shown any more, while nothing else differs."""
    exporter, shown = Exporter(CollectorRegistry()), story.snapshot()
    before, after = text(shown, exporter), text(change(shown), exporter)
    assert text(change(shown)) == after != before
    assert come in after
    if gone:
        assert gone in before
        assert gone not in after


def test_what_did_not_change_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that finds all as it was costs the lines that tell of it, in the block of that account, and no others."""
    exporter, shown = Exporter(CollectorRegistry()), story.snapshot()
    text(shown, exporter)
    packed: list[str] = []
    pack = packing.pack

    def noted(lines: str) -> packing.Piece:
        packed.append(lines)
        return pack(lines)

    monkeypatch.setattr(accounts_module, "pack", noted)
    text(with_state(shown, last_probe_at=story.NOW), exporter)
    written = {line.partition("{")[0] for lines in packed for line in lines.splitlines() if not line.startswith("#")}
    assert written == {"watcher_account_last_probe_timestamp_seconds"}
    assert sum(not line.startswith("#") for lines in packed for line in lines.splitlines()) == 3


def test_who_is_taken_off_the_list_meanwhile_is_left_out() -> None:
    """A scrape gives way to others; an account without a state is no fault, and comes back with one."""
    listed = {each.id: each for each in (story.account(f"many{n}") for n in range(600))}
    states = {name: story.state(listed[name]) for name in listed}
    snapshot = replace(story.snapshot(), accounts=listed, states=states, stored={})
    exporter = Exporter(CollectorRegistry())
    whole = text(snapshot, exporter)
    last = next(reversed(listed))
    gone = states.pop(last)
    left = text(snapshot, exporter).splitlines()
    assert [line for line in whole.splitlines() if f'"{last}"' not in line and "watcher_accounts{" not in line] == [
        line for line in left if "watcher_accounts{" not in line
    ]
    assert 'watcher_accounts{platform="x",state="up"} 599.0' in left
    assert len(list(snapshot.rows)) == 599
    states[last] = gone
    assert text(snapshot, exporter) == whole
