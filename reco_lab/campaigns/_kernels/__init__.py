"""Compiled loops of campaigns: imported by the call that needs them, never by the package."""
