"""How alike two pages are once names and numbers are masked."""

import pytest

from tests.unit.classify.story import ALICE, PHRASES, field, html_source, page, profile
from watcher.classify.phrases import MOST_COMPARED, normalise, search, table_of
from watcher.classify.similarity import features, is_echoed, is_nobodys, likeness, naming, similarity, words_of
from watcher.model.control import Features, References
from watcher.model.exchange import Target
from watcher.model.platform import Source

SOURCE: Source = html_source()
TABLE = table_of(PHRASES)


def made(*words: str, status: int = 200, fields: dict[str, str] | None = None) -> Features:
    return Features(status=status, tokens=frozenset(words), fields=fields or {})


def page_of(words: str, *, status: int = 200) -> Features:
    return made(*words.split(), status=status)


def read(body: str, handle: str = "alice", *, status: int = 200) -> Features:
    return features(page(body, status=status), SOURCE, Target(handle=handle, instance=""))


def test_names_and_numbers_are_masked() -> None:
    """What differs between two accounts only by handle, figures and hashes has the same features."""
    one = read("<title>Alice!</title><p>@alice has 12 posts<p>id 0123456789abcdef0123", status=404)
    assert one == read("<title>BOB!</title><p>@bob has 3,456 posts<p>id fedcba98765432100000", "bob", status=404)
    assert one == Features(status=404, tokens=frozenset({"{h}", "has", "{x}", "posts", "id"}), fields={"title": "{h}!"})


def test_a_short_handle_is_masked_as_a_word_only() -> None:
    """It does not tear other words apart."""
    assert read("<p>un, until @un: sun-un", "un").tokens == {"{h}", "until", "sun", "un"}


@pytest.mark.parametrize("handle", ["ışık", "İbrahim", "jose\u0301", "a\u2011b"])
def test_a_handle_that_is_written_in_other_ways_is_masked(handle: str) -> None:
    """Text is folded before it is searched, and so is the handle."""
    assert read(f"<p>{handle} writes", handle).tokens == {"{h}", "writes"}


def test_identity_fields_are_masked() -> None:
    """The first value of each that the page has."""
    assert read(profile()).fields == {
        "canonical": "https://site.example/{h}",
        "meta:og:title": "@{h}",
        "title": "{h} (@{h})",
    }


def test_long_pages() -> None:
    """No more words are taken than tell pages apart."""
    letters = "abcdefghijklmnop"
    words = [a + b + c + d for a in letters for b in letters for c in letters for d in letters]
    blocks = (" ".join(words[at : at + 50]) for at in range(0, len(words), 50))
    assert 1_000 < len(read("<p>".join(blocks)).tokens) <= 1_050


def test_letters_that_are_many_once_they_are_compared_are_soon_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """U+FDFA is eighteen letters: a page of it is read up to a bound, for the loop waits meanwhile."""
    gone_through: list[str] = []

    def counted(text: str) -> str:
        gone_through.append(text)
        return normalise(text)

    monkeypatch.setattr("watcher.classify.similarity.normalise", counted)
    monkeypatch.setattr("watcher.classify.phrases.normalise", counted)
    block = "\ufdfa" * 500
    read(f"<p>{block}</p>" * 600)
    assert sum(len(normalise(text)) for text in gone_through) < 2 * MOST_COMPARED
    gone_through.clear()
    search(TABLE, (block,) * 500)
    assert sum(len(normalise(text)) for text in gone_through) < 2 * MOST_COMPARED


@pytest.mark.parametrize(
    ("handle", "text", "named"),
    [
        ("alice", "Alice (@ALICE) | Site", True),
        ("Alice", "https://site.example/alice?x", True),
        ("alice", "https://alice.example/", True),
        ("alice", "alice's page", True),
        ("alice", "malice", False),
        ("alice", "alice2", False),
        ("alice", "alice_b", False),
        ("alice", "alice-b", False),
        ("alice", "b-alice", False),
        ("a.c", "abc", False),
        ("élan", "Élan!", True),
    ],
)
def test_naming(handle: str, text: str, named: bool) -> None:
    """A handle is named where it stands as a word of its own."""
    assert (naming(handle).search(text.casefold()) is not None) is named


