"""/v1/models: the phase models of a workspace, those it saved among them."""
