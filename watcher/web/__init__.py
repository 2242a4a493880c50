"""What the running program shows of itself: metrics, health, a JSON API, pages for people; a look on demand.

Knows the snapshot, the outages and the looks through callables; nothing of the pipeline, the store or the probe.
"""

from watcher.web.probe import ProbePage
from watcher.web.server import WebServer

__all__ = ["ProbePage", "WebServer"]
