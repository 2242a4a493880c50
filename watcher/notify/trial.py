"""Templates of the operator's tried out, before anybody is told through them."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from watcher.model.errors import ConfigError, Fault
from watcher.notify.render import written
from watcher.notify.samples import SAMPLES
from watcher.notify.texts import FEW, MANY, TEMPLATES, Texts, TextsError, texts_of
from watcher.notify.texts.texts import SHARED
from watcher.settings.values import ChannelSettings, EmailChannel, TextSettings


def texts_for(channel: ChannelSettings | None) -> Texts:
    """The texts that the channel's readers get; those of no channel, or of one to programs: the default."""
    settings: TextSettings = getattr(channel, "texts", TextSettings())
    return texts_of(str(settings.language), settings.templates, MANY if isinstance(channel, EmailChannel) else FEW)


def try_out(channels: Iterable[ChannelSettings]) -> None:
    """Have each channel's own templates say all that there may be to say. Raises ConfigError with every fault."""
    faults = [fault for texts in dict.fromkeys(map(texts_for, channels)) for fault in faults_of(texts)]
    if faults:
        raise ConfigError(list(dict.fromkeys(faults)))


def faults_of(texts: Texts) -> Iterator[Fault]:
    """What is wrong with the templates in the folder: no template of ours has that name, or it says nothing."""
    known = (*TEMPLATES, *SHARED)
    for path in texts.own:
        if path.stem not in known:
            near = get_close_matches(path.stem, known, 1)
            hint = f"did you mean {near[0]}.j2?" if near else f"known are {', '.join(known)}"
            yield Fault(file=str(path), line=1, column=1, path="", message=f"is no template; {hint}")
    for name in TEMPLATES if texts.own else ():
        for what, view in SAMPLES[name]:
            try:
                written(view, texts)
            except TextsError as error:
                why = f"{error.why} (tried: {name}, {what})"
                yield Fault(file=error.file, line=max(1, error.line), column=1, path="", message=why)
                break
