"""What a notification says, as things are at the moment of sending.

The texts claim no more than was seen: ABSENT means that a logged-out visitor no longer sees the profile. All text is
cleaned of control characters here, and escaped by the channel, each for its medium.
"""

from dataclasses import replace
from typing import Final

import structlog

from watcher.model.account import Severity, louder
from watcher.model.notification import IncidentKind, Message, NotificationKind
from watcher.notify.alerts import alerts_of
from watcher.notify.terms import template_of, terms_of
from watcher.notify.texts import FEW, Texts, TextsError, texts_of
from watcher.notify.view import View
from watcher.text import clean, cut

_LONG: Final = 1000
_HEADLINE: Final = 300


def render(view: View, texts: Texts | None = None) -> Message:
    """What to say of `view`, to people and to programs: the news, or the whole story when it is already over.

    A template of the operator's that fails is logged, and ours stands in for it: an alert must not be lost by a text.
    """
    texts = texts or texts_of()
    try:
        return written(view, texts)
    except TextsError as error:
        if texts.folder is None:
            raise
        structlog.get_logger("watcher.notify").error("a template failed; the default is sent", error=str(error))
        return written(view, texts_of(texts.language, most=texts.most))


def written(view: View, texts: Texts) -> Message:
    """The message as these templates say it. Raises TextsError."""
    view = _weighed(view)
    told = _told(view)
    terms = terms_of(view, texts.locale)
    said, quote = texts.say(template_of(view), {**terms, "told_as": str(told), "most": texts.most}), terms["quote"]
    return _bounded(
        Message(
            headline=said.headline,
            sentences=said.sentences,
            severity=view.incident.severity,
            kind=told,
            dedup_key=clean(view.dedup_key),
            facts=said.facts,
            quote=replace(quote, intro=said.quote) if quote is not None else None,
            links=said.links,
            incident_id=clean(view.incident.id),
            subject=said.subject,
            footer=said.footer,
            language=texts.language,
            recipients=view.recipients,
            timezone=view.timezone,
            alerts=alerts_of(view),
        ),
        _LONG * max(1, texts.most // FEW),
    )


def _bounded(message: Message, longest: int) -> Message:
    return replace(
        message,
        headline=cut(message.headline, _HEADLINE),
        subject=cut(message.subject, _HEADLINE),
        sentences=tuple(cut(sentence, 2 * longest) for sentence in message.sentences),
        facts=tuple((label, cut(value, longest)) for label, value in message.facts),
    )


def _weighed(view: View) -> View:
    """What tells of many is as severe as the worst of them."""
    if view.incident.kind not in (IncidentKind.GROUP, IncidentKind.COHORT) or view.outage is not None:
        return view
    worst = louder(*(outage.severity_then for outage in view.outages)) if view.outages else Severity.WARNING
    return replace(view, incident=replace(view.incident, severity=worst))


def _told(view: View) -> NotificationKind:
    # A notice or a digest is closed when it is opened: it stays the alert that it is.
    if view.incident.kind in (IncidentKind.NOTICE, IncidentKind.DIGEST) or view.kind is NotificationKind.CORRECTION:
        return view.kind
    if view.is_over:
        return NotificationKind.RESOLVED
    return NotificationKind.UPDATE if view.kind is NotificationKind.RESOLVED else view.kind
