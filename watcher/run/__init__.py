"""What goes on while watcher runs: rounds of looks, chores, reloads, and who is told of what."""
