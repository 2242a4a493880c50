"""The landing page: what the snapshot says, as plain HTML for a screen or a phone. Pure; no script, no other file.

Names, handles and quotes are hostile: every one goes through `text`, and every address through `link`.
"""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html import escape
from importlib.resources import files
from urllib.parse import urlsplit

from watcher.model.account import Account
from watcher.model.control import VantageState
from watcher.model.finding import Verdict
from watcher.model.outage import AccountState, Outage, Phase
from watcher.model.snapshot import Snapshot
from watcher.text import clean

STYLE = files(__package__).joinpath("landing.css").read_text("utf-8")
STYLE_HASH = "sha256-" + b64encode(sha256(STYLE.encode()).digest()).decode()

_Rows = Sequence[tuple[Account, AccountState]]
_ROWS = 1000
_BLIND = ("cannot be seen", "dim")
_WORDS = {
    Phase.DOWN: ("unavailable", "bad"),
    Phase.RECOVERING: ("coming back", "bad"),
    Phase.SUSPECT: ("being confirmed", "warn"),
    Phase.NEVER_SEEN: ("never seen", "warn"),
    Phase.NEW: ("not yet looked at", "dim"),
    Phase.UP: ("available", "good"),
}
# In the order in which they matter to the reader: words and colours.
_LOOKS = (*(_WORDS[phase] for phase in _WORDS if phase is not Phase.UP), _BLIND, _WORDS[Phase.UP])
_COLUMNS = ("Account", "State", "Since", "Owner", "Last probe")
_LINKS = (
    ("/metrics", "Metrics for Prometheus"),
    ("/api/v1/accounts", "Accounts as JSON"),
    ("/api/v1/outages", "Outages as JSON"),
    ("/-/ready", "Readiness"),
    ("/-/healthy", "Health"),
)


def landing(snapshot: Snapshot, version: str) -> str:
    """The page as HTML, accounts that need attention first. Takes long where there are many."""
    rows = tuple(snapshot.rows)  # once, so that all parts of the page agree
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta http-equiv="refresh" content="60">
<title>{text(_title(rows))}</title>
<style>{STYLE}</style>
</head>
<body>
<header><h1>watcher</h1><p class="soft">as of {_full(snapshot.at)} UTC</p></header>
<main>
{_notice(snapshot)}
{_counts(rows)}
<h2>Watched accounts</h2>
{_table(rows, snapshot)}
</main>
<footer>
<nav aria-label="More"><ul>{"".join(f'<li><a href="{href}">{words}</a></li>' for href, words in _LINKS)}</ul></nav>
<p class="soft">watcher {text(version)}, running for {span(snapshot.at - snapshot.started_at)}. All times are UTC.
This page is from memory and reloads every minute.</p>
</footer>
</body>
</html>
"""


def text(value: str) -> str:
    """`value` as inert HTML text or attribute value: no controls, no direction overrides, no markup."""
    return escape(clean(value), quote=True)


def link(url: str, words: str) -> str:
    """`words` (plain text) linked to `url` when that is a web address; else the words alone."""
    shown = f"<bdi>{text(words)}</bdi>"
    try:
        is_web = urlsplit(url).scheme in ("http", "https")
    except ValueError:
        is_web = False
    return f'<a href="{text(url)}" rel="noreferrer nofollow">{shown}</a>' if is_web else shown


def span(value: timedelta) -> str:
    """A span in its two largest units: `40 s`, `11 min 5 s`, `3 h 20 min`, `2 d 4 h`."""
    seconds = max(0, round(value.total_seconds()))
    units = (("d", seconds // 86400), ("h", seconds // 3600 % 24), ("min", seconds // 60 % 60), ("s", seconds % 60))
    first = next((index for index, (_, count) in enumerate(units) if count), len(units) - 1)
    return " ".join(f"{count} {unit}" for unit, count in units[first : first + 2] if count) or "0 s"


def _title(rows: _Rows) -> str:
    down = sum(state.is_down for _, state in rows)
    return f"({down}) watcher" if down else "watcher"


def _full(at: datetime) -> str:
    utc = at.astimezone(UTC)
    return f'<time datetime="{utc:%Y-%m-%dT%H:%M:%SZ}">{utc:%Y-%m-%d %H:%M:%S}</time>'


def _time(at: datetime, now: datetime) -> str:
    """The time of day; with the date when that is not today's (in UTC)."""
    utc = at.astimezone(UTC)
    if utc.date() != now.astimezone(UTC).date():
        return _full(at)
    return f'<time datetime="{utc:%Y-%m-%dT%H:%M:%SZ}">{utc:%H:%M:%S}</time>'


