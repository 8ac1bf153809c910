"""TikTok: Events API."""
