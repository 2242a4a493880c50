"""What the running program shows of itself: metrics, health, a JSON API and a landing page. Reads only.

Knows the snapshot and the outages through callables; nothing of the pipeline, the store or the probe.
"""

from watcher.web.collector import AccountCollector
from watcher.web.server import WebServer

__all__ = ["AccountCollector", "WebServer"]