def _ago(at: datetime | None, now: datetime) -> str:
    return "never" if at is None else f"{_time(at, now)} <small>{span(now - at)} ago</small>"


def _notice(snapshot: Snapshot) -> str:
    online = snapshot.vantage is VantageState.ONLINE
    network = "" if online else "This machine reaches no platform: nothing can be seen, and no alert is raised."
    reasons = "".join(f"<li>{text(reason)}</li>" for reason in snapshot.not_ready)
    if reasons:
        return _box("bad", "Not ready.", f"{network}<ul>{reasons}</ul>")
    return _box("good", "Ready.", "The network can be reached.") if online else _box("bad", "Offline.", network)


def _box(colour: str, head: str, body: str) -> str:
    return f'<div class="notice {colour}" role="status"><strong>{head}</strong> {body}</div>'


def _counts(rows: _Rows) -> str:
    counts = Counter(_look(state) for _, state in rows)
    badges = "".join(
        f'<li class="badge {colour}">{counts[words, colour]} {words}</li>'
        for words, colour in _LOOKS
        if counts[words, colour]
    )
    return f'<ul class="counts" aria-label="Accounts by state">{badges}</ul>'


def _look(state: AccountState) -> tuple[str, str]:
    """The words for a state and how they look. What is known to be open stays so while nothing can be seen."""
    if state.blind_since is not None and not state.is_down:
        return _BLIND
    return _WORDS[state.phase]


def _table(rows: _Rows, snapshot: Snapshot) -> str:
    ordered = sorted(rows, key=lambda row: _LOOKS.index(_look(row[1])))
    shown = "\n".join(_row(account, state, snapshot) for account, state in ordered[:_ROWS])
    more = len(ordered) - _ROWS
    rest = f'<p class="soft">and {more} more: <a href="/api/v1/accounts">all as JSON</a></p>' if more > 0 else ""
    head = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{shown}\n</tbody>\n</table>{rest}"


def _row(account: Account, state: AccountState, snapshot: Snapshot) -> str:
    platform = snapshot.platforms.get(account.platform)
    owner = snapshot.owners.get(account.owner or "")
    where = platform.title if platform else account.platform
    cells = (
        f"{link(account.url, state.handle or account.display_handle)}<small>{text(where)}</small>",
        _state(state, snapshot.at),
        _ago(state.since, snapshot.at),
        f"<bdi>{text(owner.name if owner else account.owner or '–')}</bdi>",
        _ago(state.last_probe_at, snapshot.at),
    )
    # The inner block keeps a cell one item of the grid that it becomes on a phone.
    return f"<tr>{''.join(_cell(name, cell) for name, cell in zip(_COLUMNS, cells, strict=True))}</tr>"


def _cell(name: str, content: str) -> str:
    return f'<td class="{name.partition(" ")[0].lower()}" data-label="{name}"><div>{content}</div></td>'


def _state(state: AccountState, now: datetime) -> str:
    words, colour = _look(state)
    lines = [f'<span class="badge {colour}">{words}</span>']
    if state.blind_since is not None:
        lines.append(f"<p>nothing seen since {_time(state.blind_since, now)}</p>")
    if state.verdict is Verdict.INCONCLUSIVE and state.reason is not None:
        lines.append(f'<p class="soft">last answer inconclusive: {_words(state.reason)}</p>')
    if state.outage is not None:
        lines.append(_outage(state.outage, now))
    return "".join(lines)


def _outage(outage: Outage, now: datetime) -> str:
    lines: Iterable[str] = (
        f"<p>{_words(outage.reason)} ({outage.certainty}), {outage.severity_then}</p>",
        f"<p>began between {_time(outage.last_present, now)} and {_time(outage.began.latest, now)}</p>",
        f"<p>so far at least {span(outage.duration.min)}, at most {span(now - outage.last_present)}</p>",
        _quote(outage),
    )
    return f'<div class="outage">{"".join(lines)}</div>'


def _quote(outage: Outage) -> str:
    if outage.quote is None:
        return ""
    language = f' lang="{text(outage.language)}"' if outage.language else ""
    return f"<p><q{language}><bdi>{text(outage.quote)}</bdi></q></p>"


def _words(reason: str) -> str:
    return text(reason.replace("_", " "))
