"""Twilio SendGrid: marketing contacts and mail."""
