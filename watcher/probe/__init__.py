"""Ask platforms for pages: `open_prober` gives the Prober of a run, `Reachability` says whether anything is reached."""

from watcher.probe.pacing import Pacer
from watcher.probe.prober import Prober, open_prober
from watcher.probe.self_check import Reachability
from watcher.probe.session import ProbeSession, open_session

__all__ = ["Pacer", "ProbeSession", "Prober", "Reachability", "open_prober", "open_session"]
