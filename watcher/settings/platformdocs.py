"""docs/platforms.md, made from the shipped platform files: `python -m watcher.settings.platformdocs > FILE`.

Everything in it is said by a platform file; what is missing there is added there. Pure, but for the last lines.
"""

import sys
from collections.abc import Iterable, Iterator
from typing import Final

from watcher.model.platform import Platform, Source
from watcher.settings.load import load_platforms
from watcher.settings.visibility import Visibility, visibility
from watcher.settings.weburl import GENERIC

_HEAD: Final = """\
# Platforms

What watcher knows of each platform, from the files in `watcher/platforms/`. This page is made from them by `make docs`;
to change it, change them. Platforms change without notice: what is written here was read, not tried, and is believed by
the program only as far as its controls bear it out where it runs. `watcher check` says what this machine can see.

*Decidable* means that a logged-out visitor without credentials can tell a missing account from an existing one. A
source that is *blind* is asked all the same where it may be, and what it says needs controls like any other; expect
nothing of it.
"""
_COLUMNS: Final = ("platform", "decidable", "sources, in order", "needs", "told apart", "limits")


def document(platforms: Iterable[Platform]) -> str:
    """The whole page."""
    ordered = sorted(platforms, key=lambda platform: (platform.id == GENERIC, platform.title.casefold(), platform.id))
    rows = [_COLUMNS, ("---",) * len(_COLUMNS), *(_row(platform) for platform in ordered)]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join((_HEAD, table, *("\n".join(_section(platform)) for platform in ordered))) + "\n"


def _row(platform: Platform) -> tuple[str, ...]:
    seen = visibility(platform, platform.sources)
    needed = "; ".join(dict.fromkeys(need for source in platform.sources if (need := _need(source))))
    return (
        f"[{platform.title}](#{_anchor(platform)})",
        "yes" if platform.decidable else "no",
        ", ".join(f"`{source.name}`" for source in platform.sources),
        ("nothing" + (f"; says more with {needed}" if needed else "")) if platform.decidable else needed or "(no help)",
        _told(seen),
        _cell(platform.limits[0]) if platform.limits else "",
    )


def _section(platform: Platform) -> Iterator[str]:
    yield f"\n## {_heading(platform)}\n"
    yield f"`{platform.id}`: {_cell(platform.profile)}\n" if platform.id != GENERIC else "`generic`: any other page.\n"
    if platform.official_api:
        yield f"Not decidable logged out. An official API would give {platform.official_api}.\n"
    yield from (_source(source) for source in platform.sources)
    yield ""
    yield from (_fact(platform))
    if platform.limits:
        yield "\nLimits:\n"
        yield from (f"- {_sentence(limit)}" for limit in platform.limits)
    if platform.phrases:
        languages = dict.fromkeys(phrase.language for phrase in platform.phrases)
        yield f"\nTexts are known in {len(languages)} language{'s' * (len(languages) > 1)}: {', '.join(languages)}."
    present = [handle for handles in platform.controls.present.values() for handle in handles]
    if present:
        yield f"\nCompared with {', '.join(f'`{handle}`' for handle in present)}, and with handles that cannot exist."
    if platform.notes:
        yield f"\n{platform.notes}"


def _source(source: Source) -> str:
    marks = [str(source.kind)] if source.kind != "http" else []
    marks += [str(source.answers)]
    marks += [f"{source.pace.requests} requests in {int(source.pace.per.total_seconds())} s"]
    marks += ["blind"] if source.blind else []
    marks += ["unofficial"] if source.unofficial else []
    marks += ["confirms nothing"] if not source.confirms else []
    need = f"; needs {_need(source)}" if _need(source) else ""
    return f"- `{source.name}` ({', '.join(marks)}{need}): `{source.url}`"


def _fact(platform: Platform) -> Iterator[str]:
    for fact in platform.facts:
        yield f"- {_ended(fact.text)} *({fact.source}; {fact.date}; {fact.confidence} confidence)*"


def _need(source: Source) -> str:
    """What the operator must do before the source is asked."""
    needs = [f"credential `{source.credential}`"] if source.credential is not None else []
    needs += ["`enabled: true`"] if not source.enabled else []
    needs += ["`robots: override`"] if source.robots_disallow else []
    return " and ".join(needs)


def _told(seen: Visibility) -> str:
    told = ", ".join(reason.replace("_", " ") for reason in seen.tells)
    by_text = ", ".join(reason.replace("_", " ") for reason in seen.by_text)
    if by_text:
        return f"{told}; {by_text} where the page comes with its text"
    return told or "nothing"


def _heading(platform: Platform) -> str:
    return f"{platform.title} ({platform.id})"


def _anchor(platform: Platform) -> str:
    kept = (c for c in _heading(platform).lower() if c.isalnum() or c in " -_")
    return "".join(kept).replace(" ", "-")


def _ended(text: str) -> str:
    return text + ("" if text.endswith((".", "…", "!", "?")) else ".")


def _sentence(text: str) -> str:
    return _ended(text[:1].upper() + text[1:])


def _cell(text: str) -> str:
    return _sentence(text).replace("|", "\\|") if "://" not in text else f"<{text}>" if "{" not in text else f"`{text}`"


if __name__ == "__main__":
    sys.stdout.write(document(load_platforms(None).values()))
