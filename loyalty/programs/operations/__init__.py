"""Writes of programs: documents and their versions, members and their tiers."""

from loyalty.programs.operations.documents import add_cap, create_program, delete_program, update_program
from loyalty.programs.operations.members import enroll, enroll_many, leave
from loyalty.programs.operations.versions import begin_due_versions, cancel_version

__all__ = [
    "add_cap",
    "begin_due_versions",
    "cancel_version",
    "create_program",
    "delete_program",
    "enroll",
    "enroll_many",
    "leave",
    "update_program",
]
