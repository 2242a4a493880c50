"""The record of one outage: what happened, what visitors saw, how it is known, what is not. One assembly, many forms.

`gather` reads what a store has, `assemble` makes the record of it, `markdown` and `data` write it down; the pages have
a template of their own.
"""

from watcher.record.assemble import assemble, headline_of, updated_at
from watcher.record.case import Case, Entry, Kind, Moment, Names, OutageRecord, Piece, Quoted

__all__ = [
    "Case",
    "Entry",
    "Kind",
    "Moment",
    "Names",
    "OutageRecord",
    "Piece",
    "Quoted",
    "assemble",
    "headline_of",
    "updated_at",
]
