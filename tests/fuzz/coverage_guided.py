"""Coverage-guided fuzzing of the door's parsers: `python tests/fuzz/coverage_guided.py -max_total_time=600`.

Needs the package atheris. `test_coverage_guided.py` runs it for minutes with `-m soak`.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["paceline.runtime.gateway", "paceline.delivery"]):
    from paceline.delivery.signatures import SignedRequest, message_id_of, mistrust_of
    from paceline.model.event import EventType
    from paceline.model.settings import GatewayLimits, GatewaySettings, WebhookScheme
    from paceline.runtime.gateway.decode import DecodedRequest, RequestFacts, decode_request, inflate, read_envelope
    from paceline.runtime.gateway.door import Door, Source
    from paceline.runtime.gateway.refusal import RequestRefusal

LIMITS = GatewayLimits()
DOOR = Door(settings=GatewaySettings(), sources={})
CALLS = [None, *EventType]
SCHEMES = list(WebhookScheme)


def attack(data: bytes) -> None:
    """One input: its first byte chooses the parser."""
    if not data:
        return
    choice, body = data[0], data[1:]
    if choice % 3 == 0:
        inflate(body, max_bytes=65_536)
    elif choice % 3 == 1:
        head, _, rest = body.partition(b"\n")
        text = head.decode("latin-1")
        names = (
            "stripe-signature",
            "x-slack-signature",
            "x-slack-request-timestamp",
            "webhook-signature",
            "webhook-id",
        )
        request = SignedRequest(method="POST", url=text, headers=dict.fromkeys(names, text), body=rest)
        scheme = SCHEMES[choice % len(SCHEMES)]
        assert mistrust_of(scheme, ["whsec_MfKQ9r8GKYqrTwjU"], request, now_secs=0, tolerance_secs=300) is not None
        message_id_of(scheme, request)
    else:
        envelope = read_envelope(body, LIMITS)
        if not isinstance(envelope, RequestRefusal):
            call = CALLS[choice % len(CALLS)]
            facts = RequestFacts(call=call, source=Source(name="web"), received_ms=0, headers={})
            decoded = decode_request(body, envelope, facts, DOOR, lambda: "fresh")
            assert isinstance(decoded, DecodedRequest | RequestRefusal)


if __name__ == "__main__":
    atheris.Setup(sys.argv, attack)
    atheris.Fuzz()
