"""The feed as it is written: where its links lead, and that it is one before anything has happened."""

from xml.etree import ElementTree as ET

from tests.unit.store.samples import T0, account, after, closed, outage
from watcher.model.annotation import Annotation
from watcher.record import Names
from watcher.web.pages.feeds import atom
from watcher.web.pages.outages import OutageRow, row_of

ATOM = "{http://www.w3.org/2005/Atom}"


def feed(*rows: OutageRow) -> ET.Element:
    """The feed, read again."""
    base = "https://watcher.example/"
    return ET.fromstring(atom(rows, base=base, query="owner=desk", title="Outages", since=T0, version="1.2.3"))


def test_links_lead_to_where_people_reach_the_pages() -> None:
    """Whole addresses, each with one stroke between the server and the path."""
    row = row_of(closed(outage(), 660), account(), Names(titles={"x": "X"}), ())
    links = [link.get("href") for link in feed(row).iter(f"{ATOM}link")]
    assert links == [
        "https://watcher.example/feeds/outages.atom?owner=desk",
        "https://watcher.example/outages?owner=desk",
        "https://watcher.example/outages/potus-1",
    ]


def test_an_empty_feed_is_one() -> None:
    """Its time is that of the beginning of the run: it does not change with every request."""
    assert feed().findtext(f"{ATOM}updated") == "2017-11-02T23:00:00.000Z"


def test_a_note_makes_an_entry_new() -> None:
    """Its words are in the summary, and its time is that of the entry."""
    over = closed(outage(), 660)
    note = Annotation(outage_id=over.id, at=after(9000), by="desk", cause="human error")
    [entry] = feed(row_of(over, None, Names(), (note,))).iter(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}updated") == "2017-11-03T01:30:00.000Z"
    assert "Noted by desk: human error." in str(entry.findtext(f"{ATOM}summary"))
