"""What only the SQLite store can show: its file, its schema, its faults, its readers beside it."""

import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import structlog.testing
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event

from tests.unit.store.samples import (
    LEASE,
    PAGE,
    PAGE_HASH,
    T0,
    account,
    after,
    alert,
    closed,
    closing,
    delivered,
    delivery,
    opening,
    outage,
    state,
    states,
    transition,
    transitions,
)
from watcher.model.errors import ContradictionError, StoreError
from watcher.model.outage import Outage, TransitionKind, Unobserved
from watcher.store import migrations, tables
from watcher.store.commits import merge
from watcher.store.engine import DATABASE, sqlite_engine
from watcher.store.migrations.chain import migrate
from watcher.store.packed import pack, unpack
from watcher.store.sql import SqlStore
from watcher.store.values import Commit, Forgotten

SHORT = timedelta(milliseconds=20)
OUTAGE = outage()


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """Where the store is to be; not made yet."""
    return tmp_path / "desk" / "state"


@pytest.fixture
def store(state_dir: Path) -> Iterator[SqlStore]:
    """An open store that watches two accounts."""
    made = SqlStore(state_dir, patience=SHORT)
    made.open()
    made.watch([account("potus"), account("realdonaldtrump")], T0)
    yield made
    made.close()


@pytest.fixture
def raw(store: SqlStore) -> Iterator[sqlite3.Connection]:
    """Somebody else's connection to the store's file."""
    connection = sqlite3.connect(store._path, isolation_level=None, timeout=0, check_same_thread=False)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    """One store for many examples."""
    made = SqlStore(tmp_path_factory.mktemp("shared"))
    made.open()
    yield made
    made.close()


@pytest.fixture(scope="module")
def names() -> Iterator[str]:
    """A new handle for each example: the store has seen the others."""
    return (f"account{number}" for number in count())


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_state_survives(shared: SqlStore, data: st.DataObject, names: Iterator[str]) -> None:
    """Whatever the judge makes of an account is loaded as it was."""
    name = next(names)
    shared.watch([account(name)], T0)
    drawn = data.draw(states(f"x:{name}"))
    shared.commit(Commit(states=(drawn,)))
    assert shared.load().states[f"x:{name}"] == drawn


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_transition_survives(shared: SqlStore, data: st.DataObject, names: Iterator[str]) -> None:
    """Finding, outage and detail of a transition are read as they were written; its outage too."""
    name = next(names)
    shared.watch([account(name)], T0)
    drawn = data.draw(transitions(f"x:{name}"))
    shared.commit(Commit(transitions=(drawn,)))
    assert shared.transitions(account_id=f"x:{name}") == (drawn,)
    expected: tuple[Outage, ...] = () if drawn.outage is None else (drawn.outage,)
    assert shared.outages(account_id=f"x:{name}") == expected
    assert shared.verify_chain() is None


@pytest.mark.parametrize("make", [migrations.upgrade, lambda connection, _name: migrate(connection)])
def test_migrations_make_what_the_tables_say(tmp_path: Path, make: Callable[[Connection, Path], None]) -> None:
    """The schema of a new database, and that of a migrated one, differ in nothing from the metadata."""
    (tmp_path / DATABASE).touch()
    engine = sqlite_engine(tmp_path / DATABASE, read_only=False, patience=SHORT)
    with engine.begin() as connection:
        make(connection, tmp_path)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, tables.metadata) == []
        assert frozenset(context.get_current_heads()) == migrations.head()
        for index in ("one_open_outage_per_account", "one_open_incident_per_key"):
            sql = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (index,)).scalar_one()
            assert sql.endswith("WHERE closed_at IS NULL")
    engine.dispose()


def test_a_new_database_is_as_a_migrated_one(tmp_path: Path) -> None:
    """Column by column, index by index; but for the order, which nothing goes by."""
    found = []
    for name, make in (("new", lambda connection: migrations.upgrade(connection, tmp_path)), ("migrated", migrate)):
        (tmp_path / name).touch()
        engine = sqlite_engine(tmp_path / name, read_only=False, patience=SHORT)
        with engine.begin() as connection:
            make(connection)
            found.append(schema_of(connection))
        engine.dispose()
    assert found[0] == found[1]
    assert len(found[0]) > len(tables.metadata.tables)