def test_an_echo() -> None:
    """A field that a handle that does not exist has too, but for the handle, says nothing of the account."""
    canonical = field("canonical")
    echo = References(negatives=(made(), made(fields={"canonical": "https://site.example/{h}"})))
    assert is_echoed(canonical, "https://Site.example/Alice", ALICE, echo)
    assert not is_echoed(canonical, "https://site.example/users/alice", ALICE, echo)
    assert not is_echoed(field("title"), "https://site.example/alice", ALICE, echo)
    assert not is_echoed(canonical, "https://site.example/alice", ALICE, References(negatives=(made(),)))


@pytest.mark.parametrize("handle", ["site", "example", "https", "h"])
def test_an_echo_of_a_handle_that_is_in_every_address(handle: str) -> None:
    """The platform's own account, say: the echo is an echo all the same."""
    echo = References(negatives=(made(fields={"canonical": "https://site.example/{h}"}),))
    asked = Target(handle=handle, instance="")
    assert is_echoed(field("canonical"), f"https://site.example/{handle}", asked, echo)


def test_similarity() -> None:
    """The share of words in common, and the status: from 0 to 1."""
    assert similarity(made("a", "b"), made("a", "b")) == pytest.approx(1)
    assert similarity(made("a", "b"), made("c")) == pytest.approx(0.3)
    assert similarity(made("a", "b"), made("b", "c")) == pytest.approx(0.7 / 3 + 0.3)
    assert similarity(made("a"), made("b", status=404)) == 0
    assert similarity(made(), made()) == pytest.approx(1)
    assert similarity(made(), made("a")) == pytest.approx(0.3)


def test_words_of_a_line() -> None:
    """As they stand among the features."""
    assert words_of("Alice has 12 posts!", ALICE) == ["{h}", "has", "{x}", "posts"]


@pytest.mark.parametrize(
    ("words", "nobodys"),
    [
        (("said", "home", "search"), True),
        (("said", "home", "other"), True),
        (("said",), True),
        (("said", "home", "other", "words"), False),
        (("said", "joined", "followers"), False),
        (("said", "home", "joined", "followers"), False),
    ],
)
def test_whose_page_it_is_but_for_a_line(words: tuple[str, ...], nobodys: bool) -> None:
    """What is left of it must be mostly of the pages of nobody, and no less than of those of somebody."""
    known = References(positives=(made("home", "joined", "followers"),), negatives=(made("home", "search", "gone"),))
    assert is_nobodys(made(*words), frozenset({"said"}), known) is nobodys
    assert not is_nobodys(made(*words), frozenset({"said"}), References(negatives=known.negatives))
    assert not is_nobodys(made(*words), frozenset({"said"}), References(positives=known.positives))


GONE = page_of("sorry nobody is here", status=404)
ABSENT = page_of("site home search sorry nobody here")
PROFILE = page_of("site home posts followers joined {h} bob sings ships and songs")
OTHER = page_of("site home posts followers joined {h} ann paints boats at dawn daily")
OWN = page_of("site home posts followers joined carl writes about tides and ferries")


