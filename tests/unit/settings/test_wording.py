"""How faults are worded."""

from watcher.settings.wording import clipped_key, kind_of, near, one_of, quoted


def test_values_are_quoted_cut_and_harmless() -> None:
    """A hostile value can neither flood nor repaint the terminal."""
    assert quoted("a\x1b[31mb\u202e") == "'a[31mb'"
    assert quoted("x" * 100) == f"'{'x' * 60}…'"


def test_keys_end_at_the_first_space() -> None:
    """A forgotten colon does not print the secret behind it."""
    assert clipped_key("webhook_url https://secret") == "webhook_url…"
    assert clipped_key("k" * 50) == "k" * 40 + "…"
    assert clipped_key(" ") == "…"


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
