"""The audit log keeps what is appended, from several processes and through crashes."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from workspaces import use_postgres, write_settings

from paceline.assemble.audit import ACTOR_VARIABLE, KEY_FILE, KEY_VARIABLE, LOG_FILE, open_audit_log, open_auditor
from paceline.drivers.audit.file import FileAuditLog
from paceline.drivers.audit.memory import MemoryAuditLog
from paceline.drivers.audit.postgres import PostgresAuditLog
from paceline.drivers.postgres_schema import prepare_schema
from paceline.drivers.postgres_server import Address
from paceline.drivers.store.postgres.schema import MIGRATIONS
from paceline.errors import EnvironmentFaultError, StorageError, UsageError
from paceline.ports.audit import AuditEntry, AuditLog

KEY = b"0123456789abcdef0123456789abcdef"


def make_entry(number: int = 0) -> AuditEntry:
    return AuditEntry(at="2026-11-23T10:00:00.000Z", who="ops", where="host", what="dlq.discarded", subject=str(number))


@pytest.fixture(params=["file", "memory", "postgres"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> AuditLog:
    if request.param == "postgres":
        address = Address(request.getfixturevalue("postgres_database"))
        prepare_schema(address, MIGRATIONS)
        return PostgresAuditLog(address, KEY)
    return FileAuditLog(tmp_path / "audit.log", KEY) if request.param == "file" else MemoryAuditLog(KEY)


def test_records_come_back_in_order(log: AuditLog) -> None:
    written = [log.append(make_entry(number)) for number in range(5)]
    assert list(log.records()) == written
    assert [one.number for one in written] == [1, 2, 3, 4, 5]


def test_empty_log_is_whole(log: AuditLog) -> None:
    found = log.verify()
    assert (found.records, found.end, list(found.faults)) == (0, None, [])


def test_both_drivers_write_the_same(tmp_path: Path) -> None:
    file, memory = FileAuditLog(tmp_path / "audit.log", KEY), MemoryAuditLog(KEY)
    for number in range(3):
        assert file.append(make_entry(number)) == memory.append(make_entry(number))
    assert (tmp_path / "audit.log").read_bytes().splitlines() == memory.lines


def test_records_of_several_writers_form_one_chain(tmp_path: Path) -> None:
    def write() -> None:
        mine = FileAuditLog(tmp_path / "audit.log", KEY)
        for number in range(20):
            mine.append(make_entry(number))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = FileAuditLog(tmp_path / "audit.log", KEY).verify()
    assert (found.records, list(found.faults)) == (80, [])


def test_half_a_record_that_a_crash_left_is_told_and_written_over(tmp_path: Path) -> None:
    log = FileAuditLog(tmp_path / "audit.log", KEY)
    log.append(make_entry())
    with (tmp_path / "audit.log").open("ab") as file:
        file.write(b'{"n":2,"entry":{"at":"20')
    assert [fault.message for fault in log.verify().faults] == ["the line cannot be read"]
    assert log.append(make_entry()).number == 2
    assert log.verify().faults == []


def test_nothing_is_chained_to_a_line_that_cannot_be_read(tmp_path: Path) -> None:
    log = FileAuditLog(tmp_path / "audit.log", KEY)
    (tmp_path / "audit.log").write_bytes(b"not ours\n")
    with pytest.raises(StorageError, match="cannot be read"):
        log.append(make_entry())


def test_file_is_readable_by_its_user_alone(tmp_path: Path) -> None:
    FileAuditLog(tmp_path / "audit.log", KEY).append(make_entry())
    assert (tmp_path / "audit.log").stat().st_mode & 0o777 == 0o600


def test_key_is_made_on_first_use_and_readable_by_its_user_alone(tmp_path: Path) -> None:
    open_auditor(tmp_path).record("dlq.discarded", "1 letter")
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    open_auditor(tmp_path).record("dlq.discarded", "1 letter")
    assert open_audit_log(tmp_path, {}).verify().records == 2
    assert sorted(file.name for file in (tmp_path / ".paceline").iterdir()) == ["audit.key", "audit.log"]


def test_looking_makes_neither_key_nor_log(tmp_path: Path) -> None:
    assert open_audit_log(tmp_path, {}).verify().records == 0
    assert list(tmp_path.iterdir()) == []


def test_key_of_the_environment_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "k" * 32)
    open_auditor(tmp_path).record("dlq.discarded", "1 letter")
    assert not (tmp_path / KEY_FILE).exists()
    assert open_audit_log(tmp_path, {KEY_VARIABLE: "k" * 32}).verify().faults == []
    assert open_audit_log(tmp_path, {KEY_VARIABLE: "x" * 32}).verify().faults != []


def test_short_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="too short"):
        open_audit_log(tmp_path, {KEY_VARIABLE: "secret"})


def test_log_whose_key_is_gone_is_not_begun_anew(tmp_path: Path) -> None:
    open_auditor(tmp_path).record("dlq.discarded", "1 letter")
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(EnvironmentFaultError, match="key is missing"):
        open_auditor(tmp_path)


def test_entry_says_who_and_holds_no_personal_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ACTOR_VARIABLE, "release-bot")
    auditor = open_auditor(tmp_path, request="r-1")
    auditor.record("dlq.discarded", "1 letter", reason="ada@example.com asked for it", before={"key": "user-7"})
    (record,) = open_audit_log(tmp_path, {}).records()
    assert (record.entry.who, record.entry.request) == ("release-bot", "r-1")
    text = (tmp_path / LOG_FILE).read_text()
    assert "ada@" not in text
    assert "user-7" not in text


def test_commands_on_a_postgres_store_write_one_chain_there_and_none_in_files(
    postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PACELINE_POSTGRES", postgres_database)
    monkeypatch.setenv(KEY_VARIABLE, KEY.decode())
    for machine in ("one", "two"):
        workspace = write_settings(tmp_path / machine)
        use_postgres(workspace)
        open_auditor(workspace).record("dlq.discarded", machine)
        assert not (workspace / LOG_FILE).exists()
    log = open_audit_log(tmp_path / "one", os.environ)
    assert [record.entry.subject for record in log.records()] == ["one", "two"]
    assert list(log.verify().faults) == []


def test_second_machine_without_the_key_is_told_that_it_is_missing(
    postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PACELINE_POSTGRES", postgres_database)
    first, second = (write_settings(tmp_path / machine) for machine in ("one", "two"))
    for workspace in (first, second):
        use_postgres(workspace)
    open_auditor(first).record("dlq.discarded", "x")
    with pytest.raises(EnvironmentFaultError, match="its key is missing"):
        open_auditor(second)


def test_changed_row_is_found(postgres_database: str) -> None:
    address = Address(postgres_database)
    prepare_schema(address, MIGRATIONS)
    log = PostgresAuditLog(address, KEY)
    for number in range(3):
        log.append(make_entry(number))
    with address.connect() as connection:
        connection.execute("DELETE FROM audit WHERE number = 2")
    assert log.verify().faults != []
