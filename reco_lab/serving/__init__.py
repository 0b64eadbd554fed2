"""From a question to an answer: which ads a customer gets, out of which, and why."""
