"""Pages and documents made to take long: each gives one with about `n` of something that readers stumble over."""

from collections.abc import Callable
from typing import Final


def nested(tag: str) -> Callable[[int], str]:
    """That many open elements within one another."""
    return lambda n: f"<{tag}>" * n


HOSTILE: Final[dict[str, Callable[[int], str]]] = {
    "nested elements": nested("div"),
    "nested headings": nested("h1"),
    "nested hidden elements": nested("div hidden"),
    "nested error containers": nested("div class=error"),
    "nested list items": lambda n: "<li hidden>" + "<ul><li>" * n,
    "closing nothing": nested("/div"),
    "words that tags may hold": lambda n: "<p>a <meta name=a content=b>" + "refresh " * n,
    "errors": lambda n: "<div class=error>a</div>" * n,
    "headings": lambda n: "<h1>Account suspend</h1>" * n,
    "attributes": lambda n: "<div " + "a=b " * n + ">",
    "attributes without values": lambda n: "<div " + "a " * n,
    "attribute names": lambda n: "<div " + "a" * n,
    "equal signs": lambda n: "<div " + "=" * n,
    "equal signs and spaces": lambda n: "<div a" + " =" * n,
    "spaces": lambda n: "<div a" + " " * n,
    "slashes": lambda n: "<div " + "/" * n,
    "quotes": lambda n: "<div a=" + "\"'" * n,
    "open quotes": lambda n: "<p a='>\"" * n,
    "other open quotes": lambda n: "<p a=\"b'>" * n,
    "open tags": lambda n: "<a b " * n,
    "tags in tags": lambda n: "<a" * n,
    "less-than signs": lambda n: "<" * n,
    "spaced less-than signs": lambda n: "< " * n,
    "open comments": lambda n: "<!--" * n,
    "comments": lambda n: "<!-->" * n,
    "almost closed comments": lambda n: "<!--" + "-- >" * n,
    "dashes": lambda n: "<!--" + "-" * n,
    "doctypes": lambda n: "<!" * n,
    "open end tags": lambda n: "</a " * n,
    "scripts": lambda n: "<script>" * n,
    "almost closed scripts": lambda n: "<script>" + "</scrip" * n,
    "closed scripts": lambda n: "<script></script>" * n,
    "titles": lambda n: "<title>" + "</titl" * n,
    "entities": lambda n: "<h1>" + "&amp;" * n,
    "almost entities": lambda n: "<h1>" + "&" * n,
    "long entities": lambda n: "<h1>" + "&" + "a" * n,
    "numbers": lambda n: "<h1>&#" + "9" * n,
    "one line": lambda n: "<h1>" + "a" * n,
    "one line of markup": lambda n: "<h1>" + "<b> " * n,
    "white space": lambda n: "<p>" + " \n" * n,
    "combining marks": lambda n: "<h1>a" + "\u0316\u0301" * n,
    "digits and letters": lambda n: "<p>" + "0a" * n,
    "metas": lambda n: "".join(f"<meta name={i} content=x>" for i in range(n)),
    "JSON-LD": lambda n: '<script type="application/ld+json">[1]</script>' * n,
    "deep JSON-LD": lambda n: '<script type="application/ld+json">' + "[" * n + "</script>",
    "styles": lambda n: "<p style='" + "display " * n + "'>",
    "classes": lambda n: "<p class='error " + "a " * n + "'>",
    "inline elements": lambda n: "a<b>b</b>" * n,
    "repeated phrases": lambda n: "<h1>This account doesn’t exis</h1>" * n,
    "bidi marks": lambda n: "<h1>" + "\u202e\u200f" * n,
    "role words": lambda n: "heading error alert " * n,
    "role words in a tag": lambda n: "<p title='" + "heading " * n + "'>",
    "role words in tags": lambda n: "<i title=heading>" * n,
    "dull tags": lambda n: '<a href="/x" class="y">z</a>' * n,
    "almost dull tags": lambda n: '<a href="/x" class=\'y">' * n,
    "hidden in hidden": lambda n: "<div hidden>" + "<svg><div>" * n,
    "plain scripts": lambda n: "<script>a<b</script><style>a</style>" * n,
    "canonical links": lambda n: "<link rel=canonical>" * n,
    "metas without content": lambda n: '<meta property="og:title">' * n,
    "one meta": lambda n: '<meta property="' + "og:title " * n + '" content="x">',
    "refreshes": lambda n: '<meta http-equiv="refresh" content="' + " ;" * n + '">',
    "metas of many attributes": lambda n: ("<meta og:title og:url robots" + " a" * 200 + ">") * (n // 50),
    "headings of many attributes": lambda n: ("<i title=heading" + " a" * 200 + ">") * (n // 50),
    "scripts of many attributes": lambda n: ("<script id=ld+json" + " a" * 200 + ">1</script>") * (n // 50),
    "hidden icons": lambda n: "<svg><path d='M0'/></svg>" * n,
}
DOCUMENTS: Final[dict[str, Callable[[int], str]]] = {
    "deep lists": lambda n: "[" * n,
    "deep objects": lambda n: '{"a":' * n,
    "closed lists": lambda n: "[" * n + "]" * n,
    "long number": lambda n: "9" * n,
    "many numbers": lambda n: "[" + "9" * 4_000 + (",1" * n) + "]",
    "long text": lambda n: '{"error":{"message":"' + "ab" * n + '"}}',
    "escapes": lambda n: '{"id":"' + "\\ud800" * n + '"}',
    "equal keys": lambda n: "{" + '"a":1,' * n + '"a":2}',
    "many keys": lambda n: "{" + "".join(f'"{i}":1,' for i in range(n)) + '"a":2}',
}
BATCHES: Final[dict[str, Callable[[int], str]]] = {
    "empty items": lambda n: '{"items":[' + "{}," * n + "{}]}",
    "items by key": lambda n: '{"items":{' + "".join(f'"{i:07}":{{}},' for i in range(n)) + '"a":{}}}',
}
"""Answers to batches, whose list is `items`."""
