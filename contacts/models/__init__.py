from contacts.models.api import ApiCount, ApiKey, FirstAnswer
from contacts.models.bulk import BulkAction, BulkRow
from contacts.models.contact import Contact, Identifier, PublicId, new_public_id
from contacts.models.contact_list import ContactList
from contacts.models.exports import ExportFile
from contacts.models.history import AuditEntry, AuditSeal, FieldChange
from contacts.models.imports import Import, ImportRow
from contacts.models.mail import OutgoingMail
from contacts.models.merge import (
    ConflictRequest,
    DuplicateSearch,
    MatchKey,
    Merge,
    MovedRow,
    PossibleDuplicate,
)
from contacts.models.operations import Heartbeat
from contacts.models.people import Account, HiddenHit, Team, User
from contacts.models.property import Property, PropertyKey
from contacts.models.search import SearchEntry
from contacts.models.sign_in import AuthenticatorApp, SignInCounter
from contacts.models.source import Source
from contacts.models.suggestion import Suggestion

__all__ = [
    "Account",
    "ApiCount",
    "ApiKey",
    "AuditEntry",
    "AuditSeal",
    "AuthenticatorApp",
    "BulkAction",
    "BulkRow",
    "ConflictRequest",
    "Contact",
    "ContactList",
    "DuplicateSearch",
    "ExportFile",
    "FieldChange",
    "FirstAnswer",
    "Heartbeat",
    "HiddenHit",
    "Identifier",
    "Import",
    "ImportRow",
    "MatchKey",
    "Merge",
    "MovedRow",
    "OutgoingMail",
    "PossibleDuplicate",
    "Property",
    "PropertyKey",
    "PublicId",
    "SearchEntry",
    "SignInCounter",
    "Source",
    "Suggestion",
    "Team",
    "User",
    "new_public_id",
]
