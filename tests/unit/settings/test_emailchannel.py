"""What a channel of kind email may say."""

from pathlib import Path

import pytest
import trustme

from tests.unit.settings.samples import configure, faults
from watcher.settings import mailbox
from watcher.settings.load import load_settings
from watcher.settings.values import EmailChannel, Mailbox, Secret, Tls

SENDER = Mailbox(local="watcher", domain="newsroom.example", name="watcher")
DESK = Mailbox(local="desk", domain="newsroom.example")
FROM_TO = "from: watcher <watcher@newsroom.example>, to: desk@newsroom.example"


def channel(tmp_path: Path, entry: str, env: dict[str, str] | None = None) -> EmailChannel:
    """The one channel that is made of an entry."""
    text = f"channels:\n  - {{name: desk, kind: email, {entry}}}\n"
    [found] = load_settings(configure(tmp_path, watcher=text), env or {}).channels
    assert isinstance(found, EmailChannel)
    return found


def refused(tmp_path: Path, entry: str) -> list[str]:
    """What is wrong with an entry, without line and column."""
    text = f"channels:\n  - {{name: desk, kind: email, {entry}}}\n"
    return [fault.split(": ", 1)[1] for fault in faults(configure(tmp_path, watcher=text))]


def test_the_least_that_must_be_said(tmp_path: Path) -> None:
    """A host, a sender and somebody to tell; encrypted by default."""
    assert channel(tmp_path, f"host: smtp.example, {FROM_TO}") == EmailChannel(
        name="desk", host="smtp.example", port=587, tls=Tls.STARTTLS, sender=SENDER, to=(DESK,)
    )


