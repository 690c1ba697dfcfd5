"""The step funnel: body (parse), plan, measures (run), rows (shape)."""
