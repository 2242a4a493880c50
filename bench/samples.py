"""How many bytes the samples and the bundles take, in the database as it is written: `python -m bench.samples`.

Measured on one answer of every rule of the shipped platform files, and on the pages of the other figures (30 KB).
"""

import argparse
import json
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.subjects import Subjects
from watcher.classify import classify
from watcher.classify.condense import condense, kept_controls
from watcher.look.bundle import Sighting, witnessed
from watcher.model.account import Account
from watcher.model.control import ControlFinding, ControlKey, ControlReport
from watcher.model.example import exchange_of
from watcher.model.exchange import Exchange
from watcher.model.finding import Finding
from watcher.model.outage import Transition, TransitionKind
from watcher.model.sample import Sample
from watcher.settings.examples import load_examples
from watcher.settings.load import load_platforms
from watcher.store.engine import DATABASE
from watcher.store.sql import SqlStore
from watcher.store.values import Commit

_START = datetime(2026, 11, 1, tzinfo=UTC)
_COPIES = 40
_DAYS = 30
# A month with one outage and one wall: there, gone, walled, gone, there.
_CHANGES = {"absent": 2, "inconclusive": 1, "present": 1}


def _account(name: str) -> Account:
    return Account(id=name, platform="x", instance="", handle=name, display_handle=name, url=f"https://x.com/{name}")


def _report(finding: Finding, exchange: Exchange) -> ControlReport:
    """Two controls on each side, as a run has them."""
    key = ControlKey(platform="x", instance="", source=finding.source, vantage="local")
    control = ControlFinding(handle="control", finding=finding, imprint=condense(exchange, finding))
    return ControlReport(key=key, positives=(control, control), negatives=(control, control))


def _size(exchanges: list[Exchange], directory: Path, *, bundles: bool) -> float:
    """Bytes each in a fresh database, written so often that its pages do not matter."""
    directory.mkdir()
    store = SqlStore(directory)
    store.open()
    account = _account("who")
    store.watch([account], _START)
    store.commit(Commit())
    before = _bytes(store, directory)
    commits = []
    for number, exchange in enumerate(exchanges * _COPIES):
        at = _START + timedelta(minutes=number)
        asked = replace(exchange, sent_at=at, received_at=at + timedelta(seconds=1))
        classified = classify(asked)
        finding, report = classified.finding, _report(classified.finding, asked)
        if bundles:
            happened = Transition(
                kind=TransitionKind.ACCOUNT_SUSPECTED, at=finding.at, account_id=account.id, finding=finding
            )
            seen = Sighting(account=account, finding=finding, exchange=asked, classified=classified, report=report)
            transitions, bodies = witnessed((happened,), seen)
            kept = tuple(body for body in bodies if body.role in ("bundle", "controls"))
            commits.append(Commit(transitions=transitions, bodies=kept))
        else:
            imprint = condense(asked, finding)
            assert imprint is not None
            commits.append(Commit(samples=(_sample(account, asked, finding, report),)))
    for commit in commits:
        store.commit(commit)
    return (_bytes(store, directory) - before) / len(commits)


def _sample(account: Account, exchange: Exchange, finding: Finding, report: ControlReport) -> Sample:
    imprint = condense(exchange, finding)
    assert imprint is not None
    return Sample(
        account_id=account.id,
        at=finding.at,
        verdict=finding.verdict,
        reason=finding.reason,
        source=finding.source,
        vantage=finding.vantage,
        status=finding.evidence.status,
        latency=exchange.received_at - exchange.sent_at,
        imprint=replace(imprint, controls=kept_controls(report)),
    )


def _bytes(store: SqlStore, directory: Path) -> int:
    store.close()
    size = (directory / DATABASE).stat().st_size
    store.open()
    return size


def measured(directory: Path) -> dict[str, dict[str, float]]:
    """Bytes a sample and bytes a bundle, by verdict; and bytes an account and month."""
    platforms = load_platforms(None)
    groups: dict[str, list[Exchange]] = defaultdict(list)
    for example in load_examples(None, platforms):
        platform = platforms[example.platform]
        source = next(source for source in platform.sources if source.name == example.source)
        groups[str(example.verdict)].append(exchange_of(example, platform, source))
    subjects = Subjects()
    pages = {"page of 30 KB, present": subjects.page_present, "page of 30 KB, missing": subjects.page_missing}
    groups |= {name: [exchange] for name, exchange in pages.items()}
    samples = {name: _size(group, directory / f"s{n}", bundles=False) for n, (name, group) in enumerate(groups.items())}
    bundles = {name: _size(group, directory / f"b{n}", bundles=True) for n, (name, group) in enumerate(groups.items())}
    month = _DAYS * samples["present"] + sum(count * samples[verdict] for verdict, count in _CHANGES.items())
    return {
        "bytes_per_sample": samples,
        "bytes_per_transition_with_bundle": bundles,
        "bytes_per_account_and_month": {"quiet": _DAYS * samples["present"], "one outage and one wall": month},
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.samples", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    with TemporaryDirectory() as directory:
        found = measured(Path(directory))
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for name, rows in found.items():
        print(name.replace("_", " "))
        for row, value in rows.items():
            print(f"  {row:28}{value:>10,.0f}")


if __name__ == "__main__":
    main()
