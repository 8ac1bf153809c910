"""Vendors that can be played with: they check like the real ones, remember what they got and misbehave when told.

Made from the same manifests and actions as the connectors, so a vendor needs no fake of its own.
"""
