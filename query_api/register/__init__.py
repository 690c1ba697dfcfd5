"""Workspaces and keys: what operators see and change of them."""
