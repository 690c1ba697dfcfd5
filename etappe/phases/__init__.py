"""Phase models: YAML that says which phase a touchpoint is in, and the SQL expression that evaluates it."""

from etappe.phases.library import MOST_SAVED, builtin_models, load_models
from etappe.phases.model import Goal, Phase, PhaseModel
from etappe.phases.parse import parse_model
from etappe.phases.sql import Expression, goal_expression, phase_expression

__all__ = [
    "MOST_SAVED",
    "Expression",
    "Goal",
    "Phase",
    "PhaseModel",
    "builtin_models",
    "goal_expression",
    "load_models",
    "parse_model",
    "phase_expression",
]
