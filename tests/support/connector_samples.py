"""For every in-tree connector: settings that are right, and for every action a payload that its vendor takes."""

from __future__ import annotations

from typing import Any

from paceline.model.delivery import Item

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW_MS = 1_767_225_600_000

SETTINGS: dict[str, dict[str, object]] = {
    "webhook": {"url": "https://hooks.example.com/in?team=1", "secret": SECRET},
    "segment": {"write_key": "wk-1"},
    "customerio": {"site_id": "site-1", "api_key": "key-1"},
    "ga4": {"api_secret": "s-1", "measurement_id": "G-ABC123"},
    "braze": {"rest_api_key": "key-1"},
    "amplitude": {"api_key": "key-1", "secret_key": "secret-1"},
    "mixpanel": {"project_token": "token-1", "gdpr_token": "token-2"},
    "meta_conversions": {"access_token": "token-1", "dataset_id": "123"},
    "tiktok_events": {"access_token": "token-1", "event_source_id": "PIXEL1"},
    "posthog": {"project_api_key": "phc_1", "project_id": "17", "personal_api_key": "phx_1"},
    "iterable": {"api_key": "key-1"},
    "sendgrid": {"api_key": "key-1"},
    "klaviyo": {"api_key": "pk_1"},
    "intercom": {"access_token": "token-1"},
    "slack": {"webhook_url": "https://hooks.slack.com/services/T000/B000/XXX", "bot_token": "xoxb-1"},
    "hubspot": {"access_token": "token-1", "portal_id": "17"},
    "salesforce": {"access_token": "token-1", "instance_url": "https://acme.my.salesforce.com"},
    "mailchimp": {"api_key": "key-us20", "data_center": "us20", "audience_id": "list1"},
}

MD5 = "c19eb2a9a8b7e5f6d4c3b2a190807060"
ITERABLE_ITEM = {"id": "p-1", "name": "Mug", "price": 12.5, "quantity": 1}
KLAVIYO_CONSENT = {
    "type": "profile",
    "attributes": {"email": "ada@example.com", "subscriptions": {"email": {"marketing": {"consent": "SUBSCRIBED"}}}},
}
EXTERNAL_ID = {"external_id_field": "External_Id__c", "External_Id__c": "u-1"}
PERSON = {"identifiers": {"id": "u-1"}}
OBJECT = {"identifiers": {"object_type_id": "1", "object_id": "acme"}}

