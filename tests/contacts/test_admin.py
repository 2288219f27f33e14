"""Django's admin: every model can be looked at; contacts are written through the services."""

import re

import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from contacts.admin import contacts as admin
from contacts.models import ConflictRequest, Contact, FieldChange, Import, User
from contacts.services import IdentifierTaken, update_contact
from tests.factories import by, make_contact

MODELS = [
    model._meta.model_name
    for model in apps.get_app_config("contacts").get_models()
    if model._meta.managed  # the search index is no data
]


def form_of(contact: Contact, **values: object) -> dict[str, object]:
    return {
        "first_name": contact.first_name,
        "email": contact.email,
        "owner": contact.owner_id,
        "seen_version": contact.version,
    } | values


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_its_page(as_admin: Client, ada: Contact, model: str) -> None:
    assert as_admin.get(reverse(f"admin:contacts_{model}_changelist")).status_code == 200


def test_the_admin_searches_as_the_pages_do(as_admin: Client, ada: Contact, member: User) -> None:
    make_contact(member, first_name="Adam")
    url = reverse("admin:contacts_contact_changelist")
    found = {
        q: as_admin.get(url, {"q": q}).context["cl"].result_count for q in ("ad", "ada@ex", "x")
    }
    assert found == {"ad": 2, "ada@ex": 1, "x": 0}


@pytest.mark.parametrize("model", ["fieldchange", "identifier", "publicid"])
def test_what_would_break_a_promise_can_only_be_looked_at(
    as_admin: Client, ada: Contact, model: str
) -> None:
    row = apps.get_model("contacts", model)._default_manager.first()
    url = reverse(f"admin:contacts_{model}_change", args=[row.pk])
    assert as_admin.get(url).status_code == 200
    assert as_admin.post(url, {}).status_code == 403
    assert as_admin.get(reverse(f"admin:contacts_{model}_add")).status_code == 403


def test_a_contact_saved_in_the_admin_keeps_history_and_identifiers(
    as_admin: Client, ada: Contact
) -> None:
    url = reverse("admin:contacts_contact_change", args=[ada.pk])
    answer = as_admin.post(url, form_of(ada, email="new@example.com"))
    assert answer.status_code == 302, answer.content.decode()
    change = FieldChange.objects.get(contact=ada, source="admin", field="email")
    assert (change.old, change.new) == ("ada@example.com", "new@example.com")
    assert ada.identifiers.filter(current=False, key="ada@example.com").exists()


def test_an_address_of_another_contact_is_refused_at_its_field(
    as_admin: Client, ada: Contact, member: User
) -> None:
    other = make_contact(member, email="other@example.com")
    url = reverse("admin:contacts_contact_change", args=[ada.pk])
    answer = as_admin.post(url, form_of(ada, email=other.email))
    assert "belongs to another contact" in answer.content.decode()
    ada.refresh_from_db()
    assert ada.email == "ada@example.com"


def test_a_stale_page_brings_no_old_value_back(
    as_admin: Client, ada: Contact, member: User
) -> None:
    url = reverse("admin:contacts_contact_change", args=[ada.pk])
    stale = form_of(ada, company="Engines", job_title="Countess")
    update_contact(contact_id=ada.pk, actor=by(member), values={"company": "Analytical"})
    assert as_admin.post(url, stale).status_code == 302
    ada.refresh_from_db()
    assert (ada.company, ada.job_title) == ("Analytical", "Countess")


def test_a_field_that_somebody_else_changed_meanwhile_is_refused(
    as_admin: Client, ada: Contact, member: User
) -> None:
    url = reverse("admin:contacts_contact_change", args=[ada.pk])
    stale = form_of(ada, company="Mine")
    update_contact(contact_id=ada.pk, actor=by(member), values={"company": "Theirs"})
    assert "It was changed to “Theirs”" in as_admin.post(url, stale).content.decode()
    ada.refresh_from_db()
    assert ada.company == "Theirs"


