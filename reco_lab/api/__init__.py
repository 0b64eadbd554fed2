"""The service over HTTP: ads, recommendations, and what became of them."""
