"""Filters: conditions on touchpoints and on the customers they belong to, as text, as JSON and as SQL."""

from query_api.filters.conditions import AnyOf, Condition, Filter, said
from query_api.filters.read import WHERE, read_conditions, read_where
from query_api.filters.sql import compiled, customer_values

__all__ = [
    "WHERE",
    "AnyOf",
    "Condition",
    "Filter",
    "compiled",
    "customer_values",
    "read_conditions",
    "read_where",
    "said",
]
