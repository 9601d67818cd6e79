"""Snapshots: everything that one pull brought, on disk, with what was and was not proven."""
