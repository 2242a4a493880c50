"""The whole program at large scale: a site in a process of its own, watcher in another, figures of both."""
