"""How an ad is chosen: one policy a file, found by its name."""
