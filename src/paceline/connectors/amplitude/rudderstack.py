"""RudderStack's destination `AM` as integrations: the same requests, made by mappings that a team can read and change.

What it sends is described in https://www.rudderstack.com/docs/destinations/streaming-destinations/amplitude/ (read
2026-11-23); notes.md says where we do otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from paceline.exchange import user_agents
from paceline.exchange.integration import ImportedDestination, ImportedIntegration
from paceline.exchange.rudderstack_mappings import TIME, USER_IDS, first_text
from paceline.exchange.rudderstack_settings import required_text, rows_of, text_of
from paceline.model.delivery import Request
from paceline.model.event import EventType
from paceline.model.mapping import EVERY_EVENT, FieldRule, MappingFields, MappingFile, MappingFrom, MappingTo

_SELLS = (
    'type_of($.properties.products) == "list" and length($.properties.products) > 0 and exists($.properties.revenue)'
)
_HAS_REVENUE = "exists($.properties.revenue)"
_REVENUE_KEYS = '"revenue", "price", "quantity", "product_id", "productId", "revenue_type", "revenueType"'
_BAD_GROUP = 'refuse("the group\'s type must be text, and its name text or a number")'


def read_destination(config: Mapping[str, object], mappings: Mapping[str, MappingFile]) -> ImportedDestination:
    """The destination's events, and its groups, for which every group call makes a second request.

    Raises UsageError without an API key.
    """
    settings: dict[str, object] = {
        "api_key": required_text(config, "apiKey"),
        "region": "eu" if text_of(config, "residencyServer") == "EU" else "us",
    }
    if text_of(config, "apiSecret"):
        settings["secret_key"] = text_of(config, "apiSecret")
    integrations = [ImportedIntegration(settings=settings, mappings=_event_mappings(config))]
    if text_of(config, "groupTypeTrait"):
        groups = ImportedIntegration(settings=settings, mappings=(_group_properties(config),), purpose="groups")
        integrations.append(groups)
    return ImportedDestination(integrations=tuple(integrations))


def _event_mappings(config: Mapping[str, object]) -> tuple[MappingFile, ...]:
    return (
        *_track(config),
        _mapping("identify", EventType.IDENTIFY, _identify(config)),
        _mapping(
            "page", EventType.PAGE, {**_view(config), "event_type": _view_name("Page", "$.name ?? $.properties.name")}
        ),
        _mapping(
            "screen",
            EventType.SCREEN,
            {**_view(config), "event_type": _view_name("Screen", "$.name ?? $.event ?? $.properties.name")},
        ),
        _mapping("group", EventType.GROUP, _group(config)),
        _mapping("alias", EventType.ALIAS, _alias(), action="map_user_by_ingestion"),
    )


def _track(config: Mapping[str, object]) -> Sequence[MappingFile]:
    """Track events; orders with products apart, where each product becomes an event of its own."""
    once, each = config.get("trackProductsOnce") is True, config.get("trackRevenuePerProduct") is True
    plain = _mapping(
        "track",
        EventType.TRACK,
        {
            **_common(config),
            **_traits_of("$.context.traits ?? {}", address="$.context.traits.address"),
            "event_type": "$.event",
            "event_properties": f"if {_HAS_REVENUE} then $.properties | omit({_REVENUE_KEYS}) else $.properties",
            **_revenue("$.properties", when=_HAS_REVENUE),
        },
    )
    if once and not each:
        return (plain,)
    return (_order(config, keeps_products=once, has_revenue_by_product=each), plain)


def _order(config: Mapping[str, object], *, keeps_products: bool, has_revenue_by_product: bool) -> MappingFile:
    """An order and its products in one request, the order first."""
    whole = "$" if keeps_products else '$ | omit("products")'
    product, order = "$", whole
    if has_revenue_by_product:
        product = f"$ | omit({_REVENUE_KEYS})"
        revenue: dict[str, FieldRule | str] = {
            "productId": _text_if("index() > 0", "$.product_id ?? $.productId"),
            "revenueType": 'if index() > 0 then $$.properties.revenueType ?? $$.properties.revenue_type ?? "Purchased"',
            "price": "if index() > 0 then try($.price | number)",
            "quantity": "if index() > 0 then try($.quantity | integer)",
            "revenue": "if index() > 0 then try($.revenue | number)",
        }
    else:
        order = f"{whole} | omit({_REVENUE_KEYS})"
        revenue = _revenue("$", when="index() == 0")
    fields: MappingFields = {
        **_common(config, root="$$"),
        **_traits_of("$$.context.traits ?? {}", root="$$", address="$$.context.traits.address"),
        "event_type": 'if index() == 0 then $$.event else "Product Purchased"',
        "insert_id": 'if index() == 0 then $$.messageId else concat($$.messageId, "-", index())',
        "event_properties": f"if index() == 0 then {order} else {product}",
        **revenue,
    }
    products = FieldRule(each="[[$.properties], $.properties.products] | flatten", fields=fields)
    return _mapping("order", EventType.TRACK, {"events": products}, action="send_events", when=_SELLS)


def _revenue(place: str, *, when: str) -> dict[str, FieldRule | str]:
    kind = f'{place}.revenueType ?? {place}.revenue_type ?? "Purchased"'
    return {
        "revenue": f"if {when} then try({place}.revenue | number)",
        "price": f"if {when} then try({place}.price | number)",
        "quantity": f"if {when} then try({place}.quantity | integer)",
        "productId": _text_if(when, f"{place}.productId ?? {place}.product_id"),
        "revenueType": f"if {when} then {kind}",
    }


def _identify(config: Mapping[str, object]) -> MappingFields:
    """Traits as user properties, some of them by an operation that the destination names."""
    traits = "merge($.context.traits ?? {}, $.traits ?? {})"
    lists = {
        "$add": "traitsToIncrement",
        "$setOnce": "traitsToSetOnce",
        "$append": "traitsToAppend",
        "$prepend": "traitsToPrepend",
    }
    operations: MappingFields = {}
    others: list[str] = []
    for operation, setting in lists.items():
        names = [text_of(row, "traits") for row in rows_of(config, setting) if text_of(row, "traits")]
        if names:
            operations[f"user_properties.{operation}.*"] = f"{traits} | pick({_quoted(names)})"
            others += names
    kept = f"{traits} | omit({_quoted(others)})" if others else traits
    unset = '$.integrations.Amplitude.fieldsToUnset | map(concat(json(@), ":\\"-\\"")) | join(",")'
    fields: MappingFields = {
        **_common(config),
        **_traits_of(kept, address=f"({traits}).address"),
        **operations,
        "user_properties.$unset": f'from_json(concat("{{", {unset}, "}}"))',
        "event_type": "= $identify",
    }
    if text_of(config, "groupTypeTrait"):
        kind, name = _group_values(config, traits)
        fields["groups"] = f"if {_is_group(kind, name)} then {_one_key(kind, name)}"
    return fields


def _view(config: Mapping[str, object]) -> dict[str, FieldRule | str]:
    return {
        **_common(config),
        **_traits_of("$.context.traits ?? {}", address="$.context.traits.address"),
        "event_properties": "$.properties ?? missing()",
    }


def _view_name(kind: str, name: str) -> str:
    category = "$.category ?? $.properties.category"
    named = f'concat("Viewed ", {name} ?? {category}, " {kind}")'
    return f'if exists({name} ?? {category}) then {named} else "Loaded a {kind}"'


def _group(config: Mapping[str, object]) -> MappingFields:
    kind, name = _group_values(config, "$.traits")
    fields: MappingFields = {**_common(config), "event_type": "= $identify"}
    del fields["insert_id"]  # RudderStack sends none; the connector puts the delivery's id there
    one = f"if {_is_group(kind, name)} then {_one_key(kind, name)} else {_BAD_GROUP}"
    return {**fields, "groups": one, "user_properties.*": f"merge({one}, {_visit()})"}


def _group_properties(config: Mapping[str, object]) -> MappingFile:
    """Every group call's second request."""
    kind, name = _group_values(config, "$.traits")
    known = f"{{group_type: {kind}, group_value: {name}, group_properties: $.traits}} | json"
    fields: MappingFields = {"identification": f"[if {_is_group(kind, name)} then {known} else {_BAD_GROUP}]"}
    return _mapping("group_properties", EventType.GROUP, fields, action="identify_group")


