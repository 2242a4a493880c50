"""What docs/configuration.md says of every key: one section a mapping, one row a key. Pure.

The page is written by people and held against the models by a test; whoever makes something of the models takes the
meaning of a key from here.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from pydantic import BaseModel

from watcher.settings import alertingschema, platformschema, schema, settingsschema

SECTIONS: Final[Mapping[type[BaseModel], tuple[str, str]]] = {
    schema.WatchlistFile: ("watchlist.yaml", "The file"),
    schema.DefaultsEntry: ("watchlist.yaml", "`defaults`"),
    schema.WindowEntry: ("watchlist.yaml", "`windows`"),
    schema.RepeatEntry: ("watchlist.yaml", "`confirm` and `recover`"),
    schema.OwnerEntry: ("watchlist.yaml", "`owners`"),
    schema.AccountEntry: ("watchlist.yaml", "`accounts`"),
    schema.AccountControlsEntry: ("watchlist.yaml", "`controls` of an account"),
    settingsschema.SettingsFile: ("watcher.yaml", "The file"),
    schema.ProbeEntry: ("watcher.yaml", "`probe`"),
    schema.BrowserEntry: ("watcher.yaml", "`browser`"),
    schema.WebEntry: ("watcher.yaml", "`web`"),
    schema.RetentionEntry: ("watcher.yaml", "`retention`"),
    alertingschema.LogChannelEntry: ("watcher.yaml", "`channels` of kind `log`"),
    alertingschema.SlackChannelEntry: ("watcher.yaml", "`channels` of kind `slack`"),
    alertingschema.SlackBotChannelEntry: ("watcher.yaml", "`channels` of kind `slack_bot`"),
    alertingschema.EmailChannelEntry: ("watcher.yaml", "`channels` of kind `email`"),
    alertingschema.WebhookChannelEntry: ("watcher.yaml", "`channels` of kind `webhook`"),
    alertingschema.AlertmanagerChannelEntry: ("watcher.yaml", "`channels` of kind `alertmanager`"),
    alertingschema.AppriseChannelEntry: ("watcher.yaml", "`channels` of kind `apprise`"),
    alertingschema.RouteEntry: ("watcher.yaml", "`routes`"),
    alertingschema.DigestEntry: ("watcher.yaml", "`digest`"),
    alertingschema.HeartbeatEntry: ("watcher.yaml", "`heartbeat`"),
    alertingschema.HoursEntry: ("watcher.yaml", "`mute` and `active`"),
    alertingschema.MatchEntry: ("watcher.yaml", "`match`"),
    schema.PlatformOverrideEntry: ("watcher.yaml", "`platforms`"),
    schema.SourceOverrideEntry: ("watcher.yaml", "`sources` of `platforms`"),
    schema.PaceEntry: ("watcher.yaml", "`pace`"),
    platformschema.PlatformFile: ("Platform files", "The file"),
    platformschema.FactEntry: ("Platform files", "`facts`"),
    platformschema.HandleEntry: ("Platform files", "`handle`"),
    platformschema.ControlsEntry: ("Platform files", "`controls` of a platform"),
    platformschema.SourceEntry: ("Platform files", "`sources`"),
    platformschema.BatchEntry: ("Platform files", "`batch` of `sources`"),
    platformschema.RuleEntry: ("Platform files", "`rules`"),
}
_ROW: Final = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", re.MULTILINE)


class Row(NamedTuple):
    """What the page says of a key: its default as it stands in the cell, and what it means."""

    default: str
    meaning: str


def rows(page: str, model: type[BaseModel]) -> dict[str, Row]:
    """The keys that the page describes of a mapping, in its order. A missing section is an IndexError."""
    chapter, section = SECTIONS[model]
    text = page.split(f"\n## {chapter}\n")[1].split("\n## ", maxsplit=1)[0]
    text = text.split(f"\n### {section}\n")[1].split("\n### ")[0]
    return {key: Row(default, meaning) for key, default, meaning in _ROW.findall(text)}
