"""The pages about outages, put together: the list, the record, its evidence, the feed; and the badges."""

from aiohttp import web

from watcher.web.pages.badges import BadgePages
from watcher.web.pages.behind import Behind
from watcher.web.pages.evidence import EvidencePages
from watcher.web.pages.feeds import FeedPages
from watcher.web.pages.outage import OutagePages
from watcher.web.pages.outages import OutagesPages
from watcher.web.pages.shell import Shell


def record_routes(behind: Behind, shell: Shell) -> list[web.RouteDef]:
    """What is served, and by which handler. Without `cases` there are the badges only."""
    badges = BadgePages(behind.snapshot, behind.records).routes()
    if behind.cases is None:
        return badges
    outages = OutagesPages(shell, behind.cases, behind.snapshot)
    return [
        *outages.routes(),
        *EvidencePages(shell, behind.cases).routes(),
        *OutagePages(shell, behind.cases, behind.token, behind.snapshot).routes(),
        *FeedPages(outages, behind).routes(),
        *badges,
    ]