def test_an_address_taken_at_this_moment_is_told_and_nothing_is_saved(
    as_admin: Client, ada: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(**_: object) -> None:
        raise IdentifierTaken({"email": 0})

    monkeypatch.setattr(admin, "update_contact", taken)
    url = reverse("admin:contacts_contact_change", args=[ada.pk])
    page = as_admin.post(url, form_of(ada, email="new@example.com"), follow=True).content.decode()
    assert "Not saved" in page and "was changed successfully" not in page


def test_a_contact_deleted_in_the_admin_is_deleted_for_good(as_admin: Client, ada: Contact) -> None:
    url = reverse("admin:contacts_contact_delete", args=[ada.pk])
    assert as_admin.post(url, {"post": "yes"}).status_code == 302
    assert not Contact.objects.exists() and not FieldChange.objects.exists()


def test_the_admins_own_log_keeps_no_name_of_a_contact(as_admin: Client, ada: Contact) -> None:
    url = reverse("admin:contacts_contact_change", args=[ada.pk])
    as_admin.post(url, form_of(ada, company="Analytical"))
    as_admin.post(reverse("admin:contacts_contact_delete", args=[ada.pk]), {"post": "yes"})
    assert not LogEntry.objects.exists()


def test_history_in_the_admin_leads_to_the_history_that_is_kept(
    as_admin: Client, ada: Contact
) -> None:
    answer = as_admin.get(reverse("admin:contacts_contact_history", args=[ada.pk]))
    assert answer.headers["Location"] == reverse("contact_detail", args=[ada.public_id])
    assert as_admin.get(reverse("admin:contacts_contact_history", args=["x"])).status_code == 404


def test_a_request_of_ask_administrator_can_be_resolved(
    as_admin: Client, admin_user: User, member: User
) -> None:
    request = ConflictRequest.objects.create(reference="CR-22222", requested_by=member)
    action = {"action": "mark_resolved", "_selected_action": [request.pk]}
    as_admin.post(reverse("admin:contacts_conflictrequest_changelist"), action)
    request.refresh_from_db()
    assert (request.state, request.resolved_by) == ("resolved", admin_user)


def test_members_have_no_way_into_the_admin(as_member: Client) -> None:
    assert as_member.get("/admin/contacts/contact/").status_code in {302, 403}


@pytest.mark.parametrize("page", ["changelist", "import", "export"])
def test_staff_without_a_role_reach_no_contacts_in_the_admin(
    client: Client, member: User, page: str
) -> None:
    User.objects.filter(pk=member.pk).update(is_staff=True)
    client.force_login(member)
    assert client.get(reverse(f"admin:contacts_contact_{page}")).status_code == 403


def admin_import(client: Client, text: str) -> str:
    """The first step of the admin's import page: upload and preview."""
    file = SimpleUploadedFile("people.csv", text.encode(), content_type="text/csv")
    url = reverse("admin:contacts_contact_import")
    answer = client.post(url, {"import_file": file, "format": "0", "resource": "0"})
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_import_in_the_admin_runs_on_the_same_engine(as_admin: Client, ada: Contact) -> None:
    page = admin_import(
        as_admin, "Email,Company\nADA@example.com,Analytical\nnew@example.com,Fresh\n"
    )
    assert "Analytical" in page and Contact.objects.count() == 1 and not Import.objects.exists()
    hidden = dict(re.findall(r'name="([\w]+)" value="([^"]*)"', page))
    answer = as_admin.post(reverse("admin:contacts_contact_process_import"), hidden)
    assert answer.status_code == 302, answer.content.decode()[:2000]
    ada.refresh_from_db()
    assert (ada.company, Contact.objects.count()) == ("Analytical", 2)
    batch = Import.objects.get()
    assert (batch.new, batch.updated, batch.source) == (1, 1, "admin")


def test_invalid_rows_are_named_before_anything_is_imported(as_admin: Client) -> None:
    page = admin_import(as_admin, "Email,Company\nnowhere,X\n")
    assert "An @ is missing" in page and not Contact.objects.exists()


def test_the_admins_export_neutralises_formulas(as_admin: Client, member: User) -> None:
    make_contact(member, first_name="=1+1", email="f@example.com")
    url = reverse("admin:contacts_contact_export")
    answer = as_admin.post(url, {"format": "0", "resource": "0"})
    assert b"'=1+1" in answer.content
