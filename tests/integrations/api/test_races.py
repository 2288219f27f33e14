"""Several clients at once."""

from functools import partial

import pytest
from django.db import connection

from contacts.models import User
from integrations.models import WebhookSubscription
from tests.contacts.api.client import Api
from tests.contacts.racing import at_once


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="races need PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_a_name_that_ten_ask_for_is_one_webhook(owner: User) -> None:
    api = Api(owner)
    body = {"name": "Hook", "url": "https://hooks.example.com/", "events": ["contact"]}
    answers = at_once(*[partial(api.post, "webhooks", body)] * 10)
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    assert WebhookSubscription.objects.count() == 1