def schema_of(connection: Connection) -> dict[str, object]:
    """What the file says of its tables and indexes."""
    ask = connection.exec_driver_sql
    schema: dict[str, object] = {}
    for kind, name, sql in ask("SELECT type, name, sql FROM sqlite_master ORDER BY name").all():
        columns = {tuple(row[1:]) for row in ask(f"PRAGMA table_info({name})")}
        keys = {tuple(row[2:]) for row in ask(f"PRAGMA foreign_key_list({name})")}
        schema[name] = (kind, columns, keys) if kind == "table" else (kind, sql)
    return schema


def test_file_and_directory_are_private(store: SqlStore, state_dir: Path) -> None:
    """Whom a desk watches is nobody else's business: neither in the database nor in its log."""
    store.commit(opening(OUTAGE))
    modes = {item.name: stat.S_IMODE(item.stat().st_mode) for item in (state_dir, *state_dir.iterdir())}
    assert modes == {
        "state": 0o700,
        "watcher.db": 0o600,
        "watcher.db-wal": 0o600,
        "watcher.db-shm": 0o600,
        "evidence": 0o700,
        "lock": 0o600,
    }


def test_path_may_hold_anything(tmp_path: Path) -> None:
    """Characters that mean something in a URI or in a config file mean nothing in a path."""
    odd = tmp_path / "50% of ?x=1#y" / "é state"
    store = SqlStore(odd)
    store.open()
    store.heartbeat(T0)
    store.close()
    assert (odd / DATABASE).stat().st_size > 0


def test_connections_are_set_up(store: SqlStore) -> None:
    """Write-ahead log, synced when it matters, foreign keys on, patience as told."""
    with store._reading() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert found == ["wal", 1, 1, 20]


def test_open_again_does_nothing(store: SqlStore) -> None:
    """A store that is open stays as it is."""
    store.commit(opening(OUTAGE))
    store.open()
    assert store.outages() == (OUTAGE,)


def test_closed_store_says_so(store: SqlStore) -> None:
    """Every method of a store that is not open raises StoreError, and closing twice is fine."""
    store.close()
    store.close()
    with pytest.raises(StoreError, match="is not open"):
        store.load()
    with pytest.raises(StoreError, match="is not open"):
        store.commit(opening(OUTAGE))


def test_reader_sees_what_the_writer_wrote(store: SqlStore, state_dir: Path) -> None:
    """The command line reads beside the running process, and sees each commit once it is there."""
    reader = SqlStore(state_dir, read_only=True)
    reader.open()
    assert reader.outages() == ()
    store.commit(opening(OUTAGE))
    assert reader.outages() == (OUTAGE,)
    assert reader.body(PAGE_HASH) == PAGE
    with store._writing():
        assert reader.pending() == (1, after(20))
    reader.close()


def test_reader_reads_after_the_writer_has_gone(store: SqlStore, state_dir: Path) -> None:
    """A database that nobody has open can be read."""
    store.commit(opening(OUTAGE))
    store.close()
    reader = SqlStore(state_dir, read_only=True)
    reader.open()
    assert reader.load().states["x:potus"].outage == OUTAGE
    reader.close()


def test_reader_cannot_write(store: SqlStore, state_dir: Path) -> None:
    """A store opened to read changes nothing."""
    reader = SqlStore(state_dir, read_only=True)
    reader.open()
    with pytest.raises(StoreError, match="cannot be written"):
        reader.heartbeat(T0)
    reader.close()
    assert store.load().heartbeat_at is None


def test_reader_of_nothing_is_told(state_dir: Path) -> None:
    """No file: has it run yet? And none is made by asking."""
    with pytest.raises(StoreError, match=r"no database at .*watcher\.db: has watcher run yet\?"):
        SqlStore(state_dir, read_only=True).open()
    assert not state_dir.exists()


def test_reader_of_an_empty_file_is_told(state_dir: Path) -> None:
    """A file without a schema is as good as none: its maker has only begun."""
    state_dir.mkdir(parents=True)
    (state_dir / DATABASE).touch()
    with pytest.raises(StoreError, match="has watcher run yet"):
        SqlStore(state_dir, read_only=True).open()


