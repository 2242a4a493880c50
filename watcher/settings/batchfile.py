"""Sources that ask about many accounts at once, and questions with a body: read them of a platform file, check them."""

from typing import Any, Final

from watcher.model.platform import ANY_HANDLE, CONTROL_PLACES, Answers, Batch, Items, Method, SourceKind
from watcher.settings.nesting import Steps
from watcher.settings.platformschema import BatchEntry, SourceEntry
from watcher.settings.regex import check_regex
from watcher.settings.template import check_template
from watcher.settings.validate import Reading

_LEAST: Final = CONTROL_PLACES + 1
_MEMBER: Final = {"handle", "instance", "n", "stable_id"}


def batch_of(entry: BatchEntry) -> Batch:
    """The batch as a value."""
    return Batch(
        size=entry.size,
        member=entry.member,
        join=entry.join,
        items=tuple(Items(list_=path, names=names) for path, names in entry.items.items()),
        names=entry.names,
        handles=entry.handles or ANY_HANDLE,
    )


def check_batch(reading: Reading[Any], path: Steps, source: SourceEntry) -> None:
    """Note what keeps a source of kind `batch` from being asked and understood."""
    batch = source.batch
    if (batch is not None) != (source.kind == SourceKind.BATCH):
        message = "needs batch: how the members are asked and found" if batch is None else "is for kind: batch"
        reading.refuse((*path, "kind" if batch is None else "batch"), message)
        return
    if batch is None:
        return
    if source.answers is not Answers.JSON:
        reading.refuse((*path, "answers"), "must be json: members are found in lists of a JSON document")
    if source.url_by_id is not None:
        message = "is for single look-ups; put {stable_id} among the names of batch instead"
        reading.refuse((*path, "url_by_id"), message)
    _check_members(reading, path, source)
    at = (*path, "batch")
    if batch.size < _LEAST:
        message = f"is too small; two places are the controls', so that {_LEAST} is the least"
        reading.refuse_value((*at, "size"), ValueError(message))
    check_template(reading, (*at, "member"), batch.member, allowed=_MEMBER, needed=None)
    if "{handle}" not in batch.member:
        reading.refuse_value((*at, "member"), ValueError("is the same for all members; it must contain {handle}"))
    for place, name in enumerate(batch.names):
        check_template(reading, reading.item((*at, "names"), place), name, allowed=_MEMBER, needed=None)
    if not batch.items:
        message = 'names no list of the answer; write it like {"json:profiles": handle}'
        reading.refuse((*at, "items"), message)
    if batch.handles is not None:
        check_regex(reading, (*at, "handles"), batch.handles)


def _check_members(reading: Reading[Any], path: Steps, source: SourceEntry) -> None:
    """`{members}` must stand in the URL, or in the body, once."""
    places = [source.url, *source.body.values()]
    in_body = any("{members}" in value for value in source.body.values())
    needed = {"instance", "members"} if not in_body else None
    check_template(reading, (*path, "url"), source.url, allowed={"instance", "members"}, needed=needed)
    if sum(text.count("{members}") for text in places) != 1:
        reading.refuse((*path, "url"), "must contain {members} once, where the members are to stand")


def check_question(reading: Reading[Any], path: Steps, source: SourceEntry) -> None:
    """A body is sent by POST, and POST sends one; whom a single look-up is about stands in URL or body."""
    if source.body and source.method is not Method.POST:
        reading.refuse((*path, "body"), "needs method: post beside it")
    if source.method is Method.POST and not source.body:
        reading.refuse((*path, "method"), "needs body: what is sent, as name: text")
    allowed = {"credential", "handle", "instance", "members", "stable_id"}
    for key, value in source.body.items():
        check_template(reading, (*path, "body", key), value, allowed=allowed, needed=None)
    if source.batch is None:
        in_body = any("{handle}" in value for value in source.body.values())
        names = {"handle", "instance"}
        check_template(reading, (*path, "url"), source.url, allowed=names, needed=None if in_body else names)
