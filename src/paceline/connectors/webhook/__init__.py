"""Webhook: any HTTP endpoint, signed by Standard Webhooks."""
