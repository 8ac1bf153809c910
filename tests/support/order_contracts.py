"""Contracts that tests of exchange, registry and drift share: small, but with every habit that matters."""

from __future__ import annotations

from paceline.model.contract import ContractFile, Deprecation, Owner
from paceline.model.event import EventType

OWNER = Owner(team="growth")


def order_completed(version: str = "1.2.0", **changes: object) -> ContractFile:
    """A track event with nested lists, references, formats, personal data, null and an enumeration."""
    fields: dict[str, object] = {
        "contract": "order_completed",
        "version": version,
        "description": "A customer paid for an order.",
        "owner": OWNER,
        "event": "Order Completed",
        "schema": order_schema(),
    }
    return ContractFile(**{**fields, **changes})  # type: ignore[arg-type]  # fields are given by name, checked by use


def order_schema() -> dict[str, object]:
    """The schema of the whole event."""
    return {
        "type": "object",
        "required": ["properties"],
        "properties": {
            "properties": {
                "type": "object",
                "description": "What was bought.",
                "required": ["order_id", "total", "products"],
                "properties": {
                    "order_id": {"type": "string", "minLength": 1, "description": "Number on the invoice."},
                    "total": {"type": "number", "exclusiveMinimum": 0, "description": "After discounts."},
                    "currency": {"enum": ["EUR", "USD"], "description": "ISO 4217."},
                    "coupon": {"type": ["string", "null"], "description": "Code, null when none was given."},
                    "email": {"type": "string", "format": "email", "x-pii": "email", "description": "Of the buyer."},
                    "placed_at": {"type": "string", "format": "date-time", "description": "When it was paid."},
                    "products": {
                        "type": "array",
                        "minItems": 1,
                        "items": {"$ref": "#/$defs/product"},
                        "description": "Lines of the order.",
                    },
                    "attributes": {
                        "type": "object",
                        "additionalProperties": {"type": "string"},
                        "description": "Free labels.",
                    },
                    "gift-wrap": {"type": "boolean", "description": "Asked for."},
                },
            }
        },
        "$defs": {
            "product": {
                "type": "object",
                "required": ["sku"],
                "properties": {
                    "sku": {"type": "string", "description": "Stock number."},
                    "quantity": {"type": "integer", "minimum": 1, "description": "How many."},
                    "bundle": {"type": "array", "items": {"$ref": "#/$defs/product"}, "description": "Parts."},
                },
                "additionalProperties": False,
            }
        },
    }


def signed_up(version: str = "1.0.0") -> ContractFile:
    """An identify call, deprecated."""
    return ContractFile(
        contract="identify",
        version=version,
        description="Somebody made an account.",
        owner=OWNER,
        type=EventType.IDENTIFY,
        schema={
            "type": "object",
            "properties": {
                "traits": {
                    "type": "object",
                    "properties": {"plan": {"type": "string", "description": "Name of the plan."}},
                }
            },
        },
        deprecation=Deprecation(
            deprecated_since="2026-10-01", remove_after="2027-01-01", replacement="order_completed 1.2.0"
        ),
    )
