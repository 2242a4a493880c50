"""The whole program at large scale: a site in a process of its own, watcher in another, figures of both."""

import sys

# structlog loads it where it is there, 4 MB of it; what brings it are tools of development.
sys.modules["rich"] = None  # type: ignore[assignment]
