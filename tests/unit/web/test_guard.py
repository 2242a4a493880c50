"""Who may ask: host names, origins, and the headers of every answer."""

import pytest

from watcher.settings.values import Secret
from watcher.web.guard import STRICT_HEADERS, HostAllowList, given_refusal, origin_refusal

HOSTS = HostAllowList("127.0.0.1", ("Watcher.Example", "tunnel.example:8080", "2001:db8::1", "not a name"))


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:11102",
        "127.0.0.1",
        "127.0.0.1:9",
        "[::1]",
        "[::1]:11102",
        "LOCALHOST.",
        "localhost.:80",
        "watcher.example",
        "watcher.example:443",
        "tunnel.example:8080",
        "[2001:db8::1]:11102",
    ],
)
def test_own_and_allowed_names_are_let_in(host: str) -> None:
    """The machine's own names, with any port, and what the operator allowed."""
    assert HOSTS.refusal((host,)) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:11102",
        "evil.example:11102",
        "tunnel.example",
        "tunnel.example:8081",
        "localhost:99999999",
        "user@localhost",
        "localhost/",
        "local\thost",
        "[::1",
        "::1",
        "",
        "not a name",
        "127.0.0.1\u0660",
    ],
)
def test_other_names_are_refused_and_the_setting_is_named(host: str) -> None:
    """A page that points its own name at this machine does not get in, and an operator learns what to change."""
    refusal = HOSTS.refusal((host,))
    assert refusal is not None
    assert "web.allow_hosts" in refusal
    assert refusal.isascii()


@pytest.mark.parametrize("hosts", [(), ("localhost", "evil.example")])
def test_exactly_one_host_is_wanted(hosts: tuple[str, ...]) -> None:
    """Neither none nor a choice of two."""
    assert HOSTS.refusal(hosts) == "a request needs exactly one Host header"


def test_listen_address_is_allowed() -> None:
    """The server answers to the address it was told to listen on, IPv6 included."""
    assert HostAllowList("192.0.2.7", ()).refusal(("192.0.2.7:11102",)) is None
    assert HostAllowList("2001:db8::2", ()).refusal(("[2001:db8::2]:11102",)) is None
    assert HostAllowList("192.0.2.7", ()).refusal(("192.0.2.8:11102",)) is not None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "FROBNICATE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://[broken"},
        {"Origin": "file://localhost:11102"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost:11102", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_other_sites_may_change_nothing(method: str, headers: dict[str, str]) -> None:
    """Every method but GET and HEAD is refused to other origins, other ports of this machine included."""
    refusal = origin_refusal(method, {"Host": "localhost:11102", **headers})
    assert refusal is not None
    assert "another site" in refusal


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost:11102"},
        {"Origin": "https://LOCALHOST:11102", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_own_pages_and_programs_are_let_in(headers: dict[str, str]) -> None:
    """A page of this server, and clients that are no browsers, may."""
    assert origin_refusal("POST", {"Host": "localhost:11102", **headers}) is None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_needs_no_origin(method: str) -> None:
    """A link from elsewhere may be followed: no answer can be read by the site it came from."""
    assert origin_refusal(method, {"Host": "localhost", "Sec-Fetch-Site": "cross-site"}) is None


def test_strict_headers_allow_what_comes_from_here_alone() -> None:
    """Style sheets, scripts, pictures and forms of this server, nothing in the page itself, no frame around it."""
    headers = STRICT_HEADERS
    rules = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert rules.pop("default-src") == rules.pop("base-uri") == rules.pop("frame-ancestors") == "'none'"
    assert set(rules) == {"style-src", "script-src", "img-src", "connect-src", "form-action"}
    assert set(rules.values()) == {"'self'"}
    assert headers["Server"] == "watcher"


def test_a_token_in_a_form_is_held_to_the_same() -> None:
    """The field of a form has what the header would have; without a token configured nothing is let in."""
    token = Secret("let me in")
    assert given_refusal(" let me in ", token) is None
    for wrong in ("", "let me", "LET ME IN"):
        refused = given_refusal(wrong, token)
        assert refused is not None
        assert refused[0] == 401
    nothing = given_refusal("let me in", None)
    assert nothing is not None
    assert nothing[0] == 403
    assert "web.token_file" in nothing[1]
