"""A process that commits for ever and says on standard output what is stored. To be killed in the middle."""

import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from tests.unit.store.samples import BODY, T0, account, after, opening, outage
from watcher.model.outage import AccountState, Phase
from watcher.store.sql import SqlStore
from watcher.store.values import Commit


def numbered(n: int) -> Commit:
    """The commit of that number: an account that goes down, its page, its alert."""
    content = f"page {n}".encode()
    name = sha256(content).hexdigest()
    one = outage(f"account{n}", seconds=n)
    commit = opening(one)
    (opened,) = commit.transitions
    assert opened.finding is not None
    finding = replace(opened.finding, evidence=replace(opened.finding.evidence, body_sha256=name))
    down = AccountState(account_id=one.account_id, phase=Phase.DOWN, since=after(n), n=n, outage=one)
    return replace(
        commit,
        states=(down,),
        transitions=(replace(opened, finding=finding),),
        bodies=(replace(BODY, sha256=name, content=content),),
    )


def main(state_dir: Path) -> None:
    """Commit one after the other; print the number of each once it is stored."""
    store = SqlStore(state_dir)
    store.open()
    n = len(store.load().states)
    store.watch([account(f"account{number}") for number in range(n + 5000)], T0)
    while True:
        store.commit(numbered(n))
        sys.stdout.write(f"{n}\n")
        sys.stdout.flush()
        n += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]))
