from contacts.models.contact import Contact, Identifier, PublicId, new_public_id
from contacts.models.history import AuditEntry, FieldChange, Source
from contacts.models.imports import Import, ImportRow
from contacts.models.merge import ConflictRequest, Merge, MovedRow, PossibleDuplicate
from contacts.models.operations import Heartbeat
from contacts.models.people import Account, Team, User

__all__ = [
    "Account",
    "AuditEntry",
    "ConflictRequest",
    "Contact",
    "FieldChange",
    "Heartbeat",
    "Identifier",
    "Import",
    "ImportRow",
    "Merge",
    "MovedRow",
    "PossibleDuplicate",
    "PublicId",
    "Source",
    "Team",
    "User",
    "new_public_id",
]
