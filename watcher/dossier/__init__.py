"""Evidence handed out and checked: what is kept of transitions as text, as files, and held against its hashes. Pure.

A dossier is the same whether it comes from the store or from an exported archive, so that both are verified alike.
"""

from watcher.dossier.archive import ArchiveError, archive, read_archive
from watcher.dossier.check import Check, Dossier, Outcome, as_data, conclusion, missing, verdict, verify
from watcher.dossier.shown import listing, records, shown, table

__all__ = [
    "ArchiveError",
    "Check",
    "Dossier",
    "Outcome",
    "archive",
    "as_data",
    "conclusion",
    "listing",
    "missing",
    "read_archive",
    "records",
    "shown",
    "table",
    "verdict",
    "verify",
]
