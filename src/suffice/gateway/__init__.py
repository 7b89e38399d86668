"""The Anthropic-compatible front door: relays, routes, accounts, and never breaks a request."""
