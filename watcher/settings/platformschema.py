"""The shape of platform files, of their phrases and of the examples beside them; what all share is in `schema`."""

from typing import Annotated, Self

from pydantic import BeforeValidator, PlainValidator, RootModel, model_validator

from watcher.model.finding import Reason, Verdict
from watcher.model.platform import (
    DEFAULT_PACE,
    NAMES,
    Answers,
    Confidence,
    ControlHandles,
    HandleSyntax,
    Method,
    PhraseClass,
    SourceKind,
)
from watcher.settings import scalars
from watcher.settings.schema import (
    AnswerField,
    AnswerList,
    ByInstance,
    Count,
    Entry,
    Flag,
    Host,
    Line,
    Lines,
    Matches,
    PaceEntry,
    Paragraph,
    Pattern,
    Slug,
    Slugs,
    Text,
    several,
)

_CONTROLS = ControlHandles()


class HandleEntry(Entry):
    """Which handles exist."""

    pattern: Text
    fold: Flag = HandleSyntax(pattern="").fold
    meaning: Line | None = None


class ControlsEntry(Entry):
    """Handles to compare with."""

    present: ByInstance = {}
    absent: Line = _CONTROLS.absent
    length: Count = _CONTROLS.length


class RuleEntry(Entry):
    """What an answer means when all of `when` match and none of `unless` does."""

    id: Slug
    when: Matches
    unless: Matches = {}
    present: Annotated[Reason, PlainValidator(scalars.reason_for(Verdict.PRESENT))] | None = None
    absent: Annotated[Reason, PlainValidator(scalars.reason_for(Verdict.ABSENT))] | None = None
    inconclusive: Annotated[Reason, PlainValidator(scalars.reason_for(Verdict.INCONCLUSIVE))] | None = None

    @property
    def reasons(self) -> dict[Verdict, Reason]:
        """The reasons that were given, by verdict."""
        return _reasons(self.present, self.absent, self.inconclusive)

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if not self.when:
            raise scalars.UnshownError("'when' is empty; name at least one field and its pattern")
        if len(self.reasons) != 1:
            raise scalars.UnshownError("give exactly one of present, absent and inconclusive, with its reason")
        return self


class BatchEntry(Entry):
    """How one request asks about many accounts, and where its answer has each of them."""

    size: Count
    member: Line
    join: Pattern
    items: dict[AnswerList, Lines]
    names: Lines = NAMES
    handles: Text | None = None


class SourceEntry(Entry):
    """One place to ask about an account."""

    name: Slug
    answers: Annotated[Answers, PlainValidator(scalars.choice(Answers))]
    url: Line
    kind: Annotated[SourceKind, PlainValidator(scalars.choice(SourceKind))] = SourceKind.HTTP
    batch: BatchEntry | None = None
    method: Annotated[Method, PlainValidator(scalars.choice(Method))] = Method.GET
    body: dict[Line, Line] = {}
    url_by_id: Line | None = None
    pace: PaceEntry = PaceEntry.model_construct(
        requests=DEFAULT_PACE.requests, per=DEFAULT_PACE.per, concurrency=DEFAULT_PACE.concurrency
    )
    headers: dict[Annotated[str, PlainValidator(scalars.header_name)], Line] = {}
    credential: Slug | None = None
    stable_id: Matches | None = None
    handle: Matches | None = None
    identity: tuple[AnswerField, ...] = ()
    errors: Lines = ()
    wait_for: Lines = ()
    confirms: Flag = True
    enabled: Flag | None = None
    unofficial: Flag = False
    robots: Annotated[str, PlainValidator(scalars.only("disallow"))] | None = None
    similarity: Flag = False
    blind: Flag = False
    rules: list[RuleEntry] = []


class FactEntry(Entry):
    """Something that the platform is said to do, with what was read, when, and how sure it is."""

    fact: Paragraph
    source: Line
    date: Annotated[str, PlainValidator(scalars.month)]
    confidence: Annotated[Confidence, PlainValidator(scalars.choice(Confidence))]


class PlatformFile(Entry):
    """One platform: how its profiles are addressed, where to ask, what the answers mean."""

    platform: Slug
    title: Line
    profile: Line
    handle: HandleEntry
    sources: list[SourceEntry]
    recognise: Lines = ()
    controls: ControlsEntry = ControlsEntry()
    not_handles: Lines = ()
    not_instances: Annotated[tuple[Host, ...], BeforeValidator(several)] = ()
    phrases: Slugs = ()
    decidable: Flag | None = None
    official_api: Paragraph | None = None
    facts: list[FactEntry] = []
    limits: Annotated[tuple[Paragraph, ...], BeforeValidator(several)] = ()
    notes: Text | None = None


class PhrasesFile(
    RootModel[
        dict[
            Annotated[str, PlainValidator(scalars.language)],
            dict[Annotated[PhraseClass, PlainValidator(scalars.choice(PhraseClass))], Lines],
        ]
    ]
):
    """phrases/NAME.yaml: language → class → texts. It has no keys of its own."""


# --- examples beside platform files


class ExampleEntry(Entry):
    """An answer, and what must be made of it."""

    source: Slug
    rule: Slug | None = None
    handle: Line
    instance: Line = ""
    stable_id: Line | None = None
    by_id: Flag = False
    status: Annotated[int, PlainValidator(scalars.status)] = 200
    headers: dict[Annotated[str, PlainValidator(scalars.header_name)], Line] = {}
    final_url: Line | None = None
    body: Annotated[str, PlainValidator(scalars.text)] = ""
    present: Annotated[Reason, PlainValidator(scalars.reason_for(Verdict.PRESENT))] | None = None
    absent: Annotated[Reason, PlainValidator(scalars.reason_for(Verdict.ABSENT))] | None = None
    inconclusive: Annotated[Reason, PlainValidator(scalars.reason_for(Verdict.INCONCLUSIVE))] | None = None

    @property
    def expected(self) -> tuple[Verdict, Reason]:
        """The verdict and the reason that must come of it."""
        return next(iter(_reasons(self.present, self.absent, self.inconclusive).items()))

    @model_validator(mode="after")
    def _expects_one_thing(self) -> Self:
        if len(_reasons(self.present, self.absent, self.inconclusive)) != 1:
            raise scalars.UnshownError("give exactly one of present, absent and inconclusive, with its reason")
        return self


class ExamplesFile(Entry):
    """examples/PLATFORM.yaml: answers that the platform's rules must understand."""

    platform: Slug
    examples: list[ExampleEntry]


def _reasons(present: Reason | None, absent: Reason | None, inconclusive: Reason | None) -> dict[Verdict, Reason]:
    given = {Verdict.PRESENT: present, Verdict.ABSENT: absent, Verdict.INCONCLUSIVE: inconclusive}
    return {verdict: reason for verdict, reason in given.items() if reason is not None}