PAYLOADS: dict[str, dict[str, dict[str, Any]]] = {
    "intercom": {
        "upsert_contact": {"role": "user", "external_id": "u-1", "email": "ada@example.com"},
        "update_contact": {"id": "5ba682d23d7cf92bef87bfd4", "name": "Ada"},
        "convert_visitor": {"type": "user", "visitor": {"user_id": "v-1"}, "user": {"user_id": "u-1"}},
        "upsert_company": {"company_id": "g-1", "name": "Acme"},
        "track_event": {"event_name": "Signed Up", "created_at": 1767225600, "user_id": "u-1"},
        "delete_contact": {"external_id": "u-1"},
        "delete_contact_by_id": {"id": "5ba682d23d7cf92bef87bfd4"},
    },
    "slack": {
        "post_to_webhook": {"text": "Hello"},
        "post_message": {"channel": "C123ABC456", "text": "Hello"},
    },
    "hubspot": {
        "upsert_contact": {"idProperty": "email", "id": "ada@example.com", "properties": {"firstname": "Ada"}},
        "upsert_company": {"idProperty": "external_id", "id": "g-1", "properties": {"name": "Acme"}},
        "track_event": {"eventName": "signed_up", "email": "ada@example.com", "properties": {"plan": "gold"}},
        "set_subscription": {
            "email": "ada@example.com",
            "channel": "EMAIL",
            "statusState": "SUBSCRIBED",
            "subscriptionId": 7,
        },
        "delete_contact": {"objectId": "ada@example.com", "idProperty": "email"},
    },
    "webhook": {
        "send": {"total": 12.5},
        "send_to_path": {"path": "/orders?full=1", "headers": {"X-Order": "1"}, "body": {"total": 12.5}},
        "send_batch": {"total": 12.5},
    },
    "segment": {
        "track": {"userId": "u-1", "event": "Order Completed", "properties": {"total": 12.5}},
        "identify": {"userId": "u-1", "traits": {"plan": "gold"}},
        "page": {"anonymousId": "a-1", "name": "Home"},
        "screen": {"anonymousId": "a-1", "name": "Cart"},
        "group": {"userId": "u-1", "groupId": "g-1", "traits": {"seats": 3}},
        "alias": {"userId": "u-1", "previousId": "a-1"},
        "forward": {"type": "track", "event": "Order Completed", "userId": "u-1", "traits": {"plan": "gold"}},
    },
    "customerio": {
        "track_event": {**PERSON, "name": "purchase", "timestamp": 1767225600, "attributes": {"total": 12.5}},
        "track_page": {**PERSON, "name": "https://shop.example.com/"},
        "track_screen": {**PERSON, "name": "Cart"},
        "track_anonymous_event": {"anonymous_id": "a-1", "name": "viewed", "data": {"sku": "s-1"}},
        "identify_person": {"identifiers": {"email": "ada@example.com"}, "attributes": {"plan": "gold"}},
        "add_relationships": {**PERSON, "cio_relationships": [OBJECT]},
        "delete_relationships": {**PERSON, "cio_relationships": [OBJECT]},
        "add_device": {**PERSON, "device": {"token": "t-1", "platform": "ios"}},
        "delete_device": {**PERSON, "device": {"token": "t-1"}},
        "merge_people": {"primary": {"id": "u-1"}, "secondary": {"email": "ada@example.com"}},
        "identify_object": {**OBJECT, "attributes": {"name": "Acme"}},
        "add_people_to_object": {**OBJECT, "cio_relationships": [PERSON]},
        "remove_people_from_object": {**OBJECT, "cio_relationships": [PERSON]},
        "delete_object": OBJECT,
        "suppress_person": PERSON,
        "unsuppress_person": PERSON,
        "delete_person": PERSON,
        "v1_update_person": {"identifier": "u-1", "email": "ada@example.com", "plan": "gold"},
        "v1_track_event": {"identifier": "u-1", "name": "purchase", "type": "event", "data": {"total": 12.5}},
        "v1_add_device": {"identifier": "u-1", "device": {"id": "t-1", "platform": "ios"}},
        "v1_delete_device": {"identifier": "u-1", "device_id": "t-1"},
        "v1_merge_people": {"primary": {"id": "u-1"}, "secondary": {"email": "ada@example.com"}},
    },
    "braze": {
        "track_event": {"events": {"external_id": "u-1", "name": "viewed", "time": "2026-01-01T00:00:00Z"}},
        "track_purchases": {
            "purchases": [
                {
                    "external_id": "u-1",
                    "product_id": "p-1",
                    "currency": "EUR",
                    "price": 12.5,
                    "time": "2026-01-01T00:00:00Z",
                }
            ]
        },
        "update_user": {"attributes": {"external_id": "u-1", "plan": "gold"}},
        "identify_user": {"external_id": "u-1", "user_alias": {"alias_name": "a-1", "alias_label": "anonymous_id"}},
        "create_alias": {"external_id": "u-1", "alias_name": "a-1", "alias_label": "anonymous_id"},
        "merge_users": {
            "identifier_to_merge": {"external_id": "u-1"},
            "identifier_to_keep": {"external_id": "u-2"},
        },
        "set_subscription": {
            "subscription_group_id": "g-1",
            "subscription_state": "subscribed",
            "external_ids": ["u-1"],
        },
        "trigger_campaign": {"campaign_id": "c-1", "external_user_id": "u-1", "trigger_properties": {"code": "A"}},
        "trigger_canvas": {"canvas_id": "c-1", "external_user_id": "u-1"},
        "delete_user": {"external_ids": "u-1"},
        "delete_alias": {"user_aliases": {"alias_name": "a-1", "alias_label": "anonymous_id"}},
    },
    "iterable": {
        "track_event": {"userId": "u-1", "eventName": "viewed", "dataFields": {"sku": "s-1"}},
        "track_events": {"email": "ada@example.com", "eventName": "viewed"},
        "update_user": {"email": "ada@example.com", "dataFields": {"plan": "gold"}},
        "update_users": {"userId": "u-1", "dataFields": {"plan": "gold"}},
        "track_purchase": {"user": {"userId": "u-1"}, "total": 12.5, "items": [ITERABLE_ITEM]},
        "update_cart": {"user": {"userId": "u-1"}, "items": [ITERABLE_ITEM]},
        "register_device": {
            "userId": "u-1",
            "device": {"token": "t-1", "platform": "APNS", "applicationName": "shop"},
        },
        "register_browser": {"userId": "u-1", "browserToken": "t-1"},
        "update_email": {"currentEmail": "ada@example.com", "newEmail": "ada@example.org"},
        "merge_users": {"sourceUserId": "a-1", "destinationUserId": "u-1"},
        "update_subscriptions": {"userId": "u-1", "unsubscribedChannelIds": [1]},
        "subscribe_to_list": {"listId": 1, "userId": "u-1"},
        "unsubscribe_from_list": {"listId": 1, "userId": "u-1"},
        "send_email": {"campaignId": 1, "recipientUserId": "u-1"},
        "write_catalog_items": {"catalog": "products", "documents": {"p-1": {"price": 12.5}}},
        "delete_user": {"email": "ada@example.com"},
        "delete_user_by_id": {"userId": "u-1"},
        "forget_user": {"userId": "u-1"},
    },
    "sendgrid": {
        "upsert_contact": {"email": "ada@example.com", "first_name": "Ada"},
        "send_mail": {
            "personalizations": [{"to": [{"email": "ada@example.com"}]}],
            "from": {"email": "shop@example.com"},
            "subject": "Hello",
            "content": [{"type": "text/plain", "value": "Hello"}],
        },
        "suppress_in_group": {"group_id": "7", "recipient_emails": "ada@example.com"},
        "suppress_everywhere": {"recipient_emails": "ada@example.com"},
        "erase_recipient": {"email_addresses": "ada@example.com"},
    },
    "klaviyo": {
        "create_event": {
            "properties": {"sku": "s-1"},
            "metric": {"data": {"type": "metric", "attributes": {"name": "Viewed Product"}}},
            "profile": {"data": {"type": "profile", "attributes": {"external_id": "u-1"}}},
        },
        "upsert_profile": {"email": "ada@example.com", "first_name": "Ada"},
        "upsert_profiles": {"email": "ada@example.com", "first_name": "Ada"},
        "subscribe_profile": {"attributes": {"profiles": {"data": [KLAVIYO_CONSENT]}}},
        "unsubscribe_profile": {"attributes": {"profiles": {"data": [KLAVIYO_CONSENT]}}},
        "delete_profile": {"attributes": {"email": "ada@example.com"}},
    },
    "salesforce": {
        "upsert_contact": {**EXTERNAL_ID, "LastName": "Lovelace", "Email": "ada@example.com"},
        "upsert_lead": {**EXTERNAL_ID, "LastName": "Lovelace", "Company": "Acme"},
        "upsert_account": {**EXTERNAL_ID, "Name": "Acme"},
        "log_activity": {**EXTERNAL_ID, "Subject": "Demo Requested", "Status": "Completed"},
        "add_campaign_member": {"CampaignId": "701D0000000IMKF", "Contact": {"External_Id__c": "u-1"}},
        "upsert_record": {"attributes": {"type": "Order__c"}, **EXTERNAL_ID, "Total__c": 12.5},
        "create_record": {"attributes": {"type": "Order_Placed__e"}, "Total__c": 12.5},
        "upsert_one": {
            "object": "Contact",
            "external_id_field": "External_Id__c",
            "external_id": "u-1",
            "LastName": "Lovelace",
        },
        "delete_record": {"object": "Contact", "external_id_field": "External_Id__c", "external_id": "u-1"},
    },
    "mailchimp": {
        "upsert_member": {"subscriber_hash": MD5, "email_address": "ada@example.com", "status_if_new": "pending"},
        "upsert_members": {"email_address": "ada@example.com", "status": "subscribed"},
        "track_event": {"subscriber_hash": MD5, "name": "purchase", "properties": {"total": "12.5"}},
        "set_tags": {"subscriber_hash": MD5, "tags": [{"name": "vip", "status": "active"}]},
        "archive_member": {"subscriber_hash": MD5},
        "delete_member": {"subscriber_hash": MD5},
    },
    "posthog": {
        "capture_event": {"event": "Signed Up", "distinct_id": "u-1", "properties": {"plan": "gold"}},
        "capture_one": {"event": "Signed Up", "distinct_id": "u-1", "type": "capture", "messageId": "m-1"},
        "delete_persons": {"distinct_ids": ["u-1"]},
    },
    "tiktok_events": {
        "track_event": {"event": "Search", "event_time": 1767225600, "user": {"ttclid": "E.C.P.1"}},
        "track_pixel_event": {"event": "Search", "timestamp": "2026-01-01T00:00:00Z"},
    },
    "meta_conversions": {
        "send_event": {
            "event_name": "Lead",
            "event_time": 1767225600,
            "action_source": "system_generated",
            "user_data": {"lead_id": "lead-1"},
        },
    },
    "mixpanel": {
        "import_event": {"event": "Signed Up", "properties": {"time": NOW_MS, "distinct_id": "u-1"}},
        "merge_identities": {"event": "$merge", "properties": {"$distinct_ids": ["a-1", "u-1"]}},
        "update_profile": {"$distinct_id": "u-1", "$set": {"plan": "gold"}},
        "update_group": {"$group_key": "company", "$group_id": "acme", "$set": {"seats": 3}},
        "delete_profile": {"$distinct_id": "u-1"},
        "delete_people": {"distinct_ids": ["u-1"]},
    },
    "amplitude": {
        "send_event": {"user_id": "u-1", "event_type": "Signed Up", "time": NOW_MS, "revenue": 12.5},
        "send_events": {"events": [{"user_id": "u-1", "event_type": "Order Completed", "insert_id": "delivery-0"}]},
        "identify_group": {"identification": '[{"group_type":"company","group_value":"acme"}]'},
        "map_user": {"mapping": '[{"user_id":"u-1","global_user_id":"g-1"}]'},
        "map_user_by_ingestion": {"mapping": '[{"user_id":"u-1","global_user_id":"g-1"}]'},
        "delete_users": {"user_ids": ["u-1"]},
    },
    "ga4": {
        "send_event": {
            "client_id": "c.1",
            "name": "purchase",
            "params": {"transaction_id": "A-1", "value": 12.5, "items": [{"item_id": "s-1", "price": 12.5}]},
        }
    },
}

EVERY_ACTION = [(connector, action) for connector, actions in PAYLOADS.items() for action in actions]


def make_items(connector: str, action: str, count: int = 1) -> list[Item]:
    """Some deliveries of one action, each with its own id."""
    payload = PAYLOADS[connector][action]
    return [Item(delivery_id=f"delivery-{n}", payload=dict(payload), occurred_ms=NOW_MS) for n in range(count)]
