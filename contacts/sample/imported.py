"""One file that the sample account has imported, through the real engine: rows of every outcome."""

import csv
import io
import random

from contacts.imports.running import run
from contacts.imports.uploading import receive
from contacts.models import Contact, Import, User

HEADER = ["First Name", "Last Name", "Email", "City", "Customer tier"]
FILENAME = "webinar-sign-ups.csv"
KNOWN, NEW = 90, 100


def import_a_file(chance: random.Random, contacts: list[Contact], by: User) -> None:
    """People who signed up for a webinar: many are known, some are not, two cannot be read."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for contact in chance.sample([c for c in contacts if c.email], KNOWN):
        writer.writerow([contact.first_name, contact.last_name, contact.email, contact.city, ""])
    for number in range(NEW):
        person = chance.choice(contacts)
        email = f"guest{number + 1:02}@webinar.example"
        writer.writerow([person.first_name, person.last_name, email, person.city, "Bronze"])
    writer.writerow(["Kim", "Doe", "kim.doe@webinar", "", ""])
    writer.writerow(["", "", "", "Lisbon", ""])
    batch = receive(io.BytesIO(text.getvalue().encode()), filename=FILENAME, user=by)
    for state in (Import.State.PLANNING, Import.State.COMMITTING):
        Import.objects.filter(pk=batch.pk).update(state=state, done_rows=0)
        run(batch.pk)
