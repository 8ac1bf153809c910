"""Intercom: REST API."""
