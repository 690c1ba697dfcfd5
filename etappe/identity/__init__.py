"""What a workspace says about identifiers; `etappe.identity_rules` is the door to it."""
