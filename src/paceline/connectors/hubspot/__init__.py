"""HubSpot: CRM, custom events, subscriptions."""
