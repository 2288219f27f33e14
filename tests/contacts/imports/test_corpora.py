"""Every nasty file and string, from the upload to the contacts: a clear answer, never an error."""

from pathlib import Path

import pytest

from contacts.imports.reading import UnreadableFile
from contacts.models import Contact, Import, User
from tests.contacts.imports.engine import add_up, bring_in
from tests.shared import SHARED, shared_json

OWN = SHARED / "corpora" / "own"
FILES = sorted(
    str(path.relative_to(OWN))
    for folder in ("enc", "shape", "identity", "product_headers")
    for path in (OWN / folder).glob("*.csv*")
)
#: (new contacts, invalid rows) where the manifest says so.
EXPECTED = {
    "enc/utf8.csv": (1, 0),
    "enc/utf8_bom.csv": (1, 0),
    "enc/utf16le_nobom.csv": (1, 0),
    "enc/utf16be_nobom.csv": (1, 0),
    "enc/utf32_bom.csv": (1, 0),
    "enc/cp1252.csv": (1, 0),
    "enc/invalid_utf8.csv": (0, 4),
    "enc/bom_twice.csv": (2, 0),
    "shape/lf.csv": (2, 0),
    "shape/cr_only.csv": (2, 0),
    "shape/mixed_eol.csv": (2, 0),
    "shape/no_final_newline.csv": (2, 0),
    "shape/trailing_blank_lines.csv": (2, 0),
    "shape/semicolon.csv": (2, 0),
    "shape/tab.csv": (2, 0),
    "shape/pipe.csv": (2, 0),
    "shape/no_header.csv": (2, 0),
    "shape/header_only.csv": (0, 0),
    "shape/blank_header.csv": (1, 0),
    "shape/header_spaces_case.csv": (1, 0),
    "shape/header_nbsp_zwsp.csv": (1, 0),
    "shape/ragged.csv": (2, 1),
    "shape/quoted_newline_comma_quote.csv": (1, 0),
    "shape/space_before_quote.csv": (1, 0),
    "shape/rtl_bidi.csv": (1, 0),
    "shape/exact_limits.csv": (2, 2),
    "identity/dups_in_file.csv": (4, 1),
    **{
        f"product_headers/{name}.csv": (1, 0)
        for name in (
            "google_contacts_new",
            "outlook_desktop",
            "mailchimp",
            "hubspot",
            "salesforce_dataloader",
            "oncehub_api_fields",
        )
    },
}
REFUSED = {"empty.csv", "only_bom.csv", "unterminated_quote.csv", "not_csv_png.csv", "zip_named.csv", "gz_bomb_small.csv.gz"}  # fmt: skip


@pytest.mark.parametrize("name", FILES or ["(none here)"])
def test_every_file_is_imported_or_refused_in_words(admin_user: User, name: str) -> None:
    if not FILES:
        shared_json("corpora/own/MANIFEST.json")  # skips, or fails in CI
    try:
        batch = bring_in(OWN / name, admin_user)
    except UnreadableFile as fault:
        assert Path(name).name in REFUSED | {"not_csv_html.csv"} and len(str(fault)) > 20
        assert not Contact.objects.exists() and not Import.objects.exists()
        return
    assert Path(name).name not in REFUSED
    assert batch.state in {Import.State.DONE, Import.State.FAILED} and add_up(batch)
    if name in EXPECTED:
        assert (batch.new, batch.invalid) == EXPECTED[name]
    if name.startswith("product_headers/"):
        assert Contact.objects.get().email == "ada@example.com"


def test_every_naughty_string_is_stored_as_it_is_or_reported(admin_user: User) -> None:
    import csv
    import io

    strings = shared_json("corpora/blns/blns.json")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["Email", "First Name"])
    writer.writerows((f"n{i}@example.com", text) for i, text in enumerate(strings))
    batch = bring_in(out.getvalue(), admin_user)
    assert batch.rows == len(strings) and add_up(batch) and batch.invalid < 5
    stored = dict(Contact.objects.values_list("email", "first_name"))
    plain = [i for i, text in enumerate(strings) if text.isprintable() and text == text.strip()]
    changed = [
        strings[i]
        for i in plain
        if stored.get(f"n{i}@example.com", strings[i]) not in {strings[i], strings[i][1:]}
    ]
    assert changed == []
