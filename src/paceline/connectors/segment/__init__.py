"""Segment: HTTP Tracking API."""
