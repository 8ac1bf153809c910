"""Braze: REST API."""
