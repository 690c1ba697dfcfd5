"""Customers by lifecycle: who is new, active, returning, lapsing or lost, and what they are worth."""
