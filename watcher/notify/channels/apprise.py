"""A hundred other ways (Teams, Discord, Telegram, PagerDuty, …) by the library apprise, an extra.

It blocks, so each URL has a thread of its own while it is told, and no second one before that ends: what hangs keeps
nobody else waiting, nor the end of the program. It says no more than whether it worked, and why only in its log, which
quotes URLs and so is taken from there: nothing but the HTTP status in it is used.
"""

import asyncio
import logging
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar
from urllib.parse import quote as percent

from watcher.model.account import Severity
from watcher.model.notification import Delivered, GaveUp, Message, NotificationKind, Outcome, RetryAfter
from watcher.notify.channels.inert import inert
from watcher.notify.wording import with_local_time
from watcher.settings import values
from watcher.text import clean, cut

_TIMEOUT: Final = timedelta(seconds=30)
_LONGEST: Final = 8000
_STATUS: Final = re.compile(r"\berror=([1-5]\d\d)\b")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{0,19}(?=:)", re.IGNORECASE)
_TYPES: Final[dict[Severity, str]] = {
    Severity.CRITICAL: "failure",
    Severity.WARNING: "warning",
    Severity.INFO: "info",
}
_T = TypeVar("_T")


@dataclass(slots=True)
class _Way:
    """One URL. `name` shows no secret; `service` is made of the URL when it is first used."""

    name: str
    url: values.Secret
    service: Any = None
    busy: bool = False


class _Statuses(logging.Handler):
    """Keeps the last HTTP status that each thread logged, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.by_thread: dict[int | None, str] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Look for a status."""
        if found := _STATUS.search(record.getMessage()):
            self.by_thread[record.thread] = found[1]


class AppriseChannel:
    """All its URLs. `timeout` bounds a send, in real time."""

    def __init__(self, settings: values.AppriseChannel, timeout: timedelta = _TIMEOUT) -> None:
        self._settings = settings
        self._timeout = timeout
        self._ways = [_Way(_name(place, url), url) for place, url in enumerate(settings.urls, start=1)]
        self._statuses = _Statuses()
        self._quieten()

    @property
    def name(self) -> str:
        """The name by which routes know it."""
        return self._settings.name

    @property
    def spacing(self) -> timedelta:
        """What chat services commonly allow."""
        return timedelta(seconds=1)

    @property
    def timeout(self) -> timedelta:
        """Half a minute: some services take several requests for a message."""
        return self._timeout

    def tells(self, kind: NotificationKind) -> bool:
        """All but that somebody acknowledged: that is no new message's worth."""
        return kind is not NotificationKind.ACKNOWLEDGED

    async def send(self, message: Message) -> Outcome:
        """Tell those that are to be reached; the outcome's reason begins with one of metrics.FAILURE_REASONS."""
        left = set(message.recipients)
        asked = [way for way in self._ways if not left or way.name in left]
        if not asked:
            return Delivered(answer="those still to be reached are there no longer; the others have it")
        outcomes = await asyncio.gather(*(self._tell(way, message) for way in asked))
        said = {way.name: outcome for way, outcome in zip(asked, outcomes, strict=True)}
        return _together(said, reached_before=bool(left))

    async def close(self) -> None:
        """Give the library its log back. A thread that hangs ends with the process."""
        logging.getLogger("apprise").removeHandler(self._statuses)

    def _quieten(self) -> None:
        log = logging.getLogger("apprise")
        log.propagate = False
        log.addHandler(self._statuses)

    async def _tell(self, way: _Way, message: Message) -> Outcome:
        if way.busy:
            return RetryAfter(reason=f"timeout: {way.name} has not come back from an earlier message")
        way.busy = True
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                return await _in_thread(lambda: self._notify(way, message), f"apprise {self.name} {way.name}")
        except TimeoutError:
            return RetryAfter(reason=f"timeout: {way.name}")

    def _notify(self, way: _Way, message: Message) -> Outcome:
        """In the thread of the way: one try."""
        me = threading.get_ident()
        self._statuses.by_thread.pop(me, None)
        try:
            if way.service is None:
                way.service = _service(way.url.reveal())
            if way.service is None:
                return GaveUp(reason=f"client_error: {way.name} is nothing that apprise knows")
            if way.service.notify(**_said(way.service, message), notify_type=_type(message)):
                return Delivered()
            return _failure(way.name, self._statuses.by_thread.get(me))
        except Exception as error:  # noqa: BLE001 - a library of many hands; its messages may hold the URL
            return RetryAfter(reason=f"bug: {way.name}: {type(error).__name__}")
        finally:
            self._statuses.by_thread.pop(me, None)
            way.busy = False


