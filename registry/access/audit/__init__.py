"""The audit log. Other rooms write one row for each act: `audit.note`, or `audit.together` for many."""

from registry.access.audit.write import Member, note, together

__all__ = ["Member", "note", "together"]
