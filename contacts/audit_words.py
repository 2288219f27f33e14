"""What the actions of the audit are called. Other apps register theirs from `AppConfig.ready`."""

_words: dict[str, str] = {}


def register_words(**actions: str) -> None:
    """Say what an action is called: `register_words(contact__deleted="Deleted a contact")`.

    The two underscores stand for the dot in the action's name.
    """
    _words.update({name.replace("__", "."): words for name, words in actions.items()})


def words_of(action: str) -> str:
    """What an action is called; an unknown one by its own name, made readable."""
    return _words.get(action) or action.replace(".", " ").replace("_", " ").capitalize()


def known_actions(chosen: str = "") -> list[tuple[str, str]]:
    """Every registered action with its words, in the order of the words; `chosen` among them."""
    names = {*_words, chosen} - {""}
    return sorted(((name, words_of(name)) for name in names), key=lambda pair: pair[1])


register_words(
    account__changed="Changed the account",
    audit__exported="Exported the audit",
    conflict__asked="Asked an administrator about a refused save",
    conflict__resolved="Resolved a request",
    contact__deleted="Deleted a contact",
    contact__erased="Erased personal data",
    contact__merged="Merged contacts",
    contact__unmerged="Undid a merge",
    contacts__exported="Exported contacts",
    duplicate__dismissed="Said that two contacts are not duplicates",
    duplicate__restored="Took back that two contacts are not duplicates",
    export__downloaded="Downloaded an export",
    identifier__released="Released a former identifier",
    import__committed="Imported a file",
    import__stopped="Stopped an import",
    import__undo_started="Began to undo an import",
    import__undone="Undid an import",
    probing__limited="Reached the limit of saves that met hidden contacts",
    suggestion__dismissed="Dismissed suggestions for a contact",
)
register_words(
    bulk__started="Began a bulk action",
    bulk__done="Finished a bulk action",
    bulk__stopped="Stopped a bulk action",
    bulk__failed="A bulk action failed",
)
register_words(
    list__created="Saved a list",
    list__updated="Changed a list",
    list__shared="Shared a list",
    list__made_private="Made a list private",
    list__taken_over="Took over a list",
    list__deleted="Deleted a list",
    property__created="Created a property",
    property__changed="Changed a property",
    property__moved="Moved a property",
    property__archived="Archived a property",
    property__restored="Restored a property",
)
register_words(
    person__invited="Invited a person",
    person__invited_again="Invited a person again",
    person__invitation_withdrawn="Withdrew an invitation",
    person__joined="Accepted an invitation",
    person__changed="Changed a person's details",
    person__role_changed="Changed the role of a person",
    person__teams_changed="Changed the teams of a person",
    person__deactivated="Deactivated a person",
    person__reactivated="Reactivated a person",
    person__password_changed="Changed their password",
    person__password_reset="Reset their password by mail",
    person__sessions_ended="Ended their other sessions",
    person__second_factor_on="Turned on their second factor",
    person__second_factor_off="Turned off their second factor",
    person__second_factor_reset="Reset the second factor of a person",
    person__recovery_codes_made="Made new recovery codes",
    person__recovery_code_used="Signed in with a recovery code",
    signin__slowed="Was slowed down by wrong passwords or codes",
    signin__locked="Was locked out by wrong passwords or codes",
    team__created="Created a team",
    team__changed="Changed a team",
    team__deleted="Deleted a team",
)
