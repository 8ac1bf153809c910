"""Drivers of the port of kept events."""