def _alias() -> MappingFields:
    unmap = "$.integrations.Amplitude.unmap"
    who = f'if type_of({unmap}) == "text" then {unmap} else $.userId'
    removed = f"{{user_id: {who}, user_properties: {_visit()}, unmap: true}}"
    added = f"{{global_user_id: $.userId!, user_id: $.previousId!, user_properties: {_visit()}}}"
    return {"mapping": f"[(if exists({unmap}) then {removed} else {added}) | without_empty | json]"}


def _common(config: Mapping[str, object], root: str = "$") -> dict[str, FieldRule | str]:
    """What every event says about the person, the device, the place and the time."""
    context, agent = f"{root}.context", f"{root}.context.userAgent"
    is_web = f'{root}.channel == "web" and exists({agent})'
    is_mobile = f'{root}.channel == "mobile"'
    is_apple = f'{context}.device.type | lower in ["ios", "ipados", "watchos", "tvos"]'
    brand = f"{context}.device.brand"
    if config.get("mapDeviceBrand") is not True:
        brand = f"if {is_mobile} then {context}.device.manufacturer"
    fields: dict[str, FieldRule | str] = {
        "user_id": first_text(USER_IDS).replace("$.", f"{root}."),
        "device_id": f"(if {is_mobile} then {context}.device.id) ?? {root}.anonymousId | string",
        "time": f"{TIME} | unix_ms".replace("$.", f"{root}."),
        "insert_id": f"{root}.messageId",
        "session_id": f"try({root}.session_id | integer) ?? try({context}.sessionId | integer) ?? -1",
        "event_id": f"{root}.integrations.Amplitude.event_id",
        "library": FieldRule(value="= rudderstack", note="As before the switch; say what you like here."),
        "os_name": f"if {is_web} then ({user_agents.browser(agent)}) else {context}.os.name",
        "os_version": f"if {is_web} then ({user_agents.browser_version(agent)}) else {context}.os.version",
        "platform": f'if {root}.channel == "web" then "Web" else {context}.device.type',
        "device_model": f"if {is_web} then ({user_agents.device(agent)}) else {context}.device.model",
        "device_manufacturer": f"{context}.device.manufacturer",
        "device_brand": brand,
        "idfv": f"if {is_mobile} and {is_apple} then {context}.device.id",
        "idfa": f"if {is_mobile} and {is_apple} then {context}.device.advertisingId",
        "adid": f'if {is_mobile} and {context}.device.type | lower == "android" then {context}.device.advertisingId',
        "app_name": f"{context}.app.name",
        "app_version": f"{context}.app.version",
        "language": f"{context}.locale",
        "carrier": f"{context}.network.carrier",
        "ip": f"{context}.ip ?? {root}.request_ip",
        "country": _place(root, "country"),
        "city": _place(root, "city"),
        "region": f"{context}.location.region",
        "dma": f"{context}.location.dma",
        "location_lat": f"{context}.location.latitude",
        "location_lng": f"{context}.location.longitude",
    }
    optional = set(fields) - {"user_id", "device_id", "time", "session_id", "library", "platform"}
    return {name: f"({rule}) ?? missing()" if name in optional else rule for name, rule in fields.items()}


