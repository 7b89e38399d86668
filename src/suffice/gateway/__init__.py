"""The Anthropic-compatible front door: bytes in, bytes out, and an account of what passed."""
