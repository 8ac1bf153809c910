"""Drivers of the store, one technology each."""