def test_all_that_can_be_said(tmp_path: Path) -> None:
    """The password comes from the environment or from a file; paths lie beside the settings."""
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    (tmp_path / "password").write_text("s3cret\n")
    rest = f"host: smtp.example, port: 2525, tls: implicit, username: watcher, ca_file: ca.pem, {FROM_TO}"
    expected = EmailChannel(
        name="desk",
        host="smtp.example",
        port=2525,
        tls=Tls.IMPLICIT,
        sender=SENDER,
        to=(DESK,),
        username="watcher",
        password=Secret("s3cret"),
        ca_file=tmp_path / "ca.pem",
    )
    assert channel(tmp_path, f'password: "${{PW}}", {rest}', {"PW": "s3cret"}) == expected
    found = channel(tmp_path, f"password_file: password, {rest}")
    assert found == expected
    assert "s3cret" not in repr(found)


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("implicit", 465), ("none", 25)])
def test_each_kind_of_encryption_has_its_port(tmp_path: Path, tls: str, port: int) -> None:
    """Those that the registry of ports gives to them."""
    assert channel(tmp_path, f"host: smtp.example, tls: {tls}, {FROM_TO}").port == port


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", '"[::1]"'])
def test_in_the_clear_a_password_stays_on_this_machine(tmp_path: Path, host: str) -> None:
    """To a relay here it may be sent without TLS."""
    found = channel(tmp_path, f"host: {host}, tls: none, username: u, password: p, {FROM_TO}")
    assert found.password == Secret("p")


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        (f"host: smtp.example, tls: none, username: u, password: s3cret, {FROM_TO}",
         ["channels[0].tls: 'none' would send the password in the clear to smtp.example; write starttls or implicit"]),
        (f"host: smtp.example, username: u, {FROM_TO}",
         ["channels[0]: username without password; give both, or neither where the server wants no log-in"]),
        (f"host: smtp.example, password: s3cret, {FROM_TO}",
         ["channels[0]: password without username; give both, or neither where the server wants no log-in"]),
        (f"host: smtp.example, username: u, password: s3cret, password_file: s3cret, {FROM_TO}",
         ["channels[0].password_file: password is given twice; keep password or password_file"]),
        (f"host: smtp.example, username: u, password_file: s3cret, {FROM_TO}",
         ["channels[0].password_file: names a file that does not exist; create it (paths begin beside"]),
        (f"host: smtp.example, tls: ssl, {FROM_TO}",
         ["channels[0].tls: 'ssl' is unknown; write one of starttls, implicit, none"]),
        (f"host: 'smtp.example:587', {FROM_TO}",
         ["channels[0].host: 'smtp.example:587' has a port in it; write smtp.example, and the port as"]),
        (f"host: smtp.example, port: 70000, {FROM_TO}",
         ["channels[0].port: '70000' is not a port; write a number from 1 to 65535"]),
        (f"host: smtp.example, ca_file: none.pem, {FROM_TO}",
         ["channels[0].ca_file: 'none.pem' holds no certificates; name a PEM file of authorities"]),
        (f"host: smtp.example, ca_file: watchlist.yaml, {FROM_TO}",
         ["channels[0].ca_file: 'watchlist.yaml' holds no certificates; name a PEM file of authorities"]),
        ("host: smtp.example, from: a@b.example",
         ["channels[0].to: is missing; this key is required"]),
        ("host: smtp.example, to: a@b.example",
         ["channels[0].from: is missing; this key is required"]),
        ("host: smtp.example, from: a@b.example, to: []",
         ["channels[0].to: no recipients; name at least one address"]),
        ("host: smtp.example, from: a@b.example, to: [c@d.example, C@D.example]",
         ["channels[0].to[1]: 'C@d.example' is there already; remove it"]),
        ("host: smtp.example, from: a@b.example, to: [c@d.example, desk]",
         ["channels[0].to[1]: 'desk' is not an e-mail address; write it like desk@newsroom.example"]),
        ("host: smtp.example, from: a@b.example, to: c@d.example, sender: x@y.example",
         ["channels[0].sender: unknown key; "]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(tmp_path: Path, entry: str, found: list[str]) -> None:
    """Each fault at its place, with what to write instead; no secret in it."""
    said = refused(tmp_path, entry)
    assert len(said) == len(found), said
    for fault, expected in zip(said, found, strict=True):
        assert fault.startswith(expected)
        assert "s3cret" not in fault


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("desk@newsroom.example", DESK),
        ("watcher+x.1@Newsroom.Example", Mailbox(local="watcher+x.1", domain="newsroom.example")),
        ("root@localhost", Mailbox(local="root", domain="localhost")),
        ("desk@bücher.example", Mailbox(local="desk", domain="xn--bcher-kva.example")),
        ("jürgen@newsroom.example", Mailbox(local="jürgen", domain="newsroom.example")),
    ],
)
def test_addresses_are_read(text: str, expected: Mailbox) -> None:
    """The domain as it is looked up; what is before the @ as it was written."""
    assert mailbox.address(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("desk", "is not an e-mail address; write it like desk@newsroom.example"),
        ("a@b@c.example", "is not an e-mail address; write it"),
        ("@newsroom.example", "is not an e-mail address: what is before the @ cannot be"),
        ("a..b@newsroom.example", "is not an e-mail address: what is before the @ cannot be"),
        (f"{'x' * 65}@newsroom.example", "is not an e-mail address: what is before the @ cannot be"),
        ("a\u202eb@newsroom.example", "is not an e-mail address: what is before the @ cannot be"),
        ("a b@newsroom.example", "is not an e-mail address: what is before the @ cannot be"),
        ("a@", "is not an e-mail address: what is after the @ is no domain"),
        ("a@-x.example", "is not an e-mail address: what is after the @ is no domain"),
        ("a@x..example", "is not an e-mail address: what is after the @ is no domain"),
        ("a@[127.0.0.1]", "is not an e-mail address: what is after the @ is no domain"),
        (f"a@{'x.' * 130}example", "is not an e-mail address: what is after the @ is no domain"),
        ("a@x.example, b@x.example", "is not an e-mail address"),
        ("a@x.example\nBcc: b@x.example", "must be a single line"),
        ("Desk <desk@newsroom.example>", "has a name with it, which is for 'from' only; write the address alone"),
    ],
)
def test_what_is_no_address_is_refused(text: str, message: str) -> None:
    """Nothing passes that could not stand in a header and in a command as it is."""
    with pytest.raises(ValueError, match=r".+") as caught:
        mailbox.address(text)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a@b.example", ""),
        ("<a@b.example>", ""),
        ("Desk, of É. <a@b.example>", "Desk, of É."),
        ('"The desk" <a@b.example>', "The desk"),
    ],
)
def test_a_sender_may_have_a_name(text: str, name: str) -> None:
    """As mail programs write it."""
    assert mailbox.sender(text) == Mailbox(local="a", domain="b.example", name=name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jürgen@b.example", "is not ASCII before the @"),
        ("x\x07 <a@b.example>", "has a name that cannot stand in a header"),
        ("=?utf-8?q?=0A?= <a@b.example>", "has a name that cannot stand in a header"),
        ("a <b> <c@d.example>", "is not an e-mail address"),
        ("a <b@c.example", "is not an e-mail address"),
    ],
)
def test_what_is_no_sender_is_refused(text: str, message: str) -> None:
    """A sender to which every server can answer, in a header that every program reads."""
    with pytest.raises(ValueError, match=r".+") as caught:
        mailbox.sender(text)
    assert str(caught.value).startswith(message)
