"""A small workspace with one mapping and tests for it, for tests of contract tests."""

from __future__ import annotations

from pathlib import Path

from workspaces import write_settings

MAPPING = """\
mapping: order_completed.hook
version: 1
from: {event: Order Completed}
to: {connector: webhook, action: send}
when: $.properties.total > 0
fields:
  user: $.userId!
  total: $.properties.total
  kind: = order
  skus:
    each: $.properties.products
    fields: {sku: $.sku ?? $.id}
"""
CASES = """\
# what sales gets
mapping: order_completed.hook
cases:
  # the usual one
  - name: an order is passed on   # as it is
    event: order
    payload: {user: user-1, total: 5, kind: order, skus: [{sku: a}, {sku: b}]}
  - name: an order that costs nothing is not
    event: {type: track, event: Order Completed, userId: user-1, properties: {total: 0, products: []}}
    filtered: true
  - name: an order of nobody is refused
    event: {type: track, event: Order Completed, properties: {total: 5, products: []}}
    refused: {rule: user, reason: missing}
  - name: the request goes to the endpoint
    events: [order]
    settings: {url: "https://hooks.example/sales"}
    requests:
      - {method: POST, url: "https://hooks.example/sales",
         body: {user: user-1, total: 5, kind: order, skus: [{sku: a}, {sku: b}]}}
"""
SAMPLE = """\
{"type": "track", "event": "Order Completed", "userId": "user-1",
 "properties": {"total": 5, "products": [{"sku": "a", "id": "x"}, {"id": "b"}]}}
"""
CONTRACT = """\
contract: order_completed
version: 1.0.0
description: An order was paid for.
owner: {team: tests}
event: Order Completed
schema:
  type: object
  required: [properties]
  properties:
    type: {const: track}
    event: {const: Order Completed}
    userId: {type: string, description: The customer.}
    properties:
      type: object
      required: [total, products]
      properties:
        total: {type: number, description: What was paid.}
        products:
          type: array
          items:
            type: object
            properties: {sku: {type: string}, id: {type: string}}
"""
INTEGRATION = """\
integration: sales
connector: webhook
stage: marathon
owner: {team: tests}
events: [order_completed.hook]
settings: {url: "https://hooks.example/sales", secret: "${env:WEBHOOK_SECRET}"}
"""
FILES = {
    "mappings/order_completed.hook.yaml": MAPPING,
    "tests/order_completed.hook.yaml": CASES,
    "samples/order.json": SAMPLE,
    "contracts/order_completed/1.0.0.yaml": CONTRACT,
    "integrations/sales.yaml": INTEGRATION,
}


def write_contract_workspace(folder: Path, **replaced: str) -> Path:
    """The workspace below `folder`; keywords `mapping`, `tests` and so on replace the file of that kind."""
    write_settings(folder)
    for file, text in FILES.items():
        kind = file.partition("/")[0].rstrip("s")
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(replaced.get(kind, text))
    return folder
