"""How faults are worded."""

from watcher.settings.wording import clipped_key, kind_of, near, one_of, quoted


def test_values_are_quoted_cut_and_harmless() -> None:
    """A hostile value can neither flood nor repaint the terminal."""
    assert quoted("a\x1b[31mb\u202e\n") == r"'a\x1b[31mb\u202e '"
    assert quoted("x" * 100) == f"'{'x' * 60}…'"


def test_keys_end_at_the_first_space() -> None:
    """A forgotten colon does not print the secret behind it."""
    assert clipped_key("webhook_url https://secret") == "webhook_url…"
    assert clipped_key("k" * 50) == "k" * 40 + "…"
    assert clipped_key(" ") == "…"


def test_what_cannot_be_seen_is_spelt_out() -> None:
    """Else a word would be told to be written as it seems to stand there already."""
    assert quoted("warning\u200b") == r"'warning\u200b'"
    assert quoted("30s\u00a0") == r"'30s\xa0'"
    assert clipped_key("severity\u200b") == r"severity\u200b"
    assert clipped_key("a\u200b secret") == r"a\u200b…"
    assert kind_of("-\u00a0url") == "text, in which U+00A0 is NO-BREAK SPACE, which cannot be seen"
    assert kind_of({"-\u00a0url": "x"}) == "a mapping, in which U+00A0 is NO-BREAK SPACE, which cannot be seen"


def test_the_nearest_word_is_offered_else_all() -> None:
    """Capitals do not keep a word from being recognised."""
    assert near("INTERVALL", ["interval", "url"]) == "did you mean 'interval'?"
    assert near("zzz", ["b", "a"]) == "write b or a"
    assert near("zzz", []) == "there is none"


def test_many_choices_are_cut_short() -> None:
    """A list of choices stays on the line."""
    assert one_of(["a"]) == "a"
    assert one_of("abc") == "one of a, b, c"
    assert one_of([str(n) for n in range(20)]).endswith("11, …")


def test_kinds_have_plain_names() -> None:
    """No Python type is ever shown."""
    values: list[object] = [{}, [], (), None, "x"]
    assert [kind_of(value) for value in values] == ["a mapping", "a list", "a list", "nothing", "text"]
