"""The file kinds of a connector, `manifest.yaml` and `actions.yaml`: what is known about one vendor's API, as data.

A connector is a folder with the same file names for every vendor:

    manifest.yaml   where the vendor is, how to authenticate, settings, limits, what its answers mean
    actions.yaml    what can be done there: method, path, how payloads become a body, the payload's JSON Schema
    connector.py    only where data cannot say it: pure functions `build`, `follow_up` and `read`
    mappings/       ready-made mappings from the Segment spec, in the form and with the names of a workspace's
    tests/          their contract tests
    rudderstack.py  a pure function `read_destination`: RudderStack's configuration as integrations
    notes.md        facts with source and date, and the vendor's habits
    quality.yaml    rules of the quality ladder: done, todo or exempt with a reason

In URLs and paths `{name}` stands for a setting and `{payload.a.b}` for a value of the payload. There are no
other templates: every other place names a setting or a payload path directly.
"""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from paceline.model.delivery import BodyFormat, OutcomeClass

ConnectorName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$", description="Lower-case words joined by _.")]
SettingName = Annotated[str, Meta(description="A key of the connector's settings.")]
Pointer = Annotated[
    str, Meta(pattern=r"^(/[^/]*)*$", description="A JSON Pointer (RFC 6901); the empty one is the whole value.")
]
Keys = Annotated[list[str], Meta(min_length=1, description="A path of object keys, outermost first.")]
HttpMethod = Annotated[str, Meta(pattern=r"^(GET|POST|PUT|PATCH|DELETE)$")]
StatusPattern = Annotated[
    str, Meta(pattern=r"^[1-5]([0-9][0-9]|xx)$", description="A status such as `429`, or a hundred such as `5xx`.")
]


# How to authenticate. Every field that says `setting` names a key of the settings, never a value.


class NoAuth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="none"):
    """Nothing to prove, or the URL itself is the secret."""


class BasicAuth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="basic"):
    """RFC 7617. A part without a setting is sent as `username`/`password` says (`anystring`, or empty)."""

    username_setting: SettingName | None = None
    password_setting: SettingName | None = None
    username: str = ""
    password: str = ""


class BearerAuth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="bearer"):
    """`Authorization: Bearer <token>`."""

    token_setting: SettingName


class HeaderAuth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="header"):
    """A secret in a header of the vendor's own, after `prefix` (`Klaviyo-API-Key `).

    `other_names` are headers in which the vendor takes it, too; nothing is sent in them.
    """

    header: str
    setting: SettingName
    prefix: str = ""
    other_names: list[str] = []


class QueryAuth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="query"):
    """Credentials in the query string, by parameter name. A setting that is not given sends no parameter."""

    parameters: Annotated[dict[str, SettingName], Meta(min_length=1)]


class BodyAuth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="body"):
    """Credentials at the top of the body, by field name."""

    fields: Annotated[dict[str, SettingName], Meta(min_length=1)]


class OAuth2Grant(enum.StrEnum):
    """How an access token is had (RFC 6749, sections 4.4 and 6)."""

    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a grant
    CLIENT_CREDENTIALS = "client_credentials"


class OAuth2Auth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="oauth2"):
    """A bearer token that somebody else fetches and keeps fresh: it arrives as the setting `access_token`.

    An account whose settings give `access_token` themselves has one that does not end (a private app's): it is used as
    it is. A `refresh_token_setting` that is given makes the grant `refresh_token`, whatever `grant` says: vendors offer
    both. `token_url` may hold placeholders. `base_url_from` names the field of the token answer that has the base URL,
    for vendors that tell it only then (Salesforce's `instance_url`); it arrives as the setting of the same name.
    """

    grant: OAuth2Grant
    token_url: str
    client_id_setting: SettingName = "client_id"
    client_secret_setting: SettingName = "client_secret"  # noqa: S105 - the name of a setting
    refresh_token_setting: SettingName | None = None
    scopes: list[str] = []
    base_url_from: str | None = None


class SignatureAuth(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="standard_webhooks"
):
    """Every request is signed by Standard Webhooks, when the setting is given."""

    secret_setting: SettingName


Auth = NoAuth | BasicAuth | BearerAuth | HeaderAuth | QueryAuth | BodyAuth | OAuth2Auth | SignatureAuth


# What an answer means.


class CodeRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vendor's code in the body that beats the status: where `at` holds one of `codes`, the class is `means`.

    Without `codes` any value that is there, neither null nor false, matches. Codes are compared as text, so `190`
    and `"190"` are the same. `statuses` limits the rule; the first rule that matches wins.
    """

    at: Pointer
    codes: list[str | int | bool] | None = None
    statuses: list[StatusPattern] | None = None
    means: OutcomeClass


class ItemResults(enum.StrEnum):
    """In what form a vendor says what became of each item of a batch."""

    RESULTS = "results"
    """A list with one entry an item, in the order sent."""
    FAILURES = "failures"
    """A list of the items that failed, each entry with its index."""
    INDEXES = "indexes"
    """A list of the indexes that failed."""


class ItemTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an answer speaks about single items. Items that it does not mention are ok (`FAILURES`, `INDEXES`).

    `at` finds the list. Inside an entry: `index_at` the item's place (from 0), `ok_at` a value that is true for
    success (`RESULTS`), `code_at` and `message_at` what went wrong, `codes` what the codes mean. `otherwise` is the
    class of a failed item whose code is not listed. The table only applies to `statuses`.
    """

    statuses: Annotated[list[StatusPattern], Meta(min_length=1)]
    form: ItemResults
    at: Pointer
    index_at: Pointer = ""
    ok_at: Pointer | None = None
    code_at: Pointer | None = None
    message_at: Pointer | None = None
    codes: dict[str, OutcomeClass] = {}
    otherwise: OutcomeClass = OutcomeClass.PERMANENT


class WaitUnit(enum.StrEnum):
    """How a header says how long to wait."""

    HTTP = "http"
    """Whole seconds or an HTTP date (RFC 9110, section 10.2.3)."""
    SECS = "secs"
    MS = "ms"
    EPOCH_SECS = "epoch_secs"
    EPOCH_MS = "epoch_ms"


class WaitHeader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A header that says when to come back. Names are lower-case."""

    header: Annotated[str, Meta(pattern=r"^[a-z0-9-]+$")]
    unit: WaitUnit = WaitUnit.HTTP


class AnswerTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What this vendor's answers mean, over the default table of GUARANTEES.md.

    Order: `codes`, then `items` (the first table whose list is there), then `statuses` (an exact status before a
    hundred), then the default table.
    """

    statuses: dict[StatusPattern, OutcomeClass] = {}
    codes: list[CodeRule] = []
    items: list[ItemTable] = []
    code_at: list[Pointer] = []
    message_at: list[Pointer] = []
    retry_after: list[WaitHeader] = msgspec.field(default_factory=lambda: [WaitHeader(header="retry-after")])


# The manifest.


class RateLimit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the vendor allows one credential: `requests` in every `per_secs`."""

    requests: Annotated[int, Meta(ge=1)]
    per_secs: Annotated[float, Meta(gt=0)]
    note: str = ""


class Batch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one request may carry. Bytes are of the body as sent, and of one payload."""

    max_items: Annotated[int, Meta(ge=1)] = 1
    max_bytes: Annotated[int, Meta(ge=1)] = 1024 * 1024
    max_item_bytes: Annotated[int, Meta(ge=1)] | None = None


class IdPlace(enum.StrEnum):
    """Where a vendor takes an idempotency key."""

    ITEM = "item"
    HEADER = "header"
    NONE = "none"


class IdForm(enum.StrEnum):
    """In what form. ULID and UUID are computed from the delivery's id, so they are as constant as it is."""

    TEXT = "text"
    UUID = "uuid"
    ULID = "ulid"


class Idempotency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the vendor recognises a delivery that it has seen: `field` of the item, or a header, in some form.

    A value that the mapping gives wins. `window_hours` is how long the vendor remembers, None when it does not say.
    """

    place: IdPlace
    field: str = ""
    form: IdForm = IdForm.TEXT
    window_hours: float | None = None


class SampleAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer in the vendor's own form. A body of null is an empty one."""

    status: Annotated[int, Meta(ge=200, le=599)]
    body: object = None
    headers: dict[str, str] = {}


class SampleAnswers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How this vendor speaks; the fake vendor answers with them, and tests hold them against the answer table.

    `partial` is an answer to a batch in which some items failed: the list that the first table of `answers.items`
    points at is filled with copies of its entry, one a failed item. Vendors without such a table need none.
    """

    accepted: SampleAnswer = SampleAnswer(status=200)
    refused: SampleAnswer = SampleAnswer(status=400)
    unauthorized: SampleAnswer = SampleAnswer(status=401)
    throttled: SampleAnswer = SampleAnswer(status=429)
    failing: SampleAnswer = SampleAnswer(status=503)
    partial: SampleAnswer | None = None


class DocsLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A page that facts were taken from, and the day it was read."""

    title: str
    url: str
    read: str


