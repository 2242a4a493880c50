"""Channels from their settings: the one place that knows them all. Only those that are used are loaded."""

from collections.abc import Sequence
from typing import assert_never

import aiohttp
import structlog

from watcher.clock import Clock
from watcher.model.errors import WatcherError
from watcher.notify.channels.base import Channel
from watcher.notify.channels.log import LogChannel
from watcher.settings import values
from watcher.settings.values import ChannelSettings


def build(settings: Sequence[ChannelSettings], session: aiohttp.ClientSession, clock: Clock) -> dict[str, Channel]:
    """The channels by name. `session` stays the caller's to close. Raises WatcherError where a library is missing."""
    return {each.name: _loaded(each, session, clock) for each in settings}


def _loaded(settings: ChannelSettings, session: aiohttp.ClientSession, clock: Clock) -> Channel:
    """A library that is missing, as amid an upgrade, is a fault to be told: a reload is refused, the run goes on."""
    try:
        return _channel(settings, session, clock)
    except ImportError as error:
        why = f"channel '{settings.name}' cannot be loaded: {error}; install watcher anew, then start it again"
        raise WatcherError(why) from error


def _channel(  # noqa: PLR0911 - one answer a kind
    settings: ChannelSettings, session: aiohttp.ClientSession, clock: Clock
) -> Channel:
    match settings:
        case values.LogChannel():
            return LogChannel(settings.name, structlog.get_logger())
        case values.SlackChannel():
            from watcher.notify.channels.slack import SlackWebhook

            return SlackWebhook(settings.name, settings.webhook_url, session)
        case values.SlackBotChannel():
            from watcher.notify.channels.slackbot import SlackBot

            return SlackBot(settings, session)
        case values.EmailChannel():
            from watcher.notify.channels.email import EmailChannel

            return EmailChannel(settings, clock)
        case values.WebhookChannel():
            from watcher.notify.channels.webhook import WebhookChannel

            return WebhookChannel(settings, session, clock)
        case values.AlertmanagerChannel():
            from watcher.notify.channels.alertmanager import AlertmanagerChannel

            return AlertmanagerChannel(settings, session, clock)
        case values.AppriseChannel():
            from watcher.notify.channels.apprise import AppriseChannel

            return AppriseChannel(settings)
        case _:
            assert_never(settings)
