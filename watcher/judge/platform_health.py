"""What the controls say of a whole platform, as seen through one source from one vantage."""

from typing import Final

from watcher.model.control import ControlReport, Health
from watcher.model.finding import Reason

_FAILING: Final = frozenset(
    {
        Reason.PLATFORM_ERROR,
        Reason.TIMEOUT,
        Reason.DNS,
        Reason.CONNECT,
        Reason.TLS,
        Reason.TRUNCATED,
        Reason.BAD_RESPONSE,
    }
)
_OURS: Final = frozenset({Reason.LOCAL_NETWORK, Reason.NO_SOURCE, Reason.QUOTA})


def assess(report: ControlReport) -> Health:
    """OK: positives present, negatives absent. SICK: positives absent or failing. BLIND: walled or not told apart.

    UNPROVEN where a side was not asked, or where the failure is our own. A refresh asks positive controls until one is
    present: that one was before says nothing once the newest is not.
    """
    negatives = [c.finding for c in report.negatives if c.finding.reason not in _OURS]
    newest = max((c.finding for c in report.positives), key=lambda finding: finding.at, default=None)
    if newest is None or newest.reason in _OURS:
        return Health.UNPROVEN
    if not newest.is_present:
        return Health.SICK if newest.is_absent or newest.reason in _FAILING else Health.BLIND
    if not negatives:
        return Health.UNPROVEN
    told_apart = any(f.is_absent for f in negatives) and not any(f.is_present for f in negatives)
    return Health.OK if told_apart else Health.BLIND
