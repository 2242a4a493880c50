"""The words of the record: what a platform said, what an answer was, how a log entry reads. Pure."""

from datetime import timedelta
from typing import Final

from watcher.model.finding import Certainty, Reason
from watcher.model.notification import NotificationKind
from watcher.model.outage import EndCause, Outage, TransitionKind
from watcher.notify.wording import format_between, format_stamp, language_name
from watcher.record.case import Kind, Moment, Quoted
from watcher.text import clean, cut

_QUOTE: Final = 600

# As in the messages (watcher/notify/texts/en/words.j2; a test holds them to it).
SAID: Final = {
    Reason.NOT_FOUND: "{} answered as it does for an account that does not exist",
    Reason.GONE: "{} said that the page was gone (HTTP 410)",
    Reason.DEACTIVATED: "{} showed that the account was deactivated",
    Reason.SUSPENDED: "{} showed that the account was suspended",
    Reason.WITHHELD: "{} showed that the account was withheld from visitors here",
    Reason.UNAVAILABLE: "{} said that the profile was not available, without saying why",
}
CERTAIN: Final = {
    Certainty.STATED: "the platform said so by a code or a field that it documents",
    Certainty.SHOWN: "the page said so in words that visitors could read",
    Certainty.RESEMBLES: "the page looked like that of an account that does not exist; it did not say so in words",
}
UNCLEAR: Final = {
    Reason.LOGIN_WALL: "the page asked for a login",
    Reason.CONSENT: "the page asked for consent first",
    Reason.CHALLENGE: "the page asked for proof that a person is looking",
    Reason.RATE_LIMITED: "the platform said that it was asked too often",
    Reason.PLATFORM_ERROR: "the platform reported an error of its own",
    Reason.FORBIDDEN: "the platform refused to answer",
    Reason.GEO_BLOCK: "the page is blocked where it was looked at from",
    Reason.TIMEOUT: "no answer came in time",
    Reason.DNS: "the platform's name could not be resolved",
    Reason.CONNECT: "no connection could be made",
    Reason.TLS: "no secure connection could be made",
    Reason.TOO_LARGE: "the answer was too large",
    Reason.TRUNCATED: "the answer was cut short",
    Reason.BAD_RESPONSE: "the answer was malformed",
    Reason.REDIRECT: "the answer led elsewhere",
    Reason.NOT_PARSABLE: "the answer could not be read",
    Reason.STALE: "the answer was an old copy",
    Reason.EMPTY_SHELL: "the page was empty without its scripts",
    Reason.CONFLICT: "two ways of asking gave different answers",
    Reason.CONTROL_FAILED: "the controls did not bear the answer out",
    Reason.LOCAL_NETWORK: "our own network was down",
    Reason.NO_SOURCE: "there was no way to ask",
    Reason.QUOTA: "the quota for asking was used up",
    Reason.UNRECOGNISED: "the page was of no known kind",
}
_AGAIN: Final = "looked at again before it is believed."
HAPPENED: Final = {
    TransitionKind.ACCOUNT_SUSPECTED: (
        Kind.MISSING,
        f"Found missing for the first time; {_AGAIN}",
    ),
    TransitionKind.SUSPICION_CLEARED: (Kind.SEEN, "There after all: the suspicion is dropped."),
    TransitionKind.OUTAGE_OPENED: (Kind.MISSING, "Confirmed as missing: the looks agree."),
    TransitionKind.OUTAGE_REASON_CHANGED: (Kind.MISSING, "Still missing, but the platform now answers differently."),
    TransitionKind.RECOVERY_BEGAN: (Kind.SEEN, f"Seen again for the first time; {_AGAIN}"),
    TransitionKind.RECOVERY_RETRACTED: (Kind.MISSING, "Missing again: the return did not last."),
    TransitionKind.OUTAGE_CLOSED: (Kind.SEEN, "Confirmed as back: the looks agree."),
    TransitionKind.OUTAGE_RETRACTED: (Kind.NOTED, "Taken back: this was reported, but was no outage."),
    TransitionKind.ACCOUNT_REREGISTERED: (Kind.SEEN, "The handle now belongs to another account: its id differs."),
    TransitionKind.ACCOUNT_RENAMED: (Kind.SEEN, "The account has another handle now."),
    TransitionKind.ACCOUNT_BLIND: (Kind.UNCLEAR, "Nothing can be seen any more: no look says anything."),
    TransitionKind.ACCOUNT_SIGHTED: (Kind.UNCLEAR, "It can be seen again, whether there or missing."),
    TransitionKind.FLAPPING_STARTED: (Kind.UNCLEAR, "It comes and goes."),
    TransitionKind.FLAPPING_STOPPED: (Kind.UNCLEAR, "It comes and goes no more."),
    TransitionKind.ACCOUNT_UNWATCHED: (Kind.UNOBSERVED, "Taken off the watchlist."),
    TransitionKind.ACCOUNT_REWATCHED: (Kind.UNOBSERVED, "Put on the watchlist again."),
    TransitionKind.ACCOUNT_FIRST_SEEN: (Kind.SEEN, "Seen for the first time."),
    TransitionKind.ACCOUNT_APPEARED: (Kind.SEEN, "Seen for the first time."),
    TransitionKind.ACCOUNT_NEVER_SEEN: (Kind.MISSING, "Never seen so far."),
}
ENDED: Final = {
    EndCause.RENAMED: (Kind.SEEN, "Ended: the account is there under another handle."),
    EndCause.REREGISTERED: (Kind.SEEN, "Ended: the handle now belongs to another account."),
    EndCause.UNWATCHED: (Kind.UNOBSERVED, "No longer watched: when it came back, if it did, is not known."),
}
NEWS: Final = {
    NotificationKind.ALERT: "that it was missing",
    NotificationKind.UPDATE: "of a change",
    NotificationKind.REMINDER: "again that it was still missing",
    NotificationKind.ACKNOWLEDGED: "that somebody takes care of it",
    NotificationKind.RESOLVED: "that it was over",
    NotificationKind.CORRECTION: "of a correction or a note",
}
WITHDRAWN: Final = "that nobody takes care of it any more"
TRIED: Final = {
    "delivered": "taken",
    "retry": "failed, to be tried again",
    "gave_up": "given up",
    "resent": "to be sent again, asked for by",
}


def line(text: str) -> str:
    """Foreign text on one line, without controls and without spaces around it."""
    return clean(text).strip()


def quoted(text: str | None, language: str | None) -> Quoted | None:
    """A page's own words; None where there are none."""
    said = cut(line(text or ""), _QUOTE)
    tag = line(language or "") or None
    return Quoted(text=said, tag=tag, language=language_name(tag) if tag else None) if said else None


def said(outage: Outage, place: str) -> str:
    """What the platform answered, as a sentence."""
    return f"{SAID.get(outage.reason, SAID[Reason.UNAVAILABLE]).format(place)}."


def counted(count: int, one: str, many: str) -> str:
    """So many of them."""
    return f"{count} {one if count == 1 else many}"


def listed(words: list[str]) -> str:
    """The words as a sentence lists them."""
    *some, last = words
    return f"{', '.join(some)} and {last}" if some else last


def when(moment: Moment) -> str:
    """The instant; as a span where it is not known to the second."""
    if moment.latest - moment.earliest < timedelta(seconds=1):
        return format_stamp(moment.earliest)
    return format_between(moment.earliest, moment.latest)
