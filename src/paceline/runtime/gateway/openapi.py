"""The OpenAPI 3.1 document of the gateway, made from its routes, its limits and its contracts' names.

Published at /openapi.json without credentials: it says nothing that the documentation does not, and names no source.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import paceline
from paceline.runtime.gateway.door import Door

Schema = dict[str, object]


def describe_api(door: Door, collecting_paths: Sequence[str]) -> Schema:
    """The document. `collecting_paths` are the routes that take events."""
    paths: dict[str, object] = {path: {"post": _collecting(path, door)} for path in collecting_paths}
    paths["/v1/in/{source}"] = {"post": _webhook(door)}
    paths["/v1/projects/{write_key}/settings"] = {"get": _settings()}
    for path, summary in _pages.items():
        paths[path] = {"get": {"summary": summary, "responses": _page_responses(path)}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "paceline gateway", "version": paceline.__version__, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "securitySchemes": {
                "write_key": {"type": "http", "scheme": "basic", "description": "The write key as user, no password."}
            },
            "schemas": {"Accepted": _accepted, "Refused": _refused, "Event": _event(door), "Batch": _batch(door)},
        },
    }


def _collecting(path: str, door: Door) -> Schema:
    if path == "/v1/m":
        return {
            "summary": "What the browser SDK reports about itself; answered and dropped",
            "requestBody": _body({}),
            "responses": _responses(200, 400, 408, 413, 415, 431),
        }
    name = "Batch" if path in {"/v1/batch", "/v1/b", "/v1/import"} else "Event"
    return {
        "summary": f"Take in {'events' if name == 'Batch' else 'one event'}; 200 when they are on disk",
        "security": [{"write_key": []}, {}],
        "requestBody": _body({"$ref": f"#/components/schemas/{name}"}),
        "responses": _responses(200, 400, 401, 408, 413, 415, 429, 431, 503),
        "description": f"At most {door.limits.max_body_bytes} bytes after decompression (gzip).",
    }


def _webhook(door: Door) -> Schema:
    schemes = sorted({webhook.settings.scheme.value for webhook in door.webhooks.values()})
    return {
        "summary": "Take in a request that a vendor has signed",
        "description": f"Schemes in use: {', '.join(schemes) or 'none'}.",
        "parameters": [_path_parameter("source")],
        "requestBody": {"content": {"*/*": {"schema": {}}}},
        "responses": _responses(200, 400, 401, 404, 408, 410, 413, 415, 429, 431, 503),
    }


def _settings() -> Schema:
    return {
        "summary": "What the browser SDK loads before it sends",
        "parameters": [_path_parameter("write_key")],
        "responses": {**_page_responses(""), **_responses(400, 404)},
    }


def _path_parameter(name: str) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _body(schema: Schema) -> Schema:
    return {"required": True, "content": {"application/json": {"schema": schema}, "text/plain": {"schema": schema}}}


def _page_responses(path: str) -> Schema:
    document: Schema = {"description": "Good", "content": {"application/json": {"schema": {"type": "object"}}}}
    return {"200": document, **(_responses(503) if path == "/ready" else {}), **_responses(400, 431)}


def _responses(*statuses: int) -> Schema:
    return {str(status): _response(status) for status in statuses}


def _response(status: int) -> Schema:
    name = "Accepted" if status == 200 else "Refused"
    response: Schema = {
        "description": _meanings[status],
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}},
    }
    headers: dict[str, object] = {}
    if status in {429, 503}:
        headers["Retry-After"] = {"required": True, "schema": {"type": "integer", "minimum": 1}}
    if status in {413, 429, 431}:
        headers["x-paceline-limit"] = {"required": True, "schema": {"type": "string"}}
    return {**response, "headers": headers} if headers else response


def _event(door: Door) -> Schema:
    return {
        "type": "object",
        "description": f"An event of the Segment spec, at most {door.limits.max_event_bytes} bytes.",
        "properties": {
            "messageId": {"type": "string", "minLength": 1, "maxLength": 512},
            "event": {"type": "string", "minLength": 1, "maxLength": 512},
            "userId": {"type": ["string", "integer", "null"]},
            "anonymousId": {"type": ["string", "null"]},
            "writeKey": {"type": "string"},
        },
    }


def _batch(door: Door) -> Schema:
    return {
        "type": "object",
        "required": ["batch"],
        "properties": {
            "batch": {
                "type": "array",
                "maxItems": door.limits.max_batch_events,
                "items": {"allOf": [{"$ref": "#/components/schemas/Event"}, {"required": ["type"]}]},
            },
            "writeKey": {"type": "string"},
        },
    }


_pages: Mapping[str, str] = {
    "/health": "The process runs",
    "/ready": "Events can be stored now",
    "/.well-known/paceline": "The limits at the door and the newest contracts",
    "/openapi.json": "This document",
}
_meanings: Mapping[int, str] = {
    200: "On disk, with a verdict for each event",
    400: "The request, or the only event in it, cannot be kept as it is",
    401: "The write key is not known, or the signature does not hold",
    404: "There is nothing here",
    408: "The header or the body came too slowly",
    410: "The integration has ended",
    413: "The body or the batch is over a limit",
    415: "The content-encoding is neither gzip nor identity",
    429: "The source is over its quota",
    431: "The headers are over a limit",
    503: "Nothing was stored, for a reason on our side; come back later",
}
_accepted: Schema = {
    "type": "object",
    "required": ["success"],
    "properties": {
        "success": {"const": True},
        "events": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "verdict"],
                "properties": {
                    "id": {"type": "string"},
                    "verdict": {"enum": ["accepted", "quarantined", "rejected"]},
                    "reason": {"type": "string"},
                    "detail": {"type": "string"},
                    "warning": {"type": "string"},
                },
            },
        },
    },
}
_refused: Schema = {
    "type": "object",
    "required": ["success", "error"],
    "properties": {
        "success": {"const": False},
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "limit": {"type": "string"},
                "value": {"type": "number"},
                "actual": {"type": "number"},
                "retry_after_secs": {"type": "integer", "minimum": 1},
            },
        },
    },
}
