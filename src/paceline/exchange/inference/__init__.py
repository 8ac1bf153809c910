"""Contracts from sample events: types, formats, enums, optionality and personal data, judged from the data."""
