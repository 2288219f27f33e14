"""The pages on which an import is undone."""

import pytest
from django.test import Client
from django.urls import reverse

from contacts.imports import running
from contacts.models import AuditEntry, Contact, Import, User
from contacts.services import update_contact
from tests.contacts.imports.engine import bring_in
from tests.contacts.pages import text_of
from tests.factories import by

pytestmark = pytest.mark.django_db
TEXT = (
    "Email,First Name,City\nada@example.com,Ada,Turin\nnew@example.com,New,\nb@example.com,Bea,\n"
)


@pytest.fixture
def batch(admin_user: User, ada: Contact) -> Import:
    made = bring_in(TEXT, admin_user)
    bea = Contact.objects.get(email="b@example.com")
    update_contact(contact_id=bea.pk, actor=by(admin_user), values={"city": "Bath"})
    return made


def page(client: Client, name: str, batch: Import) -> str:
    return text_of(client.get(reverse(name, args=[batch.pk])))


def test_the_result_offers_it_and_the_page_says_what_it_will_do(
    as_admin: Client, batch: Import
) -> None:
    assert "Undo import" in page(as_admin, "import_result", batch)
    told = page(as_admin, "import_undo", batch)
    assert "1 new contact will be removed, 1 changed contact set back, 1 left as it is" in told
    assert "Bea" in told and "It was changed since." in told
    assert Contact.objects.count() == 3


def test_it_is_done_in_the_background_and_the_result_names_what_stayed(
    as_admin: Client, batch: Import
) -> None:
    url = reverse("import_undo", args=[batch.pk])
    assert "Undoing the import of people.csv" in text_of(as_admin.post(url, follow=True))
    running.run(batch.pk)
    told = text_of(as_admin.get(url, follow=True))
    assert "Import undone. 1 contact removed, 1 set back" in told and "undone by Hanna" in told
    assert "It was changed since." in told and "Undo import" not in told
    assert [e.action for e in AuditEntry.objects.filter(action__startswith="import.und")][:1] == ["import.undone"]  # fmt: skip


def test_a_second_click_changes_nothing_and_says_nothing(as_admin: Client, batch: Import) -> None:
    url = reverse("import_undo", args=[batch.pk])
    as_admin.post(url)
    running.run(batch.pk)
    assert "Import undone" in text_of(as_admin.post(url, follow=True))
    assert AuditEntry.objects.filter(action="import.undo_started").count() == 1


def test_nobody_else_may(as_member: Client, batch: Import) -> None:
    url = reverse("import_undo", args=[batch.pk])
    assert as_member.get(url).status_code in {403, 404}
    assert as_member.post(url).status_code in {403, 404}
    batch.refresh_from_db()
    assert batch.state == Import.State.DONE


def test_what_cannot_be_undone_leads_to_its_result(as_admin: Client, batch: Import) -> None:
    Import.objects.update(new=0, updated=0)
    answer = as_admin.get(reverse("import_undo", args=[batch.pk]))
    assert answer.headers["Location"] == reverse("import_result", args=[batch.pk])
    assert "It can no longer be undone" in text_of(
        as_admin.post(reverse("import_undo", args=[batch.pk]), follow=True)
    )