class Language(enum.StrEnum):
    """A language in which a vendor offers a client library."""

    PYTHON = "python"
    JAVASCRIPT = "javascript"
    """TypeScript too."""


class Sdk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client library of the vendor, by which `paceline debt` recognizes code that calls the vendor by itself.

    `modules` are what programs import; the package's name when left out. `redirects` names the options (or attributes)
    that send the library's requests to another host, such as your own gateway: then it is no call to the vendor.
    """

    language: Language
    package: Annotated[str, Meta(description="Its name at PyPI or npm.")]
    modules: list[str] = []
    redirects: list[str] = []


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One vendor.

    `base_urls` are by region; the setting `region` chooses, `default_region` when it is not given. `settings` is a JSON
    Schema (2020-12) whose properties carry `secret: true` where they are credentials. `hosts_fixed` is false where the
    user says which host to call. `names_elsewhere` is what other systems call this vendor (`rudderstack: am`).
    `other_hosts` are further hosts of the vendor's APIs and `sdks` its client libraries, by which code that calls the
    vendor by itself is found.
    """

    connector: ConnectorName
    title: str
    description: str
    api_version: str
    docs: Annotated[list[DocsLink], Meta(min_length=1)]
    base_urls: Annotated[dict[str, str], Meta(min_length=1)]
    default_region: str
    hosts_fixed: bool = True
    other_hosts: list[str] = []
    sdks: list[Sdk] = []
    names_elsewhere: dict[str, str] = {}
    auth: Auth
    headers: dict[str, str] = {}
    settings: dict[str, object]
    rate_limits: list[RateLimit] = []
    batch: Batch = Batch()
    idempotency: Idempotency = Idempotency(place=IdPlace.NONE)
    ordered: bool
    answers: AnswerTable = AnswerTable()
    samples: SampleAnswers = SampleAnswers()


# Actions.


class BodyShape(enum.StrEnum):
    """How payloads become a body."""

    OBJECT = "object"
    """The body is the payload: one item a request."""
    ARRAY = "array"
    """The body is the list of items."""
    WRAPPED = "wrapped"
    """The body is an object with the list of items under `under`."""
    JOINED = "joined"
    """The body has a list under each key of the payloads; a payload adds one entry there, or a list of entries."""


class BodyRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the body is made.

    `constants` are at its top, `settings` puts settings there (field name -> setting), `sent_at` names a field for the
    time of sending (ISO 8601). `shared` lists the payload's fields that are said once for all items: they move from the
    items to the top, and only items that agree in them share a request.
    """

    format: BodyFormat = BodyFormat.JSON
    shape: BodyShape = BodyShape.OBJECT
    under: Keys | None = None
    constants: dict[str, object] = {}
    settings: dict[str, SettingName] = {}
    sent_at: str | None = None
    shared: list[str] = []


class ItemRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is put around each payload: `constants` beside it, and `under` when the payload is not at the item's top."""

    under: Keys | None = None
    constants: dict[str, object] = {}


class Action(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that can be done at a vendor.

    `payload` is the JSON Schema (2020-12) of what a mapping makes; `x-pii` in it lists the kinds of personal data that
    belong there. `omit` lists payload fields that only serve the path and do not go into the body. Whatever is given
    here and in the manifest, this one counts: `base_urls` (for the same regions) and `auth`, too, where a vendor keeps
    an API apart, such as deletion. `other_paths` are where the vendor takes the same request, too, such as an older
    version of its API that its client libraries still speak; nothing is sent there.
    """

    title: str
    description: str = ""
    base_urls: dict[str, str] | None = None
    auth: Auth | None = None
    method: HttpMethod = "POST"
    path: str
    other_paths: list[str] = []
    query: dict[str, str] = {}
    query_settings: dict[str, SettingName] = {}
    headers: dict[str, str] = {}
    body: BodyRule = BodyRule()
    item: ItemRule = ItemRule()
    omit: list[str] = []
    batch: Batch | None = None
    idempotency: Idempotency | None = None
    answers: AnswerTable | None = None
    payload: dict[str, object]
    deletes: bool = False


class ActionsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The actions of one connector, by name."""

    actions: Annotated[dict[ConnectorName, Action], Meta(min_length=1)]


class RuleState(enum.StrEnum):
    """Where a connector stands with one rule of the quality ladder."""

    DONE = "done"
    TODO = "todo"
    EXEMPT = "exempt"


class RuleStatus(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule; an exemption needs its reason."""

    status: RuleState
    reason: str = ""


class QualityFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The quality ladder of one connector, by rule."""

    rules: dict[str, RuleState | RuleStatus]
