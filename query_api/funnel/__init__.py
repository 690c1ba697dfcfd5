"""The phase funnel: question (parse), plan, measures (run), rows (shape)."""