@pytest.mark.parametrize("read_only", [True, False])
def test_newer_schema_is_refused(store: SqlStore, raw: sqlite3.Connection, state_dir: Path, read_only: bool) -> None:
    """An older program does not touch what a newer one has changed."""
    raw.execute("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    with pytest.raises(StoreError, match=r"newer watcher \(schema 9999\): upgrade this one"):
        SqlStore(state_dir, read_only=read_only).open()


@pytest.mark.usefixtures("store")
def test_reader_of_an_older_schema_is_told(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the process that runs may migrate; who only reads says what is to be done."""
    monkeypatch.setattr("watcher.store.migrations.head", lambda: frozenset({"9999"}))
    with pytest.raises(StoreError, match="older watcher: start `watcher run` once"):
        SqlStore(state_dir, read_only=True).open()


@pytest.mark.parametrize("fails", ["alembic.op.create_index", "watcher.store.migrations.head"])
def test_died_while_migrating_leaves_nothing(state_dir: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    """A migration is one transaction, and so is the making of a new database: the next start begins afresh."""

    def fail(*_args: object, **_kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        if fails.startswith("alembic"):
            patched.setattr(migrations, "_create", migrate)
        patched.setattr(fails, fail)
        with pytest.raises(StoreError, match="No space left on device"):
            SqlStore(state_dir).open()
    raw = sqlite3.connect(state_dir / DATABASE)
    assert raw.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    raw.close()
    store = SqlStore(state_dir)
    store.open()
    store.heartbeat(T0)
    store.close()


def test_file_that_is_no_database_is_told(state_dir: Path) -> None:
    """And it is left as it is."""
    state_dir.mkdir(parents=True)
    (state_dir / DATABASE).write_text("Dear diary, " * 100)
    for read_only in (False, True):
        with pytest.raises(StoreError, match=r"watcher\.db is not a database of watcher: move the file away"):
            SqlStore(state_dir, read_only=read_only).open()
    assert (state_dir / DATABASE).read_text().startswith("Dear diary")


def test_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file in the way of the state_dir."""
    (tmp_path / "desk").write_text("")
    with pytest.raises(StoreError, match=r"desk.*check the state_dir"):
        SqlStore(tmp_path / "desk" / "state").open()


def test_directory_in_the_place_of_the_file_is_told(state_dir: Path) -> None:
    """It cannot be written, and for a reader it is no database."""
    (state_dir / DATABASE).mkdir(parents=True)
    with pytest.raises(StoreError, match="check the state_dir"):
        SqlStore(state_dir).open()
    with pytest.raises(StoreError, match="no database at"):
        SqlStore(state_dir, read_only=True).open()


def test_locked_database_is_told(store: SqlStore, raw: sqlite3.Connection, state_dir: Path) -> None:
    """After a moment of patience, on opening as on writing; later it works."""
    raw.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="is locked by another process: end that one"):
        store.commit(opening(OUTAGE))
    store.close()
    with pytest.raises(StoreError, match="is locked by another process"):
        SqlStore(state_dir, patience=SHORT).open()
    raw.execute("ROLLBACK")
    store.open()
    store.commit(opening(OUTAGE))
    assert store.outages() == (OUTAGE,)


def test_damaged_database_is_told(store: SqlStore, state_dir: Path) -> None:
    """A file whose middle was overwritten is not taken for an empty one."""
    store.commit(opening(OUTAGE))
    store.close()
    with (state_dir / DATABASE).open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * 20)
    with pytest.raises(StoreError, match="is damaged"):
        store.open()


def test_word_of_a_newer_version_is_told(store: SqlStore, raw: sqlite3.Connection) -> None:
    """A phase that this version does not know is an error, not a guess."""
    store.commit(Commit(states=(state(),)))
    raw.execute("UPDATE account_state SET phase = 'ascended'")
    with pytest.raises(StoreError, match=r"cannot read.*ascended"):
        store.load()


def test_word_outside_its_set_cannot_be_written(store: SqlStore) -> None:
    """Closed sets are closed at the door of the database."""
    odd = replace(state(), phase="ascended")  # type: ignore[arg-type] # wrong on purpose
    with pytest.raises(ContradictionError, match="ascended"):
        store.commit(Commit(states=(odd,)))


