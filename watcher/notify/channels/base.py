"""What a channel must do."""

from datetime import timedelta
from typing import Protocol

from watcher.model.notification import Message, NotificationKind, Outcome


class Channel(Protocol):
    """Sends one message and says how that went. It never retries (the outbox does) and raises nothing expected."""

    @property
    def name(self) -> str:
        """The name by which routes know it."""
        ...

    @property
    def spacing(self) -> timedelta:
        """The least time between two messages that the medium wants; the outbox keeps it."""
        ...

    @property
    def timeout(self) -> timedelta:
        """How long one `send` may take, in real time. It comes to an end by itself; the outbox sees to that it does."""
        ...

    def tells(self, kind: NotificationKind) -> bool:
        """Whether it has a way to say such a thing: an ACKNOWLEDGED one not by a new message, say."""
        ...

    async def send(self, message: Message) -> Outcome:
        """Deliver `message`, escaped for this medium, or say whether another try makes sense."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
