"""Decides with numbers: sprint, hybrid or marathon. Pure.

The only part of paceline that needs NumPy, which comes with `pip install "paceline[decide]"`.
"""
