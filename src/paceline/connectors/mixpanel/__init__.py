"""Mixpanel: ingestion API."""
