"""watcher says when a public profile page is gone, and for how long."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("watcher")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0+unknown"
