"""Shadow calls: another model answers, unseen, a copy of what was served; at once or by batch."""
