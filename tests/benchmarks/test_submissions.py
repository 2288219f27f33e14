"""Form submissions per second with two web workers, beside a bare view in the same run.

`make benchmark ARGS=tests/benchmarks/test_submissions.py`. Eight people send at a time; every form
finds or makes its contact, half of them each. The bare view signs in and asks the database for 1.
"""

import http.client
import re
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client

from activities.models import FormSubmission, RoutingForm
from contacts.models import Contact, User
from tests.activities.bookings import make_calendar, old_key
from tests.activities.routing.filling import NEED, form_url, make_form, page_of, rule
from tests.benchmarks.figures import both, p50, say, seconds
from tests.benchmarks.server import web_server

PEOPLE, EACH = 8, 50
#: The n-th request: method, path, body, headers, and the status that is expected.
Ask = Callable[[int], tuple[str, str, str, dict[str, str], int]]


def at_once(port: int, ask: Ask) -> tuple[float, list[float]]:
    """Requests per second of all people together, and the milliseconds of each request."""
    times: list[float] = []

    def person(first: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            for n in range(first, first + EACH):
                method, path, body, headers, status = ask(n)
                with seconds() as took:
                    connection.request(method, path, body, headers)
                    answer = connection.getresponse()
                    answer.read()
                assert answer.status == status, (path, answer.status)
                times.append(took() * 1000)

    threads = [threading.Thread(target=person, args=(n * EACH,)) for n in range(PEOPLE)]
    with seconds() as took:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(times) == PEOPLE * EACH
    return len(times) / took(), times


def bare(user: User) -> Ask:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    headers = {"Cookie": f"{name}={client.cookies[name].value}"}
    return lambda _n: ("GET", "/bare", "", headers, 200)


def sending(port: int, form: RoutingForm) -> Ask:
    """Sent with the token of a page that was opened before."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", form_url(form))
        page = connection.getresponse()
        cookie = (page.getheader("Set-Cookie") or "").partition(";")[0]
        found = re.search('name="csrfmiddlewaretoken" value="(.*?)"', page.read().decode())
    assert found
    headers = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    bodies = [
        urlencode(
            {
                "csrfmiddlewaretoken": found[1], "key": old_key(), "q_name": f"Ada {n}",
                "q_email": f"person{n // 2}@example.com", "q_need": "Tax" if n % 3 else "Else",
            }
        )
        for n in range(PEOPLE * EACH)
    ]  # fmt: skip
    return lambda n: ("POST", form_url(form), bodies[n], headers, 302)


@pytest.mark.django_db(transaction=True)
def test_submissions_per_second(admin_user: User, tmp_path: Path) -> None:
    leads_on = rule("need", "is", "Tax", page_of(make_calendar(admin_user)))
    form = make_form(admin_user, NEED, rules=(leads_on,))
    with web_server(tmp_path / "gunicorn.log") as port:
        at_once(port, bare(admin_user))  # warm
        per_second, times = at_once(port, bare(admin_user))
        reference = f"{per_second:,.0f}/s of a bare view, {p50(times):.1f} ms p50"
        per_second, times = at_once(port, sending(port, form))
    assert FormSubmission.objects.count() == PEOPLE * EACH
    assert Contact.objects.count() == PEOPLE * EACH // 2
    say("submissions, 2 web workers, 8 people", f"{per_second:,.0f}/s, {both(times)}", reference)
