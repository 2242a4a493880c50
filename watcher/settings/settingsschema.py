"""The shape of watcher.yaml as a whole. What it says of alerting is in `alertingschema`."""

from typing import Annotated

from pydantic import PlainValidator

from watcher.settings import scalars
from watcher.settings.alertingschema import ChannelEntry, DigestEntry, HeartbeatEntry, RouteEntry
from watcher.settings.schema import (
    Entry,
    FileName,
    FileNames,
    PlatformOverrideEntry,
    ProbeEntry,
    RetentionEntry,
    Slug,
    WebAddress,
    WebEntry,
)
from watcher.settings.values import WATCHLISTS


class SettingsFile(Entry):
    """watcher.yaml."""

    watchlist: FileNames = WATCHLISTS
    state_dir: FileName = "var"
    platform_dir: FileName | None = None
    public_url: WebAddress | None = None
    contact: Annotated[str, PlainValidator(scalars.contact)] | None = None
    probe: ProbeEntry = ProbeEntry()
    web: WebEntry = WebEntry()
    retention: RetentionEntry = RetentionEntry()
    channels: list[ChannelEntry] | None = None
    routes: list[RouteEntry] | None = None
    fallback: Slug | None = None
    digest: DigestEntry | None = None
    heartbeat: HeartbeatEntry | None = None
    platforms: dict[Slug, PlatformOverrideEntry] = {}
