"""What the reasons and the events of the record mean, for people who do not know them. Pure."""

from typing import Final

from watcher.model.finding import Reason
from watcher.model.outage import TransitionKind

MEANINGS: Final = {
    Reason.PROFILE: "the profile was there",
    Reason.PROTECTED: "it was there, and does not show itself to everybody",
    Reason.RENAMED: "it was there, under another handle",
    Reason.NOT_FOUND: "the platform said that there is no such profile",
    Reason.GONE: "the platform said that it is gone for good (HTTP 410)",
    Reason.DEACTIVATED: "the platform said that it is deactivated",
    Reason.SUSPENDED: "the platform said that it is suspended",
    Reason.WITHHELD: "the platform said that it withholds this account",
    Reason.UNAVAILABLE: "the platform said that it is not available, and not why",
    Reason.LOGIN_WALL: "visitors were asked to log in",
    Reason.CONSENT: "visitors were asked for their consent first",
    Reason.CHALLENGE: "visitors were asked to prove that they are people",
    Reason.RATE_LIMITED: "the platform answers no more for a while: it was asked too often",
    Reason.PLATFORM_ERROR: "the platform failed (HTTP 5xx)",
    Reason.FORBIDDEN: "the platform refused to answer (HTTP 403)",
    Reason.GEO_BLOCK: "it is not shown where watcher runs",
    Reason.TIMEOUT: "there was no answer in time",
    Reason.DNS: "the name of the host could not be looked up",
    Reason.CONNECT: "the host could not be connected to",
    Reason.TLS: "the host could not prove who it is",
    Reason.TOO_LARGE: "the answer was larger than is read",
    Reason.TRUNCATED: "the answer broke off",
    Reason.BAD_RESPONSE: "the answer was no proper HTTP",
    Reason.REDIRECT: "the answer led elsewhere, or round in a circle",
    Reason.NOT_PARSABLE: "the answer was not in the form that it claims",
    Reason.STALE: "the answer was an old copy",
    Reason.EMPTY_SHELL: "the page has nothing to read without JavaScript",
    Reason.CONFLICT: "two sources said different things",
    Reason.CONTROL_FAILED: "the controls did not prove it: it may be the platform, for everybody",
    Reason.LOCAL_NETWORK: "the network of this machine failed",
    Reason.NO_SOURCE: "there is no source to ask",
    Reason.QUOTA: "no more may be asked of this source at present",
    Reason.UNRECOGNISED: "the answer is none that is known",
}

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
