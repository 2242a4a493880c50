"""From a stored piece of news to people: whom to tell (`route`), what to say (`render`), when and how (`outbox`).

What is told is decided elsewhere; nothing here opens or closes anything.
"""

from watcher.model.route import Subject
from watcher.notify.outbox import Outbox
from watcher.notify.render import render
from watcher.notify.route import channels_for
from watcher.notify.view import View
from watcher.notify.wording import format_bounds, format_duration, format_span, format_stamp

__all__ = [
    "Outbox",
    "Subject",
    "View",
    "channels_for",
    "format_bounds",
    "format_duration",
    "format_span",
    "format_stamp",
    "render",
]
