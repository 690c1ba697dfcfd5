"""The dashboard: static files without a bundler, which read nothing but the public query API."""

from __future__ import annotations

from query_api.dashboard.files import Site, StaticFile, read_site

__all__ = ["Site", "StaticFile", "read_site"]
