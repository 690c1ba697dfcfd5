"""Which links one touchpoint is evidence for. Pure."""

from __future__ import annotations

from etappe.changes import Link, LinkKind
from etappe.identifiers import Identifier
from etappe.identity_rules import DEFAULT_RULES, IdentityRules
from etappe.touchpoint import Touchpoint


def links_of(touchpoint: Touchpoint, event_id: bytes, rules: IdentityRules = DEFAULT_RULES) -> list[Link]:
    """The links that a touchpoint's identifiers make; none where consent to linking is denied.

    The best person identifier is the hub: every other one is linked to it, and every device logs in to it.
    """
    if not touchpoint.consent_linking:
        return []
    persons = [each for each in touchpoint.identifiers if rules.type_of(each.type).names == "person"]
    devices = [each for each in touchpoint.identifiers if rules.type_of(each.type).names == "device"]

    def link(kind: LinkKind, a: Identifier, b: Identifier) -> Link:
        return Link(
            kind, a.key, a.type, b.key, b.type, touchpoint.at, touchpoint.stamp, event_id, touchpoint.source,
            touchpoint.import_id,
        )  # fmt: skip

    found = [link("person", persons[0], other) for other in persons[1:]]
    found += [link("device", devices[0], other) for other in devices[1:]]
    if persons:
        found += [link("login", device, persons[0]) for device in devices]
        found += [link("alias", persons[0], former) for former in touchpoint.alias]
    return found
