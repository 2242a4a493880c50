"""What `watcher plan` says of a forecast: a table, sentences, a record. Pure; asks nobody and prints nothing."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Final

from watcher.forecast import ANSWER, Forecast, Group, Host
from watcher.judge.policy import CLOSE_WATCH
from watcher.model.record import Record
from watcher.settings.pace import too_fast
from watcher.settings.scalars import span_text
from watcher.text import aligned, cut

_HEAD: Final = ("PLATFORM", "WHERE", "ACCOUNTS", "EVERY", "A MINUTE", "LIMIT", "USED", "TOLD AFTER", "AT WORST")
_FEW_HOSTS: Final = 5
_FEW: Final = 3
_MANY: Final = 10
_MUTE: Final = "cannot alert"
_BLIND: Final = "expect blind"
_LONGEST: Final = 200
_MEGA: Final = 1_000_000
Row = tuple[str, ...]


def planned(found: Forecast, *, everyone: bool = False) -> Iterator[str]:
    """The table, host by host (of `everyone`, account by account), what cannot be kept, and what it takes in all."""
    yield from aligned([*(_of_everyone(found) if everyone else _by_host(found))])
    yield ""
    yield from _not_kept(found.hosts)
    yield from _muted(found)
    yield from _incidents(found.hosts)
    if found.is_dense:
        yield "windows: reckoned with the shortest interval of each account; at worst with its longest"
    if any(group.delay is not None and not group.blind for host in found.hosts for group in host.groups):
        yield f"told after: half of the outages, from the page to the message, where a site answers within {ANSWER} s"
    yield _in_all(found)


def planned_record(found: Forecast, *, everyone: bool = False) -> Record:
    """The same as data; spans in seconds, requests per minute. `everyone`: with each account."""
    cost = found.cost
    record: Record = {
        "ok": True,
        "faults": [],
        "accounts": found.accounts,
        "hosts": [_host_record(host) for host in found.hosts],
        "without_source": len(found.unasked),
        "cannot_alert": [{"account": name, "message": message} for name, message in found.mute.items()],
        "within_windows": found.is_dense,
        "looks_per_minute": _rounded(cost.looks * 60),
        "requests_per_minute": _rounded(cost.requests * 60),
        "new_connections_per_minute": _rounded(cost.connections * 60),
        "cpu_cores": round(cost.cores, 5),
        "memory_bytes": cost.memory,
    }
    if everyone:
        record["delays"] = [
            {"account": name, "host": host, **_fare(group)} for name, host, group in _everyone(found)
        ] + [{"account": name, "host": None, **_fare(None)} for name in found.unasked]
    return record


def _by_host(found: Forecast) -> Iterator[Row]:
    yield _HEAD
    alike: dict[tuple[str, ...], list[Host]] = defaultdict(list)
    for host in found.hosts:
        alike[host.platforms].append(host)
    for platforms, hosts in alike.items():
        shown = hosts if len(hosts) <= _FEW_HOSTS else [host for host in hosts if host.wanted.is_too_much][:_MANY]
        rest = [host for host in hosts if host not in shown]
        rows = [row for host in shown for row in _rows(host)]
        rows += [_summed(rest, others=bool(shown))] if rest else []
        name = ", ".join(platforms)
        yield from ((name if place == 0 else "", *row) for place, row in enumerate(rows))
    if found.unasked:
        yield "", "no usable source", str(len(found.unasked)), "", "", "", "", _MUTE, ""


def _rows(host: Host) -> Iterator[Row]:
    """One row for the host, with what holds for most of its accounts, and one for each lot that differs."""
    most, *others = host.groups
    pace = host.kept.pace
    yield (
        host.name,
        str(host.accounts),
        _every(most),
        f"{host.requests * 60:.1f}",
        f"{pace.requests} per {span_text(pace.per)}",
        _percent(host.used),
        *_told(most),
    )
    for group in others[:_MANY]:
        yield f"  {_names(group.accounts)}", str(len(group.accounts)), _every(group), "", "", "", *_told(group)
    if others[_MANY:]:
        left = sum(len(group.accounts) for group in others[_MANY:])
        yield "  others: see --accounts", str(left), "", "", "", "", "", ""


def _summed(hosts: Sequence[Host], *, others: bool) -> Row:
    """One row for many hosts, the extremes of each; `others` than those that have rows of their own."""
    groups = [group for host in hosts for group in host.groups]
    intervals = [group.kept for group in groups]
    delays = [group.delay for group in groups if group.delay is not None and not group.blind]
    told = _told(groups[0])
    if delays:
        told = f"≤ {_seconds(max(d.p50 for d in delays))}", f"≤ {_seconds(max(d.worst for d in delays))}"
    return (
        f"{len(hosts)} {'more hosts' if others else 'hosts'}",
        str(sum(host.accounts for host in hosts)),
        _range(intervals),
        f"{sum(host.requests for host in hosts) * 60:.1f}",
        "each its own",
        f"≤ {_percent(max(host.used for host in hosts))}",
        *told,
    )


def _of_everyone(found: Forecast) -> Iterator[Row]:
    yield "ACCOUNT", "WHERE", "EVERY", "TOLD AFTER", "AT WORST"
    for name, host, group in _everyone(found):
        yield name, host, _every(group), *_told(group)
    for name in found.unasked:
        yield name, "no usable source", "", _MUTE, ""


def _everyone(found: Forecast) -> list[tuple[str, str, Group]]:
    return sorted(
        ((name, host.name, group) for host in found.hosts for group in host.groups for name in group.accounts),
        key=lambda row: row[:2],
    )


def _every(group: Group) -> str:
    return span_text(group.kept) + ("" if group.kept == group.asked else f", not {span_text(group.asked)}")


def _range(spans: Iterable[timedelta]) -> str:
    known = sorted(set(spans))
    return span_text(known[0]) if len(known) == 1 else f"{span_text(known[0])} to {span_text(known[-1])}"


def _told(group: Group) -> tuple[str, str]:
    if group.delay is None or group.blind:
        return (_MUTE if group.delay is None else _BLIND), ""
    return _seconds(group.delay.p50), _seconds(group.delay.worst)


def _seconds(span: timedelta) -> str:
    return span_text(timedelta(seconds=math.ceil(span.total_seconds())))


def _percent(share: float) -> str:
    """Rounded up: what is used up is not shown as free."""
    return f"{math.ceil(share * 100 - 1e-9)} %"


def _not_kept(hosts: Sequence[Host]) -> Iterator[str]:
    """The hosts that are asked too much, and what would help."""
    over = [host for host in hosts if host.wanted.is_too_much]
    for host in over[:_MANY]:
        is_dense = any(group.asked < group.rarest for group in host.groups) and host.wanted.stretch == 1
        yield (
            f"cannot be kept: {too_fast(host.wanted, is_dense=is_dense)}; "
            f"until then each is looked at {host.wanted.stretch:.1f} times as seldom"
        )
        yield from (f"  {remedy}" for remedy in host.remedies)
    if over[_MANY:]:
        yield f"cannot be kept: {len(over) - _MANY} more hosts, see --json"


def _muted(found: Forecast) -> Iterator[str]:
    """Who cannot alert, and why; in short, those of one reason together."""
    reasons: dict[str, list[str]] = defaultdict(list)
    for name, message in found.mute.items():
        reasons[message].append(name)
    for message, names in list(reasons.items())[:_MANY]:
        yield cut(f"{_MUTE}: {_names(names)}: {message}", _LONGEST)
    if len(reasons) > _MANY:
        yield f"{_MUTE}: {sum(map(len, list(reasons.values())[_MANY:]))} more for other reasons"
    if reasons:
        yield "  `watcher check` says more of each"


def _names(names: Sequence[str]) -> str:
    more = len(names) - _FEW
    return ", ".join(names[:_FEW]) + (f" and {more} more" if more > 0 else "")


def _incidents(hosts: Sequence[Host]) -> Iterator[str]:
    """What one outage adds to the requests."""
    if not hosts:
        return
    confirm = _numbers([host.to_confirm for host in hosts])
    gone = _numbers([math.ceil(host.while_gone * 60) for host in hosts])
    yield (
        f"an account that vanishes: {confirm} requests more until that is told, then up to {gone} a minute for "
        f"{span_text(CLOSE_WATCH)}, within the limit; where many vanish they share the controls"
    )


def _numbers(numbers: Sequence[int]) -> str:
    least, most = min(numbers), max(numbers)
    return str(least) if least == most else f"{least} to {most}"


def _in_all(found: Forecast) -> str:
    cost = found.cost
    accounts = "1 account" if found.accounts == 1 else f"{found.accounts} accounts"
    hosts = "1 host" if len(found.hosts) == 1 else f"{len(found.hosts)} hosts"
    return (
        f"in all: {accounts} on {hosts}, {cost.requests * 60:.1f} requests a minute; "
        f"about {cost.cores * 100:.2g} % of a core and {cost.memory / _MEGA:.0f} MB"
    )


def _host_record(host: Host) -> Record:
    wanted, kept = host.wanted, host.kept
    return {
        "host": host.name,
        "platforms": list(host.platforms),
        "accounts": host.accounts,
        "requests_per_minute": _rounded(host.requests * 60),
        "of_which_controls": _rounded(kept.controls * 60),
        "kept_free_for_suspicions": _rounded(kept.free * 60),
        "wanted_per_minute": _rounded((wanted.wanted + wanted.controls) * 60),
        "limit": {"requests": kept.pace.requests, "per_seconds": kept.pace.per.total_seconds()},
        "limit_per_minute": _rounded(kept.pace.per_second * 60),
        "used": round(host.used, 4),
        "keeps_intervals": not wanted.is_too_much,
        "stretch": round(wanted.stretch, 3),
        "interval_that_fits": wanted.fitting.total_seconds(),
        "remedies": list(host.remedies),
        "outage": {"requests_to_confirm": host.to_confirm, "per_minute_at_first": _rounded(host.while_gone * 60)},
        "groups": [{"accounts": len(group.accounts), **_fare(group)} for group in host.groups],
    }


def _fare(group: Group | None) -> Record:
    delay = None if group is None or group.blind else group.delay
    return {
        "platform": None if group is None else group.platform,
        "interval": None if group is None else group.asked.total_seconds(),
        "interval_kept": None if group is None else group.kept.total_seconds(),
        "can_alert": group is not None and group.delay is not None,
        "expect_blind": group is not None and group.blind,
        "told_after": None if delay is None else _rounded(delay.p50.total_seconds()),
        "told_after_at_worst": None if delay is None else _rounded(delay.worst.total_seconds()),
    }


def _rounded(value: float) -> float:
    return round(value, 2)
