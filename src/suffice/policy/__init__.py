"""What decides where a request goes and what must change on the way."""
