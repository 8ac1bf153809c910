"""Iterable: REST API."""
