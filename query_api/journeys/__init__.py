"""Journeys as rows, and the phase that a customer was in on a date."""
