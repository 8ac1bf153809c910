"""Opens a workspace's audit log, and writes down what commands do."""

from __future__ import annotations

import getpass
import hashlib
import os
import secrets
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from paceline.assemble.storage import store_address
from paceline.delivery.redaction import redact
from paceline.drivers.audit.file import FileAuditLog
from paceline.drivers.sqlite_file import storage_errors
from paceline.errors import EnvironmentFaultError, UsageError
from paceline.ports.audit import AuditEntry, AuditLog, AuditRecord
from paceline.workspace.environment import workspace_environment

LOG_FILE = ".paceline/audit.log"
KEY_FILE = ".paceline/audit.key"
KEY_VARIABLE = "PACELINE_AUDIT_KEY"
ACTOR_VARIABLE = "PACELINE_ACTOR"
LEAST_KEY_CHARS = 32
MAX_REASON_CHARS = 500


class Auditor:
    """Writes entries of one command: they share who, where and a request id."""

    def __init__(self, log: AuditLog, *, who: str, where: str, request: str) -> None:
        self._log = log
        self.who = who
        self.request = request
        self._where = where

    def record(
        self, what: str, subject: str, *, reason: str = "", before: object = None, after: object = None
    ) -> AuditRecord:
        """Write down that something is about to be done. Raises StorageError: then it must not be done.

        `before` and `after` are what is changed, as values; only their digests are kept. `reason` is a person's words:
        e-mail addresses, tokens and long numbers are taken out of it.
        """
        now = datetime.now(UTC)
        return self._log.append(
            AuditEntry(
                at=now.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z",
                who=self.who,
                where=self._where,
                what=what,
                subject=subject,
                reason=redact(reason)[:MAX_REASON_CHARS],
                before=digest_of(before),
                after=digest_of(after),
                request=self.request,
            )
        )


def open_auditor(root: Path, *, request: str = "") -> Auditor:
    """The auditor of a command on the workspace at `root`; makes the key when there is none yet.

    `request` joins the entries of one command; a random one when it is not given. Raises EnvironmentFaultError,
    UsageError, StorageError.
    """
    environment = workspace_environment(root, os.environ)
    file = root / KEY_FILE
    with storage_errors(file):
        if KEY_VARIABLE not in environment and not file.exists() and not _has_log(root):
            _make_key(file)
    return Auditor(
        open_audit_log(root, environment),
        who=environment.get(ACTOR_VARIABLE) or _account(),
        where=socket.gethostname(),
        request=request or secrets.token_hex(6),
    )


def open_audit_log(root: Path, environment: Mapping[str, str]) -> AuditLog:
    """The audit log of the workspace at `root`, to be looked at. Raises PacelineError where it cannot be.

    It is in PostgreSQL where the store is, else in a file. A workspace in which nothing was audited yet has an empty
    one, and no key.
    """
    key = _audit_key(root, environment, has_log=_has_log(root))
    address = store_address(root)
    if address is None:
        return FileAuditLog(root / LOG_FILE, key)
    from paceline.drivers.audit.postgres import PostgresAuditLog  # noqa: PLC0415  (of the extra `postgres`)

    return PostgresAuditLog(address, key)


def digest_of(value: object) -> str:
    """What stands for a value in the audit log: nothing for None, else 32 digits of the SHA-256 of its JSON.

    >>> digest_of(None), digest_of({"a": 1})
    ('', '015abd7f5cc57a2dd94b7590f04ad808')
    """
    if value is None:
        return ""
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()[:32]


def _has_log(root: Path) -> bool:
    address = store_address(root)
    if address is None:
        return (root / LOG_FILE).exists()
    from paceline.drivers.audit.postgres import PostgresAuditLog  # noqa: PLC0415  (of the extra `postgres`)

    return not PostgresAuditLog(address, b"").is_empty()


def _audit_key(root: Path, environment: Mapping[str, str], *, has_log: bool) -> bytes:
    given = environment.get(KEY_VARIABLE)
    if given is not None:
        if len(given) < LEAST_KEY_CHARS:
            raise UsageError(
                f"{KEY_VARIABLE} is too short to be a key",
                expected=f"at least {LEAST_KEY_CHARS} characters",
                remedy="make one: openssl rand -hex 32",
            )
        return given.encode()
    file = root / KEY_FILE
    with storage_errors(file):
        if file.exists():
            return file.read_bytes().strip()
        if has_log:
            raise EnvironmentFaultError(
                "there is an audit log, and its key is missing",
                where=str(file),
                remedy=f"put the key back, or give it as {KEY_VARIABLE}",
            )
    return b""


def _make_key(file: Path) -> None:
    """A new key, readable by this user alone. Another process may be first: then its key counts."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, secrets.token_hex(32).encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(fresh, file)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
