"""Route toggles through OpenFeature: flagd's file format, or any provider."""
