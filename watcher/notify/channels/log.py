"""Notifications as lines in the log: the channel that needs nothing, and the last resort when others are down."""

from datetime import timedelta
from typing import assert_never

from structlog.typing import FilteringBoundLogger

from watcher.model.account import Severity
from watcher.model.notification import Delivered, Message, NotificationKind, Outcome


class LogChannel:
    """Writes each message as one line through `logger`, as loud as its severity; ends and corrections softly."""

    def __init__(self, name: str, logger: FilteringBoundLogger) -> None:
        self._name = name
        self._logger = logger

    @property
    def name(self) -> str:
        """The name by which routes know it."""
        return self._name

    @property
    def spacing(self) -> timedelta:
        """None: a log takes as many lines as there are."""
        return timedelta(0)

    @property
    def timeout(self) -> timedelta:
        """A line is written at once."""
        return timedelta(seconds=1)

    def tells(self, kind: NotificationKind) -> bool:
        """All but that somebody acknowledged: that is no new message's worth."""
        return kind is not NotificationKind.ACKNOWLEDGED

    async def send(self, message: Message) -> Outcome:
        """Write the line; always Delivered."""
        fields = {
            "channel": self._name,
            "severity": str(message.severity),
            "said": " ".join(message.sentences),
            "facts": "; ".join(f"{label}: {value}" for label, value in message.facts),
            "quote": message.quote.text if message.quote is not None else "",
            "language": (message.quote.language or "") if message.quote is not None else "",
            "links": " ".join(url for _, url in message.links),
            "dedup_key": message.dedup_key,
        }
        told = {key: value for key, value in fields.items() if value}
        if message.kind in (NotificationKind.RESOLVED, NotificationKind.CORRECTION):
            self._logger.info(message.headline, **told)
            return Delivered()
        match message.severity:
            case Severity.CRITICAL:
                self._logger.error(message.headline, **told)
            case Severity.WARNING:
                self._logger.warning(message.headline, **told)
            case Severity.INFO:
                self._logger.info(message.headline, **told)
            case _:
                assert_never(message.severity)
        return Delivered()

    async def close(self) -> None:
        """Nothing to let go of: the log is not ours."""
