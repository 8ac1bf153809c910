"""The registry as a bare ASGI application that speaks the Confluent Schema Registry REST API.

https://docs.confluent.io/platform/current/schema-registry/develop/api.html (read 2026-11-23). Subjects are contracts.
What a client may change is a file for review, and only when a writer is given; modes and compatibility levels are
decided where the registry is started, so that they are in no hidden state.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec

import paceline
from paceline.contracts.compatibility import Mode, Policy
from paceline.errors import PacelineError
from paceline.model.contract import ContractFile, Owner
from paceline.runtime.registry.catalog import SCHEMA_TYPE, Catalog, RegisteredVersion
from paceline.runtime.registry.problems import (
    Problem,
    incompatible,
    invalid_version,
    method_not_allowed,
    not_found,
    not_permitted,
    unknown_schema,
    unknown_subject,
    unknown_version,
)
from paceline.runtime.registry.submission import (
    LARGEST_BODY_BYTES,
    check_compatibility,
    next_contract,
    read_submission,
)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Write = Callable[[ContractFile], Catalog]
"""Writes a contract file and gives the catalog of the workspace that has it."""

CONTENT_TYPE = b"application/vnd.schemaregistry.v1+json"
_READ_ONLY = "this registry is read-only: add the contract to the workspace in git, or start it with --writable"
_OUT_OF_FILES = "this is decided where the registry is started, not by a client"
_IN_GIT = "a released contract version is never deleted by a client; deprecate it in the workspace"


class _Request(msgspec.Struct, frozen=True, kw_only=True):
    parts: tuple[str, ...]
    method: str
    query: dict[str, str]
    body: bytes


class Registry:
    """The ASGI application. `catalog` may be replaced at any time.

    `mode` is the compatibility level of every subject. Without `write` nothing can be registered that is not there.
    """

    def __init__(
        self, catalog: Catalog, *, mode: Mode, policy: Policy = Policy.STRICT, owner: Owner, write: Write | None = None
    ) -> None:
        self.catalog = catalog
        self._mode = mode
        self._policy = policy
        self._owner = owner
        self._write = write
        self._routes: list[tuple[re.Pattern[str], Callable[..., object]]] = [
            (re.compile(pattern), answer)
            for pattern, answer in (
                (r"GET /", lambda _: {}),
                (r"GET /schemas/types", lambda _: [SCHEMA_TYPE]),
                (r"GET /schemas", self._list_schemas),
                (r"GET /schemas/ids/([^/]+)", self._schema_by_id),
                (r"GET /schemas/ids/([^/]+)/schema", self._text_by_id),
                (r"GET /schemas/ids/([^/]+)/subjects", self._subjects_by_id),
                (r"GET /schemas/ids/([^/]+)/versions", self._versions_by_id),
                (r"GET /schemas/guids/([^/]+)", self._schema_by_guid),
                (r"GET /subjects", self._list_subjects),
                (r"POST /subjects/([^/]+)", self._look_up),
                (r"DELETE /subjects/[^/]+", lambda _: not_permitted(_IN_GIT)),
                (r"GET /subjects/([^/]+)/versions", self._list_versions),
                (r"POST /subjects/([^/]+)/versions", self._register),
                (r"GET /subjects/([^/]+)/versions/([^/]+)", self._version),
                (r"DELETE /subjects/[^/]+/versions/[^/]+", lambda _: not_permitted(_IN_GIT)),
                (r"GET /subjects/([^/]+)/versions/([^/]+)/schema", self._text_of_version),
                (r"GET /subjects/([^/]+)/versions/([^/]+)/referencedby", self._referenced_by),
                (r"POST /compatibility/subjects/([^/]+)/versions/([^/]+)", self._test_one),
                (r"POST /compatibility/subjects/([^/]+)/versions", self._test_all),
                (r"GET /config(?:/([^/]+))?", self._config),
                (r"(?:PUT|DELETE) /config(?:/[^/]+)?", lambda _: not_permitted(_OUT_OF_FILES)),
                (r"GET /mode(?:/([^/]+))?", self._registry_mode),
                (r"(?:PUT|DELETE) /mode(?:/[^/]+)?", lambda _: not_permitted(_OUT_OF_FILES)),
                (r"GET /contracts/([^/]+)/([^/]+)", self._contract),
                (r"GET /contexts", lambda _: ["."]),
                (r"GET /v1/metadata/id", lambda _: {"id": "", "scope": {"path": [], "clusters": {}}}),
                (r"GET /v1/metadata/version", lambda _: {"version": paceline.__version__, "commitId": ""}),
            )
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        if scope["method"] in {"POST", "PUT"} and not _is_json(scope):
            # A page in a browser may send text to any address, but no JSON; nothing here is for pages.
            await _answer(send, Problem(status=415, error_code=415, message="send the body as application/json"))
            return
        body = await _read_body(receive)
        if body is None:
            await _answer(send, Problem(status=413, error_code=413, message=f"more than {LARGEST_BODY_BYTES} bytes"))
            return
        query = {name: values[-1] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        # The raw path keeps an encoded slash apart from one that separates.
        raw = scope.get("raw_path") or scope["path"].encode()
        path = raw.decode("latin-1").partition("?")[0].rstrip("/") or "/"
        try:
            answer = self._dispatch(scope["method"], path, query, body)
        except PacelineError as error:
            answer = Problem(status=500, error_code=50001, message=str(error))
        await _answer(send, answer)

    def _dispatch(self, method: str, path: str, query: dict[str, str], body: bytes) -> object:
        is_known = False
        for pattern, answer in self._routes:
            match = pattern.fullmatch(f"{method} {path}")
            if match is not None:
                parts = tuple(unquote(part) for part in match.groups() if part is not None)
                return answer(_Request(parts=parts, method=method, query=query, body=body))
            is_known = is_known or any(pattern.fullmatch(f"{other} {path}") for other in ("GET", "POST", "PUT"))
        return method_not_allowed(method) if is_known else not_found(path)

    # By id.

    def _schema_by_id(self, request: _Request) -> object:
        found = self._by_id(request)
        return found if isinstance(found, Problem) else {**_schema_value(found[0]), "guid": found[0].guid}

    def _text_by_id(self, request: _Request) -> object:
        found = self._by_id(request)
        return found if isinstance(found, Problem) else msgspec.Raw(found[0].text.encode())

    def _subjects_by_id(self, request: _Request) -> object:
        found = self._by_id(request)
        return found if isinstance(found, Problem) else _page(sorted({one.subject for one in found}), request)

    def _versions_by_id(self, request: _Request) -> object:
        found = self._by_id(request)
        if isinstance(found, Problem):
            return found
        return _page([{"subject": one.subject, "version": one.number} for one in found], request)

    def _by_id(self, request: _Request) -> list[RegisteredVersion] | Problem:
        written = request.parts[0]
        found = self.catalog.by_id.get(int(written), ()) if written.isascii() and written.isdigit() else ()
        subject = request.query.get("subject")
        chosen = [one for one in found if subject in (None, "", one.subject)]
        return chosen or unknown_schema()

    def _schema_by_guid(self, request: _Request) -> object:
        for versions in self.catalog.by_id.values():
            if versions[0].guid == request.parts[0]:
                return {**_schema_value(versions[0]), "guid": versions[0].guid, "id": versions[0].id}
        return unknown_schema()

    # By subject.

    def _list_schemas(self, request: _Request) -> object:
        prefix = request.query.get("subjectPrefix", "")
        latest_only = request.query.get("latestOnly") == "true"
        chosen = [
            _version_value(version)
            for subject, versions in self.catalog.subjects.items()
            if subject.startswith(prefix)
            for version in (versions[-1:] if latest_only else versions)
        ]
        return _page(chosen, request)

    def _list_subjects(self, request: _Request) -> object:
        if request.query.get("deleted_only", "").lower() == "true":
            return []
        prefix = request.query.get("subjectPrefix", "")
        return _page([subject for subject in self.catalog.subjects if subject.startswith(prefix)], request)

    def _list_versions(self, request: _Request) -> object:
        versions = self._versions(request)
        return versions if isinstance(versions, Problem) else _page([one.number for one in versions], request)

    def _version(self, request: _Request) -> object:
        found = self._one_version(request)
        return found if isinstance(found, Problem) else _version_value(found)

    def _text_of_version(self, request: _Request) -> object:
        found = self._one_version(request)
        return found if isinstance(found, Problem) else msgspec.Raw(found.text.encode())

    def _referenced_by(self, request: _Request) -> object:
        found = self._one_version(request)
        return found if isinstance(found, Problem) else []

    def _versions(self, request: _Request) -> list[RegisteredVersion] | Problem:
        versions = self.catalog.subjects.get(request.parts[0])
        return list(versions) if versions else unknown_subject(request.parts[0])

    def _one_version(self, request: _Request) -> RegisteredVersion | Problem:
        versions = self._versions(request)
        if isinstance(versions, Problem):
            return versions
        written = request.parts[1]
        if written in {"latest", "-1"}:
            return versions[-1]
        if not (written.isascii() and written.isdigit() and 0 < int(written) < 2**31):
            return invalid_version(written)
        if int(written) > len(versions):
            return unknown_version(request.parts[0], written)
        return versions[int(written) - 1]

    def _contract(self, request: _Request) -> object:
        """Not Confluent's: what a `dataschema` leads to where `--base-url` is this registry."""
        subject, version = request.parts
        found = [one for one in self.catalog.subjects.get(subject, ()) if one.contract.version == version]
        return msgspec.Raw(found[0].text.encode()) if found else not_found(f"/contracts/{subject}/{version}")

    # With a schema in the body.

    def _look_up(self, request: _Request) -> object:
        if request.parts[0] not in self.catalog.subjects:
            return unknown_subject(request.parts[0])
        schema = read_submission(request.body)
        if isinstance(schema, Problem):
            return schema
        found = self.catalog.find(request.parts[0], schema)
        return _version_value(found) if found is not None else unknown_schema()

    def _register(self, request: _Request) -> object:
        subject = request.parts[0]
        schema = read_submission(request.body)
        if isinstance(schema, Problem):
            return schema
        found = self.catalog.find(subject, schema)
        if found is None:
            if self._write is None:
                return not_permitted(_READ_ONLY)
            versions = list(self.catalog.subjects.get(subject, ()))
            fits, messages = check_compatibility(versions, schema, self._mode, self._policy)
            if not fits:
                head = f'Schema being registered is incompatible with an earlier schema for subject "{subject}"'
                return incompatible(f"{head}, details: [{', '.join(messages)}]")
            contract = next_contract(subject, versions, schema, self._owner)
            if isinstance(contract, Problem):
                return contract
            self.catalog = self._write(contract)
            written = (one for one in self.catalog.subjects[subject] if one.contract.version == contract.version)
            found = next(written)
        return {"id": found.id, "version": found.number, "guid": found.guid, **_schema_value(found)}

    def _test_one(self, request: _Request) -> object:
        version = self._one_version(request)
        return version if isinstance(version, Problem) else self._test([version], request)

    def _test_all(self, request: _Request) -> object:
        return self._test(list(self.catalog.subjects.get(request.parts[0], ())), request)

    def _test(self, versions: list[RegisteredVersion], request: _Request) -> object:
        schema = read_submission(request.body)
        if isinstance(schema, Problem):
            return schema
        fits, messages = check_compatibility(versions, schema, self._mode, self._policy)
        is_verbose = request.query.get("verbose", "").lower() == "true"
        return {"is_compatible": fits, **({"messages": messages} if is_verbose else {})}

    # What holds here.

    def _config(self, request: _Request) -> object:
        if request.parts and request.parts[0] not in self.catalog.subjects:
            return unknown_subject(request.parts[0])
        return {"compatibilityLevel": self._mode.value, "compatibilityPolicy": self._policy.name}

    def _registry_mode(self, request: _Request) -> object:
        if request.parts and request.parts[0] not in self.catalog.subjects:
            return unknown_subject(request.parts[0])
        return {"mode": "READONLY" if self._write is None else "READWRITE"}


