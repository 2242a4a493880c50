"""What the events of an account's past mean, for people who do not know them. Pure."""

from typing import Final

from watcher.model.outage import TransitionKind

HAPPENED: Final = {
    TransitionKind.ACCOUNT_FIRST_SEEN: ("seen for the first time", "good"),
    TransitionKind.ACCOUNT_NEVER_SEEN: ("not there, and never seen", "warn"),
    TransitionKind.ACCOUNT_APPEARED: ("seen after all", "good"),
    TransitionKind.ACCOUNT_SUSPECTED: ("one look said that it is gone: being confirmed", "warn"),
    TransitionKind.SUSPICION_CLEARED: ("there all the same: nothing came of the suspicion", "good"),
    TransitionKind.OUTAGE_OPENED: ("unavailable: confirmed", "bad"),
    TransitionKind.OUTAGE_REASON_CHANGED: ("still unavailable, for another reason", "bad"),
    TransitionKind.RECOVERY_BEGAN: ("one look said that it is back: being confirmed", "warn"),
    TransitionKind.RECOVERY_RETRACTED: ("not back after all", "bad"),
    TransitionKind.OUTAGE_CLOSED: ("available again: confirmed", "good"),
    TransitionKind.OUTAGE_RETRACTED: ("an outage was taken back as a false alarm", "dim"),
    TransitionKind.ACCOUNT_REREGISTERED: ("back as another account of that handle", "warn"),
    TransitionKind.ACCOUNT_RENAMED: ("it has another handle", "dim"),
    TransitionKind.ACCOUNT_BLIND: ("cannot be seen: no verdict for three intervals", "dim"),
    TransitionKind.ACCOUNT_SIGHTED: ("can be seen again", "good"),
    TransitionKind.FLAPPING_STARTED: ("comes and goes: told of as one", "warn"),
    TransitionKind.FLAPPING_STOPPED: ("does not come and go any more", "good"),
    TransitionKind.ACCOUNT_UNWATCHED: ("no longer watched", "dim"),
    TransitionKind.ACCOUNT_REWATCHED: ("watched again", "dim"),
}
"""What is said of each event, and in which colour."""
