"""What accounts' own pages looked like when they were last seen to be there, where pages are told by likeness only.

Kept in memory: after a restart an account has none until it is seen again, and is then told by the controls alone.
"""

from collections.abc import Container
from dataclasses import replace

from watcher.classify import Classified
from watcher.model.control import Features, References
from watcher.model.exchange import Task
from watcher.model.finding import Finding

_Key = tuple[str, str]


class Baselines:
    """The features of each account's last page at each source that compares pages; of others nothing is kept."""

    def __init__(self) -> None:
        self._known: dict[_Key, Features] = {}

    def beside(self, references: References, task: Task) -> References:
        """The references, and among those of accounts that exist the account's own page."""
        own = self._known.get(_key(task))
        return references if own is None else replace(references, positives=(*references.positives, own))

    def note(self, task: Task, classified: Classified, finding: Finding) -> None:
        """Take up what a page looks like on which the account was found, and the gate agreed."""
        if not task.source.similarity or task.target.account_id is None or not finding.is_present:
            return
        features = classified.features
        if features is not None:
            self._known[_key(task)] = features

    def keep(self, accounts: Container[str]) -> None:
        """Forget all but these accounts."""
        self._known = {key: features for key, features in self._known.items() if key[0] in accounts}


def _key(task: Task) -> _Key:
    return task.target.account_id or "", task.source.name
