"""Compiled loops of serving: imported when a server opens, never by the package."""
