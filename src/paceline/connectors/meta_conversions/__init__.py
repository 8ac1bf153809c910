"""Meta: Conversions API."""