def _place(root: str, name: str) -> str:
    traits = f"{root}.traits.address.{name} ?? {root}.context.traits.address.{name}"
    return f"{root}.context.location.{name} ?? {traits}"


def _traits_of(traits: str, *, address: str, root: str = "$") -> dict[str, FieldRule | str]:
    """User properties: the traits without city and country, which have fields of their own, and how the visit began."""
    kept = f'if type_of({address}) == "object" then {address} | omit("city", "country") else {address}'
    known = f'({traits}) | omit("city", "country", "address")'
    return {"user_properties.*": f"merge({known}, {{address: {kept}}}, {_visit(root)})"}


def _visit(root: str = "$") -> str:
    page = f"{root}.context.page"
    first = ", ".join(f"{name}: {page}.{name}" for name in ("initial_referrer", "initial_referring_domain"))
    return f'merge({{{first}}}, {{utm: {root}.context.campaign}} | flatten_keys("_") | without_empty("objects"))'


def _group_values(config: Mapping[str, object], traits: str) -> tuple[str, str]:
    """Where a group's type and name are found; nowhere when the destination does not say."""
    names = [text_of(config, setting) for setting in ("groupTypeTrait", "groupValueTrait")]
    kind, name = (f"(({traits}) | get({_quoted([one])}))" for one in names)
    return kind, name


def _is_group(kind: str, name: str) -> str:
    return f'type_of({kind}) == "text" and type_of({name}) in ["text", "number"]'


def _one_key(kind: str, name: str) -> str:
    """An object with one key that is itself looked up."""
    return f'from_json(concat("{{", json({kind}), ":", json({name}), "}}"))'


def _text_if(condition: str, value: str) -> str:
    return f"if {condition} then {value} | string"


def _quoted(names: Sequence[str]) -> str:

    return ", ".join(msgspec.json.encode(name).decode() for name in names)


def _mapping(
    name: str,
    kind: EventType,
    fields: Mapping[str, FieldRule | str],
    *,
    action: str = "send_event",
    when: str | None = None,
) -> MappingFile:
    return MappingFile(
        mapping=f"{name}.amplitude",
        version=1,
        from_=MappingFrom(type=kind, event=EVERY_EVENT if kind is EventType.TRACK else ""),
        to=MappingTo(connector="amplitude", action=action),
        when=when,
        fields=dict(fields),
    )


def write_requests(request: Request) -> list[Request]:
    """RudderStack makes a request of every event that an order becomes; its router joins them again."""
    if not isinstance(request.body, dict) or "events" not in request.body:
        return [request]
    body = request.body
    return [msgspec.structs.replace(request, body={**body, "events": [event]}) for event in body["events"]]
