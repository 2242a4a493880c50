"""A configuration on disk that watches what a ScriptedPlatform shows, for programs started from outside."""

from pathlib import Path

from watcher.demo.platform import ScriptedPlatform

WATCHLIST = """\
defaults: {interval: 2s, confirm: {threshold: 2, interval: 1s}, recover: {threshold: 2, interval: 1s}}
owners: {potus45: Donald J. Trump}
accounts:
  - {url: https://x.com/realDonaldTrump, owner: potus45}
  - {url: https://x.com/POTUS, owner: potus45}
"""
_FREELY = "pace: {requests: 6000, per: 1m, concurrency: 20}"
# A browser, where there is one, would be asked by the same words, and does not keep virtual time.
_ROBOTS = {"x": "sources: {page: {robots: override}}"}
CONTROLS = ("nasa", "xdevelopers", "un")


def configure(
    directory: Path,
    platform: ScriptedPlatform | None = None,
    *,
    watchlist: str = WATCHLIST,
    port: int = 0,
    asked: str = "x",
    settings: str = "channels: [{name: log, kind: log}]\nroutes: [{name: default, channels: [log]}]\n",
) -> Path:
    """Write watcher.yaml and watchlist.yaml into `directory`; the path of the first.

    x.com is `platform`; without one, nobody answers there. Pages of the platform file `asked` may be asked for as
    often as one likes; "" changes nothing.
    """
    directory.mkdir(exist_ok=True)
    (directory / "watchlist.yaml").write_text(watchlist, "utf-8")
    where = f'connect_to: {{x.com: "127.0.0.1:{platform.port if platform else 1}"}}'
    trust = f", ca_file: {platform.ca_file}" if platform else ""
    robots = _ROBOTS.get(asked, "robots: override")
    (directory / "watcher.yaml").write_text(
        "watchlist: watchlist.yaml\nstate_dir: state\ncontact: test@watcher.example\n"
        f'web: {{listen: "127.0.0.1:{port}"}}\n'
        f"probe: {{allow_private: [127.0.0.0/8], {where}{trust}}}\n"
        f"{f'platforms: {{{asked}: {{{robots}, {_FREELY}}}}}' if asked else ''}\n{settings}",
        "utf-8",
    )
    return directory / "watcher.yaml"
