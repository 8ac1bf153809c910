"""Drivers of the bus, one technology each."""
