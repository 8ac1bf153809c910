"""paceline: marketing integrations that start as a sprint and grow into a marathon with the same mapping file.

The package is laid out in layers; imports point downwards only (see ARCHITECTURE.md). Importing it loads
nothing else, so that a function or a script pays only for the modules that it names.
"""

__version__ = "0.1.0"
