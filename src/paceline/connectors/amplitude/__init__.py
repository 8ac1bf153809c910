"""Amplitude: HTTP V2 API."""
