"""Typed event functions for producers, generated from contracts."""