@pytest.mark.parametrize(
    ("shown", "positives", "negatives", "exists"),
    [
        (GONE, (PROFILE,), (GONE,), False),
        (ABSENT, (PROFILE, OTHER), (ABSENT,), False),
        (ABSENT, (PROFILE,), (GONE, ABSENT), False),
        (PROFILE, (OTHER,), (ABSENT,), None),
        (PROFILE, (PROFILE,), (ABSENT,), True),
        (made(*OTHER.tokens, "new"), (PROFILE, OTHER), (ABSENT,), True),
        (made(*OWN.tokens, "today", "again"), (PROFILE, OTHER, OWN), (ABSENT,), True),
        # Nobody's, for it names the account or still has its words, and so does not look as nobody's do.
        (made(*ABSENT.tokens, "{h}"), (PROFILE,), (ABSENT,), None),
        # It has the frame of an account's page, and nothing of the account's own.
        (page_of("site home posts followers joined account is suspended"), (PROFILE, OWN), (GONE,), None),
        # The status of an account's page is all that it has.
        (page_of("account suspended terms"), (PROFILE,), (GONE,), None),
        # Like neither, and less like one.
        (page_of("welcome to our hotel please pay"), (PROFILE,), (GONE,), None),
        # Next to nothing to read.
        (made("site"), (PROFILE,), (made("site"),), None),
        # An echo of the handle is none of the account's.
        (made(*OTHER.tokens, "new"), (PROFILE,), (made(*ABSENT.tokens, "{h}"),), None),
        # The references look alike.
        (GONE, (PROFILE, GONE), (GONE,), None),
        (ABSENT, (PROFILE,), (), None),
        (ABSENT, (), (ABSENT,), None),
    ],
)
def test_likeness(
    shown: Features, positives: tuple[Features, ...], negatives: tuple[Features, ...], exists: bool | None
) -> None:
    """Like nobody's, like somebody's, or neither: never a guess."""
    found = likeness(shown, References(positives=positives, negatives=negatives))
    assert (None if found is None else found.exists) is exists


FRAME = "home explore trending music sports politics about help terms privacy cookies careers press blog contact"


@pytest.mark.parametrize(
    "said", ["this profile is private", "check your age", "you ask too often", "log in please", "something went wrong"]
)
def test_the_frame_of_a_site_makes_no_page_that_of_nobody(said: str) -> None:
    """Menus and footers stand around every page: what stands between them must be what nobody's page says there."""
    nobody = page_of(f"{FRAME} sorry nobody is here")
    bob, ann = (made(*FRAME.split(), "{h}", *(f"{letter}{word}" for word in "abcdefghijklmnopqrst")) for letter in "bn")
    known = References(positives=(bob, ann), negatives=(nobody,))
    assert likeness(page_of(f"{FRAME} {said}"), known) is None
    found = likeness(page_of(f"{FRAME} sorry nobody is here today"), known)
    assert found is not None
    assert not found.exists


def test_the_margin_is_told() -> None:
    """Positive for pages of nobody."""
    known = References(positives=(PROFILE,), negatives=(GONE,))
    nobody, somebody = likeness(GONE, known), likeness(PROFILE, known)
    assert nobody is not None
    assert somebody is not None
    assert nobody.margin == pytest.approx(1)
    assert somebody.margin == pytest.approx(-1)


def test_a_long_page_that_has_hardly_changed_is_the_same_account_s() -> None:
    """The only account that is known to exist, looked at again."""
    words = [f"{a}{b}" for a in "abcdefg" for b in "hijklmn"]
    before, later = made(*words, "old"), made(*words, "new")
    assert likeness(later, References(positives=(before,), negatives=(ABSENT,))) is not None
    assert likeness(made(*words[:10], "new"), References(positives=(made(*words[:10]),), negatives=(ABSENT,))) is None


def test_what_two_accounts_show_alike_is_nobodys() -> None:
    """An error page that the controls were given too is no page of the account's, though its own was another before."""
    one, other, shown = (page_of("error something went wrong try again") for _ in range(3))
    assert likeness(shown, References(positives=(one, other, PROFILE), negatives=(ABSENT,))) is None


def test_no_page_is_like_both() -> None:
    """What is a missing page beside some references is no account's beside the same ones turned round."""
    for looked_at in (GONE, ABSENT, PROFILE, OTHER):
        one = likeness(looked_at, References(positives=(PROFILE,), negatives=(ABSENT,)))
        other = likeness(looked_at, References(positives=(ABSENT,), negatives=(PROFILE,)))
        assert one is None or other is None or one.exists is not other.exists