def _schema_value(version: RegisteredVersion) -> dict[str, object]:
    return {"schemaType": SCHEMA_TYPE, "schema": version.text}


def _version_value(version: RegisteredVersion) -> dict[str, object]:
    return {
        "subject": version.subject,
        "version": version.number,
        "id": version.id,
        "guid": version.guid,
        **_schema_value(version),
    }


def _page(values: list[Any], request: _Request) -> list[Any]:
    """The part of a list that `offset` and `limit` ask for; a negative limit is none."""
    offset, limit = (_number(request.query.get(name)) for name in ("offset", "limit"))
    rest = values[max(offset or 0, 0) :]
    return rest[:limit] if limit is not None and limit >= 0 else rest


def _number(written: str | None) -> int | None:
    return int(written) if written and re.fullmatch(r"-?[0-9]{1,9}", written, re.ASCII) else None


def _is_json(scope: Scope) -> bool:
    kind: bytes = dict(scope["headers"]).get(b"content-type", b"").partition(b";")[0].strip().lower()
    return kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json"))


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body; None when it is too large."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > LARGEST_BODY_BYTES:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


async def _answer(send: Send, value: object) -> None:
    status = value.status if isinstance(value, Problem) else 200
    shown = {"error_code": value.error_code, "message": value.message} if isinstance(value, Problem) else value
    body = msgspec.json.encode(shown)
    headers = [(b"content-type", CONTENT_TYPE), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
