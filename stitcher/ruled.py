"""Identifiers of records that were on their way when a workspace's rules changed, read as the collector would now.

Pure. Kinds of identifiers and their hashes stay as they are: those were decided at the door.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from etappe.identifiers import Identifier
from etappe.identity_rules import DEFAULT_RULES, IdentityRules, parse_rules
from etappe.touchpoint import Touchpoint
from etappe.workspaces import Workspace

Workspaces = Mapping[str, Workspace]
"""Those of the register, by name."""

NO_WORKSPACES: Workspaces = {}


def apply_rules(touchpoint: Touchpoint, workspaces: Workspaces) -> IdentityRules:
    """The rules of its workspace now, by which what is blocked is left out of it, and of what is personal the value.

    There may be no identifier left. Of a workspace that there is not, the default rules.
    """
    workspace = workspaces.get(touchpoint.workspace)
    if workspace is None:
        return DEFAULT_RULES
    rules = parse_rules(workspace.identity_rules)
    if rules.blocks_more_than_defaults or rules.also_personal:
        touchpoint.identifiers = _ruled(touchpoint.identifiers, workspace, rules)
        touchpoint.alias = _ruled(touchpoint.alias, workspace, rules)
    return rules


def _ruled(identifiers: Iterable[Identifier], workspace: Workspace, rules: IdentityRules) -> list[Identifier]:
    salt, region = workspace.salt_bytes, workspace.phone_region
    kept = (each for each in identifiers if not rules.blocks_identifier(each, salt, region))
    return [Identifier(each.type, each.key) if each.type in rules.also_personal else each for each in kept]
