"""The ways that journeys take: transitions for a Sankey, and the most frequent whole sequences."""