async def _in_thread(work: Callable[[], _T], name: str) -> _T:
    """What `work` gives, from a thread of its own, which keeps no process from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_T] = loop.create_future()

    def settle(found: _T) -> None:
        if not done.done():
            done.set_result(found)

    def run() -> None:
        found = work()
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await done


def _service(url: str) -> Any:
    import apprise  # noqa: PLC0415 - an extra, and slow to import

    return apprise.Apprise.instantiate(url, asset=apprise.AppriseAsset(app_id="watcher", app_desc="watcher"))


def _name(place: int, url: values.Secret) -> str:
    """Which of the URLs it is, without its secrets: its place and its scheme."""
    scheme = _SCHEME.match(url.reveal())
    return f"{place}-{scheme[0].lower() if scheme else 'url'}"


def _type(message: Message) -> Any:
    """How bad it is, in apprise's word."""
    from apprise import NotifyType  # noqa: PLC0415 - an extra, and slow to import

    if message.kind is NotificationKind.RESOLVED:
        return NotifyType.SUCCESS
    return NotifyType("info" if message.kind is NotificationKind.CORRECTION else _TYPES[message.severity])


def _said(service: Any, message: Message) -> dict[str, Any]:
    """Title and text as the service takes them: those that read HTML are given it."""
    from apprise import NotifyFormat, conversion  # noqa: PLC0415 - an extra, and slow to import

    def written(text: str) -> Any:
        return conversion.convert_between(NotifyFormat.TEXT, service.notify_format, text)  # type: ignore[no-untyped-call]

    title = inert(clean(message.headline))
    # A service without titles is given it as the beginning of the text.
    title = title if service.title_maxlen > 0 else written(title)
    return {"title": title, "body": written(_body(message)), "body_format": NotifyFormat.TEXT}


def _body(message: Message) -> str:
    """All that the message says, as plain text in which nothing acts but the links."""
    told = [with_local_time(sentence, message.timezone) for sentence in message.sentences]
    if message.quote is not None:
        told.append(f"{message.quote.intro}: “{message.quote.text}”")
    told += [f"{label}: {with_local_time(value, message.timezone)}" for label, value in message.facts]
    lines = [inert(clean(line)) for line in told]
    lines += [f"{inert(clean(label))}: {_address(url)}" for label, url in message.links]
    return cut("\n".join(line for line in lines if line) or inert(clean(message.headline)), _LONGEST)


def _address(url: str) -> str:
    """`url` with nothing in it that ends it, or means more than itself."""
    return percent(clean(url), safe=":/?#[]@!$&+,;=%~")


def _failure(name: str, status: str | None) -> RetryAfter:
    """Tried again whatever it is: who has a wrong URL can mend it."""
    if status is None:
        return RetryAfter(reason=f"connect: {name} was not told")
    kinds = {"429": "rate_limited", "408": "timeout"}
    return RetryAfter(
        reason=f"{kinds.get(status) or ('client_error' if status[0] == '4' else 'server_error')}: {name} {status}"
    )


def _together(said: Mapping[str, Outcome], *, reached_before: bool) -> Outcome:
    """What is to be done, by what became of each. Somebody was reached now, or `reached_before`, or nobody."""
    later = {name: each.reason for name, each in said.items() if isinstance(each, RetryAfter)}
    refused = {name: each.reason for name, each in said.items() if isinstance(each, GaveUp)}
    some = reached_before or len(later) + len(refused) < len(said)
    told = "; ".join((*later.values(), *refused.values()))
    if later:
        return RetryAfter(reason=told, recipients=tuple(later) if some else ())
    if some:
        return Delivered(answer=told)
    return GaveUp(reason=told)
