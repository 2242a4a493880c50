"""What comes of a changed configuration: what an edit changes, and whether it was taken."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What an edit of the watchlist changes, as ids of accounts in the order of the lists."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """The configuration was taken. `later` are the changed keys of watcher.yaml that only the next start takes up."""

    edit: Edit
    later: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The configuration was not taken: a sentence for each reason. `forcible`: it would be, if forced.

    `passing` where the files are not to blame: the same may be taken a moment later.
    """

    why: tuple[str, ...]
    forcible: bool = False
    passing: bool = False


Outcome = Reloaded | Refused
