"""Compiled loops of the ranking: imported by the call that needs them, never by the package."""
