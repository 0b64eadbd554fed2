"""SQL databases that are read: connections that can do nothing else, and rows that come as text."""
