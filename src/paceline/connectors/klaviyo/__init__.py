"""Klaviyo: JSON:API."""
