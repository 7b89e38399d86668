"""Numbers in, numbers out: evidence, bounds, sample sizes and certificates. No clock, no dice."""
