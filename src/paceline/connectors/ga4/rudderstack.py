"""RudderStack's Google Analytics 4 destination (`GA4`) in cloud mode, as an integration here.

Track, page and group calls go to the Measurement Protocol. Events of RudderStack's e-commerce specification, written in
whatever case, become Google's recommended events; what a property is not mapped to becomes a parameter of its own name.
Read from its guide
(https://www.rudderstack.com/docs/destinations/streaming-destinations/google-analytics-4/cloud-mode/, read 2026-11-23)
and from its public cases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from paceline.errors import UsageError
from paceline.exchange.integration import ImportedDestination, ImportedIntegration
from paceline.exchange.loss import Loss
from paceline.exchange.rudderstack_mappings import TIME, USER_IDS, first_of, first_text
from paceline.exchange.rudderstack_settings import required_text, rows_of, text_of
from paceline.model.event import EventType
from paceline.model.mapping import FieldRule, MappingFields, MappingFile, MappingFrom, MappingTo

_P = "$.properties"
_NAME = '($.event | trim | lower | replace(" ", "_"))'
_VALUE = ("total", "value", "revenue")
_PRICED = ("total", "price", "value", "revenue")
_SCALARS = '["text", "number", "boolean"]'

# Google's field of an item <- RudderStack's.
_ITEM = {
    "item_id": "product_id",
    "item_name": "name",
    "coupon": "coupon",
    "item_category": "category",
    "item_brand": "brand",
    "item_variant": "variant",
    "price": "price",
    "quantity": "quantity",
    "index": "position",
}
_ITEM_NUMBERS = frozenset({"price", "quantity", "index"})
_SAME_IN_ITEM = (
    *("affiliation", "currency", "discount", "item_list_id", "item_list_name", "location_id"),
    *(f"item_category{level}" for level in range(2, 6)),
)
_ITEM_SOURCES = (*_ITEM.values(), *_SAME_IN_ITEM)
_COMMON = {
    "engagement_time_msec": ("engagementTimeMsec", "engagement_time_msec"),
    "session_id": ("sessionId", "session_id"),
    "session_number": ("sessionNumber", "session_number"),
}
_RESERVED_USER_PROPERTIES = (
    *("first_open_time", "first_visit_time", "last_deep_link_referrer", "user_id", "first_open_after_install"),
)


class _Special(msgspec.Struct, frozen=True, kw_only=True):
    """An event that Google has a name for. `params` are Google's parameter <- RudderStack's, the first that is there.

    `numbers` names the parameters that are numbers. `products` says where items come from: the list of products, the
    properties themselves, or whichever there is. `times` multiplies price and quantity where there is no value.
    """

    name: str
    params: Mapping[str, Sequence[str]] = {}
    numbers: frozenset[str] = frozenset({"value", "shipping", "tax"})
    products: str = ""
    times: bool = False
    currency: str = ""


_SHARED: Mapping[str, Sequence[str]] = {"method": ["share_via"], "content_type": ["content_type"]}
_PAID: Mapping[str, Sequence[str]] = {"currency": ["currency"], "value": _VALUE, "coupon": ["coupon"]}
_ORDER: Mapping[str, Sequence[str]] = {
    **_PAID,
    "transaction_id": ["order_id"],
    "shipping": ["shipping"],
    "tax": ["tax"],
}
_LIST: Mapping[str, Sequence[str]] = {"item_list_id": ["list_id"], "item_list_name": ["category"]}
_PROMOTION: Mapping[str, Sequence[str]] = {
    "creative_name": ["creative_name", "creative"],
    "creative_slot": ["creative_slot", "position"],
    "promotion_id": ["promotion_id"],
    "promotion_name": ["promotion_name", "name"],
}
_SPECIAL: Mapping[str, _Special] = {
    "products_searched": _Special(name="search", params={"search_term": ["query"]}),
    "product_list_viewed": _Special(name="view_item_list", params=_LIST, products="list"),
    "promotion_viewed": _Special(name="view_promotion", params=_PROMOTION, products="list"),
    "promotion_clicked": _Special(name="select_promotion", params=_PROMOTION, products="list"),
    "product_clicked": _Special(name="select_item", params=_LIST, products="root"),
    "product_viewed": _Special(name="view_item", params={"currency": ["currency"], "value": _PRICED}, products="root"),
    "product_added": _Special(
        name="add_to_cart", params={"currency": ["currency"], "value": _VALUE}, products="either", times=True
    ),
    "product_removed": _Special(
        name="remove_from_cart", params={"currency": ["currency"], "value": _VALUE}, products="either", times=True
    ),
    "product_added_to_wishlist": _Special(
        name="add_to_wishlist", params={"currency": ["currency"], "value": _PRICED}, products="either"
    ),
    "cart_viewed": _Special(name="view_cart", params={"currency": ["currency"], "value": _VALUE}, products="list"),
    "checkout_started": _Special(name="begin_checkout", params=_PAID, products="list"),
    "checkout_step_completed": _Special(
        name="add_shipping_info", params={**_PAID, "shipping_tier": ["shipping_method"]}, products="list"
    ),
    "payment_info_entered": _Special(
        name="add_payment_info", params={**_PAID, "payment_type": ["payment_method"]}, products="list"
    ),
    "order_completed": _Special(name="purchase", params=_ORDER, products="list"),
    "order_refunded": _Special(name="refund", params=_ORDER, products="list"),
    "product_shared": _Special(name="share", params={**_SHARED, "item_id": ["item_id", "product_id", "sku"]}),
    "cart_shared": _Special(name="share", params={**_SHARED, "item_id": ["item_id", "cart_id"]}),
    "generate_lead": _Special(
        name="generate_lead",
        params={"currency": ["currency"], "value": ["value", "total", "price", "revenue"]},
        currency="USD",
    ),
    "view_search_results": _Special(
        name="view_search_results", params={"search_term": ["search_term"]}, products="list"
    ),
}

_LOSSES = (
    Loss(
        about="ga4",
        message="parameters whose names Google does not take (customProp-1) get names that it takes (customProp_1), "
        "and texts are cut at Google's 100 characters; at most 20 parameters of an event's own are sent",
    ),
    Loss(
        about="ga4",
        message="every trait in context.traits becomes a user property, as at RudderStack",
        hint="Google forbids personal data; name the traits that you want in the mappings",
    ),
)
_IDENTIFY = Loss(
    about="ga4",
    message="identify calls are not delivered: RudderStack's guide of 2022 made login, sign_up and generate_lead of "
    "them, its present one has no identify calls in cloud mode",
    hint="map identify to send_event with one of these names",
)


def read_destination(config: Mapping[str, object], mappings: Mapping[str, MappingFile]) -> ImportedDestination:
    """The destination as one integration. Raises UsageError without an API secret or the id of its stream."""
    is_app = text_of(config, "typesOfClient").lower() == "firebase"
    stream = "firebaseAppId" if is_app else "measurementId"
    settings = {
        "api_secret": required_text(config, "apiSecret"),
        "firebase_app_id" if is_app else "measurement_id": required_text(config, stream),
    }
    envelope = _envelope(config, is_app=is_app)
    every_track = MappingFrom(event="*")
    # Most events are a team's own: one condition for them, and one each for those that Google has a name for.
    names = ", ".join(_quoted(name) for name in _SPECIAL)
    own = {"name": _NAME, **_params(config, {}, _P)}
    page = {"name": "= page_view", **_params(config, {}, _P)}
    made = (
        _mapping("track", every_track, own, envelope, when=f"not ({_NAME} in [{names}])"),
        *(
            _mapping(name, every_track, _special(special, config), envelope, when=f'{_NAME} == "{name}"')
            for name, special in _SPECIAL.items()
        ),
        _mapping("page", MappingFrom(type=EventType.PAGE), page, envelope),
        _mapping("group", MappingFrom(type=EventType.GROUP), _group(config), envelope),
    )
    integration = ImportedIntegration(settings=settings, mappings=made)
    asks = [key for key in ("enableServerSideIdentify", "sendLoginSignup", "generateLead") if config.get(key) is True]
    losses = (*_LOSSES, _IDENTIFY) if asks else _LOSSES
    return ImportedDestination(integrations=(integration,), losses=losses)


def _envelope(config: Mapping[str, object], *, is_app: bool) -> MappingFields:
    """Who it was and when: what stands beside the event in a request."""
    client: MappingFields = (
        {"app_instance_id": f'({_external("ga4AppInstanceId")}) | required("no ga4AppInstanceId")'}
        if is_app
        else {"client_id": _client_id(config)}
    )
    age = f"((now() | unix_ms) - ({TIME} | unix_ms))"
    return {
        **client,
        "user_id": first_text(USER_IDS),
        "timestamp_micros": FieldRule(
            value=f'if {age} > 259200000 then refuse("older than 72 hours") '
            f'else if {age} < -900000 then refuse("more than 15 minutes in the future") '
            f"else ({TIME} | unix_ms) * 1000",
            note="Google takes events of the last 72 hours; 15 minutes are for clocks that run ahead",
        ),
        "non_personalized_ads": "if exists($.context.device.adTrackingEnabled)"
        " then not ($.context.device.adTrackingEnabled | boolean)",
        "user_properties": _user_properties(config),
    }


def _client_id(config: Mapping[str, object]) -> str:
    named = text_of(config, "clientIdFieldIdentifier")
    if named and not all(step.isidentifier() for step in named.split(".")):
        raise UsageError(f"{named!r} is no path of names and dots", where="clientIdFieldIdentifier")
    places = [
        *([f"$.{named}"] if named else []),
        *(f'$.integrations."{name}".clientId' for name in _INTEGRATION_NAMES),
    ]
    others = [_external("ga4ClientId"), first_of("$.anonymousId", "$.rudderId")]
    return f"({' ?? '.join([first_of(*places), *others])}) | string"


_INTEGRATION_NAMES = ("Google Analytics 4 (GA4)", "Google Analytics 4", "GA4")


def _external(kind: str) -> str:
    """The id of one type in `context.externalId`."""
    return f'($.context.externalId[?@.type == "{kind}"].id | first)'


def _user_properties(config: Mapping[str, object]) -> str:
    ignored = [text_of(row, "piiProperty") for row in rows_of(config, "piiPropertiesToIgnore")]
    left_out = ", ".join(_quoted(name) for name in [*_RESERVED_USER_PROPERTIES, *filter(None, ignored)])
    kept = (
        f"merge($.context.traits ?? {{}}, {_P}.user_properties ?? {{}}) | omit({left_out}) | entries"
        f" | filter(type_of(@.value) in {_SCALARS} and not is_blank(@.value) and {_is_free('@.key')})"
        f" | map({{key: {_legal('@.key')} | truncate(24), value: {{value: {_cut('@.value', 36)}}}}})"
        " | slice(0, 25) | from_entries"
    )
    return f"{kept} | without_empty"


def _special(special: _Special, config: Mapping[str, object]) -> MappingFields:
    params: dict[str, str] = {}
    for target, sources in special.params.items():
        found = " ?? ".join(f"{_P}.{source}" for source in sources)
        if special.times and target == "value":
            found += f" ?? (({_P}.price | number) * (({_P}.quantity | number) ?? 1))"
        params[target] = f"({found}) | number" if target in special.numbers else found
    if special.currency:
        params["currency"] += f' ?? "{special.currency}"'
    # A price that only stands in for a value stays a parameter of its own.
    used = {source for sources in special.params.values() for source in sources} - {"price", "quantity"}
    fields = _params(config, params, _P, used=sorted(used), products=special.products)
    return {"name": f"= {special.name}", **fields}


def _group(config: Mapping[str, object]) -> MappingFields:
    group = {"group_id": "$.groupId ?? $.traits.groupId"}
    return {"name": "= join_group", **_params(config, group, "$.traits", used=["groupId"])}


def _params(
    config: Mapping[str, object],
    params: Mapping[str, str],
    source: str,
    *,
    used: Sequence[str] = (),
    products: str = "",
) -> MappingFields:
    """The parameters: those that are named, those that every event has, and all other properties by their own names."""
    common = {target: " ?? ".join(f"{source}.{name}" for name in names) for target, names in _COMMON.items()}
    common["engagement_time_msec"] += " ?? 1"
    common["session_id"] += " ?? " + " ?? ".join(
        ["$.context.sessionId", *(f'$.integrations."{name}".sessionId' for name in _INTEGRATION_NAMES)]
    )
    page = {
        "page_location": "$.context.page.url | truncate(1000)",
        "page_referrer": "$.context.page.referrer | truncate(420)",
        "page_title": "$.context.page.title | truncate(300)",
    }
    fields: MappingFields = {f"params.{name}": value for name, value in {**common, **page, **params}.items()}
    if text_of(config, "debugMode") or config.get("debugMode") is True:
        fields["params.debug_mode"] = "true"
    left_out = ["user_properties", *(name for names in _COMMON.values() for name in names), *used]
    if products:
        fields["params.items"] = _items(products)
        left_out.append("products")
    rest = _custom(source, left_out)
    match products:
        case "root":
            rest = _custom(source, [*left_out, *_ITEM_SOURCES])
        case "either":
            rest = f"if {_HAS_LIST} then ({rest}) else ({_custom(source, [*left_out, *_ITEM_SOURCES])})"
    return {**fields, "params.*": rest}


_HAS_LIST = f'type_of({_P}.products) == "list"'


def _custom(source: str, left_out: Sequence[str]) -> str:
    names = ", ".join(_quoted(name) for name in dict.fromkeys(left_out))
    number = 'if @.key == "value" then try(@.value | number) else '
    return (
        f'{source} | omit({names}) | flatten_all("_") | entries'
        f" | filter(type_of(@.value) in {_SCALARS} and not is_blank(@.value) and {_is_free('@.key')})"
        f" | map({{key: {_legal('@.key')} | truncate(40), value: {number}{_cut('@.value', 100)}}})"
        " | slice(0, 20) | from_entries"
    )


def _items(products: str) -> str:
    of_list = f"{_P}.products | map({_item('@', is_whole=True)})"
    of_root = f"[{_item(_P, is_whole=False)}]"
    match products:
        case "root":
            return of_root
        case "either":
            return f"if {_HAS_LIST} then ({of_list}) else {of_root}"
        case _:
            return f"if {_HAS_LIST} then ({of_list})"


def _item(source: str, *, is_whole: bool) -> str:
    """One item. A product's own fields stay with it; properties that are no product's become parameters instead."""
    made = ", ".join(
        f"{target}: {source}.{name} | number" if target in _ITEM_NUMBERS else f"{target}: {source}.{name}"
        for target, name in _ITEM.items()
    )
    names = ", ".join(_quoted(name) for name in (_ITEM.values() if is_whole else _SAME_IN_ITEM))
    rest = f"{source} | {'omit' if is_whole else 'pick'}({names})"
    kept = f"if type_of(@) in {_SCALARS} then {_cut('@', 100)}"
    return f"merge({rest}, {{{made}}}) | map_values({kept})"


def _is_free(name: str) -> str:
    """Whether Google lets others use a name."""
    prefixes = ("google_", "ga_", "firebase_")
    return " and ".join(f'not ({name} | starts_with("{prefix}"))' for prefix in prefixes)


def _legal(name: str) -> str:
    """A name with `_` where Google takes no other character."""
    return name + "".join(f' | replace("{sign}", "_")' for sign in " -.$:/")


def _cut(value: str, most: int) -> str:
    return f'if type_of({value}) == "text" then ({value} | truncate({most})) else {value}'


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _mapping(
    name: str, taken: MappingFrom, fields: MappingFields, envelope: MappingFields, *, when: str | None = None
) -> MappingFile:
    return MappingFile(
        mapping=f"{name}.ga4",
        version=1,
        from_=taken,
        to=MappingTo(connector="ga4", action="send_event"),
        when=when,
        fields={**envelope, **fields},
        note="As RudderStack's Google Analytics 4 destination sends it in cloud mode.",
    )