def test_evidence_that_cannot_be_written_stops_no_commit(
    store: SqlStore, raw: sqlite3.Connection, state_dir: Path
) -> None:
    """The alert is stored and its transition names the page; no row claims that it is there. It is said once."""
    obstacle = state_dir / "evidence"
    obstacle.write_text("in the way")
    second = outage("realdonaldtrump")
    with structlog.testing.capture_logs() as logs:
        store.commit(opening(OUTAGE))
        store.commit(closing(OUTAGE))
        store.commit(opening(second))
        assert store.pending()[0] == 3
        (told,) = (item for item in store.transitions(account_id="x:realdonaldtrump"))
        assert told.finding is not None
        assert told.finding.evidence.body_sha256 == PAGE_HASH
        assert raw.execute("SELECT * FROM evidence").fetchall() == []
        assert raw.execute("SELECT * FROM transition_evidence").fetchall() == []
        assert [line["log_level"] for line in logs] == ["warning"]
        obstacle.unlink()
        store.commit(closing(second))
        store.commit(opening(outage("realdonaldtrump", 2, seconds=2000)))
        store.commit(opening(outage("potus", 2, seconds=2000)))
    assert store.body(PAGE_HASH) == PAGE
    assert [line["event"] for line in logs] == [
        "evidence cannot be written, commits go on without their pages",
        "evidence is written again",
    ]
    assert str(obstacle) in logs[0]["error"]


def test_transition_is_linked_to_its_page(store: SqlStore, raw: sqlite3.Connection) -> None:
    """With its role, once, however often the commit is repeated."""
    for _ in range(2):
        store.commit(opening(OUTAGE))
    assert raw.execute("SELECT seq, role, sha256 FROM transition_evidence").fetchall() == [(1, "target", PAGE_HASH)]
    (row,) = raw.execute("SELECT sha256, bytes, created_at FROM evidence").fetchall()
    assert row == (PAGE_HASH, len(PAGE), 1509663620000000)


def test_unobserved_spans_are_kept_once(store: SqlStore, raw: sqlite3.Connection) -> None:
    """Those of all accounts, and those of one."""
    spans = tuple(
        Unobserved(account_id=who, from_at=T0, to_at=after(5), cause="stopped") for who in (None, "x:potus", None)
    )
    for _ in range(2):
        store.commit(Commit(unobserved=spans))
    rows = raw.execute("SELECT scope, key, from_at, to_at, cause FROM unobserved ORDER BY scope").fetchall()
    start = 1509663600000000
    assert rows == [
        ("account", "x:potus", start, start + 5_000_000, "stopped"),
        ("all", "", start, start + 5_000_000, "stopped"),
    ]


def test_an_unobserved_span_may_only_grow(store: SqlStore, raw: sqlite3.Connection) -> None:
    """A start that died before its first heartbeat leaves a span that the next start knows to be longer."""
    for seconds in (5, 9, 7):
        store.commit(
            Commit(unobserved=(Unobserved(account_id=None, from_at=T0, to_at=after(seconds), cause="stopped"),))
        )
    start = 1509663600000000
    assert raw.execute("SELECT from_at, to_at FROM unobserved").fetchall() == [(start, start + 9_000_000)]


def test_every_attempt_is_kept(store: SqlStore, raw: sqlite3.Connection) -> None:
    """What the channel answered, and how long it took."""
    store.commit(opening(OUTAGE))
    (row,) = store.claim(after(20), LEASE, 1)
    store.settle(row, delivery(row, "retry"))
    assert raw.execute("SELECT notification_id, outcome, answer, latency FROM delivery").fetchall() == [
        (row.id, "retry", "ok", 120_000)
    ]


