"""What a machine can see of a platform with the sources that it may ask, as the platform's file claims. Pure.

Nothing is asked here: whether the claims hold where the program runs is what controls and calibration say.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from watcher.model.finding import Reason, Verdict
from watcher.model.platform import Answers, PhraseClass, Platform, Source

_BY_TEXT: Final = {
    PhraseClass.MISSING: Reason.NOT_FOUND,
    PhraseClass.SUSPENDED: Reason.SUSPENDED,
    PhraseClass.DEACTIVATED: Reason.DEACTIVATED,
    PhraseClass.WITHHELD: Reason.WITHHELD,
    PhraseClass.UNAVAILABLE: Reason.UNAVAILABLE,
}
_ORDER: Final = tuple(Reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visibility:
    """What can be seen of a platform's accounts.

    `deciding` are the sources whose answers tell missing accounts from existing ones, `blind` those that do not,
    `showing` those of both that may call an account present, be it a control, without which no absence is admitted;
    `tells` the reasons of an absence that the rules of the deciding ones name, `by_text` those that only their
    texts do, where a page comes with them.
    """

    deciding: tuple[str, ...]
    blind: tuple[str, ...]
    showing: tuple[str, ...]
    tells: tuple[Reason, ...]
    by_text: tuple[Reason, ...]

    @property
    def is_decidable(self) -> bool:
        """True when an absence can be told at all."""
        return bool(self.deciding)


def visibility(platform: Platform, sources: Iterable[Source] | None = None) -> Visibility:
    """What `sources` (by default all that may be asked) show of the platform's accounts."""
    asked = platform.usable_sources if sources is None else tuple(sources)
    deciding = tuple(source for source in asked if not source.blind)
    ruled = {rule.reason for source in deciding for rule in source.rules if rule.verdict is Verdict.ABSENT}
    if any(source.similarity for source in deciding):
        ruled.add(Reason.UNAVAILABLE)
    spoken: set[Reason] = set()
    if any(source.answers is Answers.HTML for source in deciding):
        spoken = {_BY_TEXT[p.phrase_class] for p in platform.phrases if p.phrase_class in _BY_TEXT}
    return Visibility(
        deciding=tuple(source.name for source in deciding),
        blind=tuple(source.name for source in asked if source.blind),
        showing=tuple(source.name for source in asked if _shows(source)),
        tells=_sorted(ruled),
        by_text=_sorted(spoken - ruled),
    )


def _shows(source: Source) -> bool:
    """True when something in the source may call an account present."""
    is_alike = source.similarity and source.answers is Answers.HTML
    return is_alike or bool(source.identity) or any(rule.verdict is Verdict.PRESENT for rule in source.rules)


def why_blind(platform: Platform) -> str:
    """What to expect where nothing decides, and what would: a part of a sentence, for people."""
    expected = (
        platform.limits[0].removesuffix(".") if platform.limits else "nothing tells a missing account from others"
    )
    otherwise = f"; an official API would give {platform.official_api}" if platform.official_api else ""
    return f"expect blind: {expected}{otherwise}"


def _sorted(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(sorted(set(reasons), key=_ORDER.index))
