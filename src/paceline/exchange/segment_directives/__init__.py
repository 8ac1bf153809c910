"""Mappings written in Segment's directives, and the triggers beside them, turned into paceline's mappings."""