def test_a_commit_goes_through_no_whole_table(store: SqlStore, raw: sqlite3.Connection) -> None:
    """However long the log has become: what is asked of it in a commit is found by its indexes."""
    many = [outage(f"u{number}") for number in range(20)]
    store.watch([account(f"u{number}") for number in range(20)], T0)
    asked: list[tuple[str, Any]] = []

    def note(_of: Connection, _cursor: object, statement: str, values: Any, _context: object, _many: bool) -> None:
        asked.append((statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        store.commit(merge([opening(each) for each in many]))
        store.commit(merge([closing(each) for each in many]))
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    queries = [(query, values) for query, values in asked if query.startswith("SELECT") and "LIMIT" not in query]
    assert any("FROM transition" in query for query, _ in queries)
    for query, values in queries:
        plan = [step for *_, step in raw.execute(f"EXPLAIN QUERY PLAN {query}", values)]
        assert not any(step.startswith(f"SCAN {name}") for step in plan for name in tables.metadata.tables), (
            query,
            plan,
        )


def test_account_row_says_what_is_watched(store: SqlStore, raw: sqlite3.Connection) -> None:
    """A change of the list changes the row, but not since when it is watched."""
    store.watch([replace(account(), display_handle="POTUS 45", labels={"desk": "night"})], after(60))
    rows = raw.execute("SELECT id, display_handle, labels, watched_since, unwatched_at FROM account ORDER BY id")
    start = 1509663600000000
    assert rows.fetchall() == [
        ("x:potus", "POTUS 45", '{"desk": "night"}', start, None),
        ("x:realdonaldtrump", "REALDONALDTRUMP", '{"desk": "politics"}', start, start + 60_000_000),
    ]


def test_text_that_no_database_keeps_does_not_stop_the_commit(store: SqlStore) -> None:
    """Half a surrogate pair and NUL, which a JSON answer may hold, become U+FFFD in columns and survive in JSON."""
    hostile = replace(OUTAGE, quote="gone\ud83d\0!")
    opened = transition(TransitionKind.OUTAGE_OPENED, 20, hostile)
    store.commit(Commit(states=(replace(state(), stable_id="\udfff"),), transitions=(opened,)))
    assert store.outages()[0].quote == "gone\ufffd\ufffd!"
    assert store.load().states["x:potus"].stable_id == "\ufffd"
    assert store.transitions() == (opened,)
    assert store.verify_chain() is None


@pytest.mark.parametrize(
    "change",
    [
        "kind = 'AccountRenamed'",
        "kind = 'NoSuchKind'",
        "at = at - 1",
        "account_id = 'x:realdonaldtrump'",
        "outage_id = NULL",
        "document = (SELECT document FROM transition WHERE seq = 1)",
        "document = x''",
        "document = x'01'",
        "document = 'text'",
        "document = CAST(x'ff' || substr(document, 2) AS BLOB)",
        "document = CAST(document || x'00' AS BLOB)",
        "hash = x'00'",
        "hash = 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'",
    ],
)
def test_changed_transition_is_found(store: SqlStore, raw: sqlite3.Connection, change: str) -> None:
    """Whatever was changed of it afterwards."""
    store.commit(opening(OUTAGE))
    store.commit(closing(OUTAGE))
    raw.execute(f"UPDATE transition SET {change} WHERE seq = 2")
    assert store.verify_chain() == 2


@pytest.mark.parametrize(
    "change",
    [
        {"finding": {"verdict": "absent", "reason": "suspended"}},
        {"finding": None},
        {"outage": None},
        {"outage": {}},
        {"outage": [1]},
        {"detail": {"a": "b"}},
    ],
)
def test_changed_document_is_found(store: SqlStore, raw: sqlite3.Connection, change: dict[str, Any]) -> None:
    """Also where somebody packed it again as it should be."""
    store.commit(opening(OUTAGE))
    store.commit(closing(OUTAGE))
    query = "SELECT document, account_id, outage_id, at FROM transition WHERE seq = 2"
    packed, account_id, outage_id, at = raw.execute(query).fetchone()
    document = {"account_id": account_id, "at": at, **unpack(packed, account_id, outage_id, at)}
    assert store.verify_chain() is None
    raw.execute("UPDATE transition SET document = ? WHERE seq = 2", (pack(document | change, outage_id),))
    assert store.verify_chain() == 2


def test_file_that_is_mostly_empty_shrinks(store: SqlStore, raw: sqlite3.Connection, state_dir: Path) -> None:
    """At the next start, with what it holds; one with little to gain is left alone."""
    store.commit(opening(OUTAGE))
    raw.executescript(f"CREATE TABLE old AS SELECT zeroblob({5_000 * 4096}) AS bulk; DROP TABLE old")
    raw.close()
    store.close()
    with structlog.testing.capture_logs() as told:
        store.open()
    assert (state_dir / DATABASE).stat().st_size < 1_000_000
    assert [line["event"] for line in told] == ["more than half of the database is empty: it is written anew"]
    assert store.outages() == (OUTAGE,)
    store.close()
    with structlog.testing.capture_logs() as told:
        store.open()
    assert told == []


def test_start_goes_on_where_the_file_cannot_shrink(
    store: SqlStore, raw: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is no reason not to watch: it is told, and tried again at the next start."""
    store.commit(opening(OUTAGE))
    raw.executescript(f"CREATE TABLE old AS SELECT zeroblob({5_000 * 4096}) AS bulk; DROP TABLE old")
    store.close()

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("watcher.store.sql_file.shrink", full)
    with structlog.testing.capture_logs() as told:
        store.open()
    assert told[-1]["event"] == "the database stays as large as it was, until the next start"
    assert told[-1]["error"] == "database or disk is full"
    assert store.outages() == (OUTAGE,)


def test_removed_transition_is_found(store: SqlStore, raw: sqlite3.Connection) -> None:
    """The row after it does not follow from the one before it."""
    suspected = replace(transition(TransitionKind.ACCOUNT_SUSPECTED, 0, OUTAGE), outage=None)
    store.commit(Commit(transitions=(suspected,)))
    store.commit(opening(OUTAGE))
    raw.execute("DELETE FROM transition WHERE seq = 1")
    assert store.verify_chain() == 2


def test_two_claimers_never_get_the_same_row(store: SqlStore) -> None:
    """Two that claim at once, over a connection each, share the rows between them."""
    store.commit(replace(opening(OUTAGE), notifications=tuple(alert(OUTAGE.id, f"c{n}") for n in range(60))))
    store._patience = timedelta(seconds=5)
    taken: list[int] = []
    barrier = threading.Barrier(2)

    def claim() -> None:
        barrier.wait()
        while rows := store.claim(after(30), LEASE, 7):
            taken.extend(row.id for row in rows)

    store.close()
    store.open()
    threads = [threading.Thread(target=claim) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 61))


def test_an_attempt_is_never_put_to_a_strangers_row(store: SqlStore, raw: sqlite3.Connection) -> None:
    """What was forgotten while it was sent leaves no delivery, though another row has its number by then."""
    store.commit(opening(outage()))
    (row,) = store.claim(after(20), LEASE, 1)
    store.forget("x:potus", even_watched=True)
    store.commit(opening(outage("realdonaldtrump")))
    (stranger,) = store.claim(after(20), LEASE, 1)
    assert stranger.id == row.id
    store.settle(delivered(row), delivery(row))
    assert raw.execute("SELECT notification_id FROM delivery").fetchall() == []
    store.settle(delivered(stranger), delivery(stranger))
    assert raw.execute("SELECT notification_id FROM delivery").fetchall() == [(stranger.id,)]


def test_claim_that_was_taken_meanwhile_is_left_out(store: SqlStore) -> None:
    """Where transactions overlap (not in SQLite), the conditional update decides who has the row."""
    from watcher.store import sql_outbox

    store.commit(opening(OUTAGE))
    with store._writing() as connection:
        (seen,) = sql_outbox.claim(connection, after(20), LEASE, 1)
        stale = replace(seen, attempts=0)
        assert sql_outbox._take(connection, stale, after(20), after(80)) is None
    assert len(store.claim(after(80), LEASE, 5)) == 1


def test_outage_that_was_closed_is_not_opened_by_a_late_state(store: SqlStore) -> None:
    """A state that is older than the end does not undo it."""
    store.commit(opening(OUTAGE))
    store.commit(closing(OUTAGE))
    store.commit(Commit(states=(state(outage=OUTAGE),)))
    assert store.outages() == (closed(OUTAGE, 660),)


def test_forgetting_again_removes_what_a_killed_one_left(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its rows are gone by then, and the files lie there still."""

    class Killed(BaseException):
        """The process is no more."""

    def die(_digests: object) -> None:
        raise Killed

    store.commit(opening(OUTAGE))
    store.commit(closing(OUTAGE))
    store.watch([], after(800))
    page = store._evidence.file_of(PAGE_HASH)
    with monkeypatch.context() as patch:
        patch.setattr(store._evidence, "remove", die)
        with pytest.raises(Killed):
            store.forget("x:potus")
    assert page.exists()
    assert store.forget("x:potus") is Forgotten.UNKNOWN
    assert not page.exists()
