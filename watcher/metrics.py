"""The operational instruments, on a registry of their own. What is read from state is in web/series and web/families.

Conventions: base units, attempts and failures as two counters, known label sets start at 0.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_OUTAGE_BUCKETS = (
    _MINUTE,
    2 * _MINUTE,
    5 * _MINUTE,
    10 * _MINUTE,
    15 * _MINUTE,
    30 * _MINUTE,
    _HOUR,
    3 * _HOUR,
    6 * _HOUR,
    12 * _HOUR,
    _DAY,
    3 * _DAY,
    7 * _DAY,
    30 * _DAY,
)
_FETCH_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0)
_LAG_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)


@dataclass(frozen=True, slots=True)
class OfPlatform:
    """The instruments of one platform that every probe touches; finding them by their labels each time is dear."""

    probes: Counter
    probe_duration: Histogram
    rate_limit_wait: Histogram
    findings: Counter


class Metrics:
    """Every instrument that a room may touch; made once by the app and handed in by constructor."""

    def __init__(self, version: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        r = self.registry
        self._shown: dict[Gauge, frozenset[str]] = {}
        self._of_platform: dict[str, OfPlatform] = {}
        Info("watcher_build", "The running version of watcher.", registry=r).info({"version": version})
        self._add_probes(r)
        self._add_findings(r)
        self._add_notifications(r)
        self._add_standing(r)
        self._add_own_health(r)

    def of_platform(self, platform: str) -> OfPlatform:
        """Those of this platform."""
        known = self._of_platform.get(platform)
        if known is None:
            known = self._of_platform[platform] = OfPlatform(
                self.probes.labels(platform),
                self.probe_duration.labels(platform),
                self.rate_limit_wait.labels(platform),
                self.findings.labels(platform),
            )
        return known

    def _add_probes(self, r: CollectorRegistry) -> None:
        self.probes = Counter(
            "watcher_probes",
            "Answers looked for on public profile pages, controls included; one about many accounts counts once.",
            ["platform"],
            registry=r,
        )
        self.probe_duration = Histogram(
            "watcher_probe_duration_seconds",
            "Time from sending a probe to its complete answer.",
            ["platform"],
            buckets=_FETCH_BUCKETS,
            registry=r,
        )
        self.browser_starts = Counter(
            "watcher_browser_starts", "Times the browser that renders pages was started.", registry=r
        )
        self.probes_in_flight = Gauge("watcher_probes_in_flight", "Probes now waiting for an answer.", registry=r)
        self.rate_limit_wait = Histogram(
            "watcher_rate_limit_wait_seconds",
            "Time that a probe waited for the pace of its host.",
            ["platform"],
            buckets=_LAG_BUCKETS,
            registry=r,
        )
        self.schedule_lag = Histogram(
            "watcher_schedule_lag_seconds",
            "How late after its due time a probe was started.",
            buckets=_LAG_BUCKETS,
            registry=r,
        )

    def _add_findings(self, r: CollectorRegistry) -> None:
        self.findings = Counter(
            "watcher_findings",
            "Looks at accounts that were judged, whatever they said, and whether or not a request could be sent.",
            ["platform"],
            registry=r,
        )
        self.looks_missed = Counter(
            "watcher_looks_missed",
            "Times that an account was due and was not looked at before it was due again: more is due than can be "
            "done.",
            ["platform"],
            registry=r,
        )
        self.probe_inconclusive = Counter(
            "watcher_probe_inconclusive",
            "Looks at accounts that said neither present nor absent, by reason; watcher_findings_total has them all.",
            ["platform", "reason"],
            registry=r,
        )
        self.layout_changes = Counter(
            "watcher_layout_changes",
            "Pages of controls that look unlike what they were, while missing ones are told apart as before.",
            ["platform"],
            registry=r,
        )
        self.outage_duration = Histogram(
            "watcher_outage_duration_seconds",
            "Best estimate of the duration of outages closed since the start of the process.",
            ["platform"],
            buckets=_OUTAGE_BUCKETS,
            registry=r,
        )

    def _add_notifications(self, r: CollectorRegistry) -> None:
        self.notifications = Counter(
            "watcher_notifications", "Attempts to send a notification.", ["channel"], registry=r
        )
        self.notifications_failed = Counter(
            "watcher_notifications_failed",
            "Attempts to send a notification that failed, by reason.",
            ["channel", "reason"],
            registry=r,
        )
        self.renewals = Counter(
            "watcher_alert_renewals",
            "Times that the alerts that last were repeated to a channel that forgets what is not.",
            ["channel"],
            registry=r,
        )
        self.renewals_failed = Counter(
            "watcher_alert_renewals_failed",
            "Times that not all of such a channel took the repetition; it is tried again soon.",
            ["channel"],
            registry=r,
        )
        self.notification_latency = Histogram(
            "watcher_notification_latency_seconds",
            "Time from the event to the delivery of its notification.",
            ["channel"],
            buckets=(1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0),
            registry=r,
        )

    def _add_standing(self, r: CollectorRegistry) -> None:
        self.silences = Gauge(
            "watcher_silences",
            "Silences that hold (active), and that are still to begin (pending).",
            ["state"],
            registry=r,
        )
        for state in ("active", "pending"):
            self.silences.labels(state)
        self.notification_queue = Gauge(
            "watcher_notification_queue_length",
            "Notifications that are to be told now and are not delivered; what waits for its time is not.",
            registry=r,
        )
        self.notification_oldest = Gauge(
            "watcher_notification_oldest_pending_timestamp_seconds",
            "When the event of the oldest of these notifications happened; 0 when there is none.",
            registry=r,
        )
        self.notifications_dead = Gauge(
            "watcher_notifications_dead",
            "Notifications that were given up and are kept; watcher notifications resend sends them again.",
            ["channel"],
            registry=r,
        )
        self.channel_up = Gauge(
            "watcher_channel_up",
            "1 while a channel takes what it is given, 0 while it has failed for five minutes or is disabled.",
            ["channel"],
            registry=r,
        )

    def _add_own_health(self, r: CollectorRegistry) -> None:
        self.commit_failures = Counter(
            "watcher_store_commit_failures", "Commits that the store refused; each is retried.", registry=r
        )
        self.store_failing_since = Gauge(
            "watcher_store_failing_since_timestamp_seconds",
            "Since when the store has not taken what is to be written, which waits in memory; 0 while it does.",
            registry=r,
        )
        self.config_reload_successful = Gauge(
            "watcher_config_last_reload_successful", "1 if the last load of the configuration was accepted.", registry=r
        )
        self.config_reload_success_timestamp = Gauge(
            "watcher_config_last_reload_success_timestamp_seconds",
            "When the configuration was last accepted.",
            registry=r,
        )
        self.heartbeats = Counter("watcher_heartbeats", "Pings that were sent to the dead man's switch.", registry=r)
        self.heartbeats_failed = Counter(
            "watcher_heartbeats_failed", "Pings to the dead man's switch that it did not take.", registry=r
        )
        self.clock_offset = Gauge(
            "watcher_clock_offset_seconds",
            "How far the system clock has been stepped since the start; stamps follow the old time until a restart.",
            registry=r,
        )

    def show_channels(self, up: Mapping[str, bool], dead: Mapping[str, int], *, keep: bool = False) -> None:
        """Just these channels (`keep`: and those shown before), with whether each works and how much was given up."""
        for gauge, values in ((self.channel_up, up), (self.notifications_dead, {**dict.fromkeys(up, 0), **dead})):
            shown = self._shown.get(gauge, frozenset())
            for name in () if keep else shown - values.keys():
                gauge.remove(name)
            for name, value in values.items():
                gauge.labels(name).set(value)
            self._shown[gauge] = frozenset(values) | (shown if keep else frozenset())

    def expect_renewals(self, channel: str) -> None:
        """The same for a channel that is told again and again what lasts."""
        self.renewals.labels(channel)
        self.renewals_failed.labels(channel)

    def expect(self, platforms: Iterable[str], channels: Iterable[str], reasons: Iterable[str]) -> None:
        """Start the known label sets at 0, so that `rate()` sees the first event."""
        reasons = tuple(reasons)
        for platform in platforms:
            self.of_platform(platform)
            self.layout_changes.labels(platform)
            self.looks_missed.labels(platform)
            self.outage_duration.labels(platform)
            for reason in reasons:
                self.probe_inconclusive.labels(platform, reason)
        for channel in channels:
            self.notifications.labels(channel)
            self.notification_latency.labels(channel)
            if channel not in self._shown.get(self.channel_up, frozenset()):
                self.show_channels({channel: True}, {}, keep=True)
            for reason in FAILURE_REASONS:
                self.notifications_failed.labels(channel, reason)


FAILURE_REASONS = (
    "connect",
    "timeout",
    "rate_limited",
    "server_error",
    "client_error",
    "gone",
    "bad_answer",
    "unknown_channel",
    "bug",
)
