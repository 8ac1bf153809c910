"""PostHog: capture API."""
