"""Journeys as they change: one watch per workspace and model polls the table, any number of listeners hear of it."""
