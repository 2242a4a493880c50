"""What is kept of accounts' own pages, and for whom."""

from dataclasses import replace

from tests.unit.classify.story import ALICE, NOBODY, exchange, html_source, profile, references_of, response
from watcher.classify import Classified, classify
from watcher.look.baselines import Baselines
from watcher.model.control import References
from watcher.model.exchange import Exchange, Target
from watcher.model.platform import Source

COMPARED = html_source(similarity=True)
KNOWN = references_of(COMPARED)


def seen(source: Source = COMPARED, target: Target = ALICE, body: str | None = None) -> tuple[Exchange, Classified]:
    """A look at the account's page."""
    asked = exchange(response(body or profile()), source, target=target)
    return asked, classify(asked, KNOWN)


def test_the_page_of_an_account_that_is_there() -> None:
    """It stands among those of accounts that exist from then on, the latest only."""
    baselines = Baselines()
    for bio in ("I write.", "I sing."):
        asked, classified = seen(body=profile(bio=bio))
        assert classified.finding.is_present
        baselines.note(asked.task, classified, classified.finding)
        assert classified.features is not None
        assert baselines.beside(KNOWN, asked.task) == replace(KNOWN, positives=(*KNOWN.positives, classified.features))


def test_for_whom_nothing_is_kept() -> None:
    """Controls, sources that do not compare, and what the gate did not take for a presence."""
    baselines = Baselines()
    for source, target in ((html_source(), ALICE), (COMPARED, NOBODY), (COMPARED, replace(ALICE, account_id=None))):
        asked, classified = seen(source, target)
        baselines.note(asked.task, classified, classified.finding)
    asked, classified = seen()
    wall = classify(exchange(response("", status=429), COMPARED)).finding
    baselines.note(asked.task, classified, wall)
    assert baselines.beside(References(), asked.task) == References()


def test_what_is_not_watched_any_more_is_forgotten() -> None:
    """With the account's next appearance it begins anew."""
    baselines = Baselines()
    asked, classified = seen()
    baselines.note(asked.task, classified, classified.finding)
    baselines.keep({"site:alice"})
    assert baselines.beside(References(), asked.task) != References()
    baselines.keep({"site:bob"})
    assert baselines.beside(References(), asked.task) == References()
