"""Reading a file: what every nasty file of the corpora turns into."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from contacts.imports import workbook
from contacts.imports.reading import FileShape, UnreadableFile, inspect_file, iter_rows, unprotect
from tests.contacts.imports.corpora import corpus

Write = Callable[[str | bytes], Path]
HEADER = "First Name,Last Name,Email,Mobile Phone"
ADA = ["Ada", "Lovelace", "ada@example.com", "+12025550101"]
ALAN = ["Alan", "Turing", "alan@example.org", "+442079460958"]


def cells(path: Path, **choices: Any) -> list[list[str]]:
    """The cells of the good rows."""
    return [row.cells for row in iter_rows(path, inspect_file(path, **choices)) if not row.problem]


def problems(path: Path, **choices: Any) -> list[tuple[int, str]]:
    rows = iter_rows(path, inspect_file(path, **choices))
    return [(row.number, row.problem) for row in rows if row.problem]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "upload.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.mark.parametrize(
    ("name", "encoding", "first_name"),
    [
        ("utf8", "utf-8", "José Ångström"),
        ("utf8_bom", "utf-8", "José Ångström"),
        ("utf16le_nobom", "utf-16-le", "José Ångström"),
        ("utf16be_nobom", "utf-16-be", "José Ångström"),
        ("utf32_bom", "utf-32-le", "José Ångström"),
        ("latin1", "cp1252", "José"),
        ("cp1252", "cp1252", "“O’Brien” €"),
    ],
)
def test_an_encoding_that_is_plain_to_see_is_read_by_itself(
    name: str, encoding: str, first_name: str
) -> None:
    path = corpus(f"own/enc/{name}.csv")
    shape = inspect_file(path)
    assert (shape.encoding, shape.encoding_certain) == (encoding, True)
    assert [row.cells[0] for row in iter_rows(path, shape)] == [first_name]


@pytest.mark.parametrize(
    ("name", "likely", "codec", "first_name"),
    [
        ("cp1250", "Windows-1250", "cp1250", "Łódź"),
        ("koi8r", "KOI8-R", "koi8-r", "Иванов"),
        ("macroman", "Mac Roman", "mac-roman", "José Ångström"),
        ("shift_jis", "Shift JIS", "shift_jis", "山田"),
        ("gb18030", "GB 18030", "gb18030", "王小明"),
    ],
)
def test_another_encoding_is_named_and_read_intact_once_chosen(
    name: str, likely: str, codec: str, first_name: str
) -> None:
    path = corpus(f"own/enc/{name}.csv")
    [(number, problem)] = problems(path)
    assert number == 2
    assert problem.startswith("First Name: not UTF-8") and likely in problem
    assert not inspect_file(path).encoding_certain
    assert [row[0] for row in cells(path, encoding=codec)] == [first_name]


@pytest.mark.parametrize(
    ("codec", "names"),
    [
        ("cp1250", "Dvořák Kučera Szőke Szűcs Gdańsk Přibyl Němec Petrović Kovač Łukasz Ionuţ"),
        ("mac-roman", "Köln Martín López Núñez Göteborg André François Ríos Søren Peña João"),
        ("cp1254", "Yılmaz Erdoğan Şahin Işık"),
        ("cp1251", "Иванов Ольга"),
        ("cp1253", "Γιώργος"),
        ("cp1257", "Bērziņš Žemaitė Šķēle"),
        ("cp932", "山田 田中 鈴木"),
        ("gb18030", "王小明 李娜"),
    ],
)
def test_no_name_in_another_code_page_is_misread_as_western(
    write: Write, codec: str, names: str
) -> None:
    for name in names.split():
        path = write(f"Email,Name\nada@example.com,{name}\n".encode(codec))
        assert [row[1] for row in cells(path)] in ([], [name])


def test_western_names_need_no_choice(write: Write) -> None:
    names = "José Müller Søren Françoise Élodie Åse O’Brien Muñoz João Noël Hélène MÜLLER Straße"
    path = write(("Name\n" + names.replace(" ", "\n")).encode("cp1252"))
    assert [row[0] for row in cells(path)] == names.split()


def test_invalid_utf8_gives_four_row_errors_and_no_contact() -> None:
    path = corpus("own/enc/invalid_utf8.csv")
    assert cells(path) == []
    assert [number for number, _ in problems(path)] == [2, 3, 4, 5]


def test_a_few_bad_bytes_in_a_utf8_file_cost_only_their_rows(write: Write) -> None:
    path = write("Name\nZoë\n".encode() + b"Jos\xe9\n" + "Åse\n".encode())
    assert cells(path) == [["Zoë"], ["Åse"]]
    assert [number for number, _ in problems(path)] == [3]


@pytest.mark.parametrize(
    "name",
    ["lf", "cr_only", "mixed_eol", "no_final_newline", "trailing_blank_lines", "semicolon", "tab"]
    + ["pipe"],
)
def test_delimiters_and_line_ends_make_no_difference(name: str) -> None:
    path = corpus(f"own/shape/{name}.csv")
    shape = inspect_file(path)
    assert (shape.header, shape.row_count) == (HEADER.split(","), 2)
    assert cells(path) == [ADA, ALAN]


def test_two_byte_order_marks_leave_the_header_intact() -> None:
    path = corpus("own/enc/bom_twice.csv")
    assert inspect_file(path).header == HEADER.split(",")
    assert cells(path) == [ADA, ALAN]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("empty.csv", "empty"),
        ("only_bom.csv", "empty"),
        ("not_csv_png.csv", "picture"),
        ("not_csv_html.csv", "web page"),
        ("zip_named.csv", "ZIP file"),
        ("gz_bomb_small.csv.gz", "compressed"),
        ("unterminated_quote.csv", "quote opens on line 2"),
    ],
)
def test_what_is_no_contact_list_is_refused_by_its_content(name: str, says: str) -> None:
    with pytest.raises(UnreadableFile, match=says):
        inspect_file(corpus(f"own/shape/{name}"))


def test_a_header_alone_is_a_file_of_no_rows() -> None:
    assert inspect_file(corpus("own/shape/header_only.csv")).row_count == 0


def test_a_first_row_with_an_address_is_no_header_unless_a_person_says_so() -> None:
    path = corpus("own/shape/no_header.csv")
    shape = inspect_file(path)
    assert not shape.has_header
    assert [row.number for row in iter_rows(path, shape)] == [1, 2]
    assert cells(path, has_header=True) == [ALAN]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("dup_headers", ["Email", "Email", "First Name"]),
        ("blank_header", ["Email", "Column 2", "First Name"]),
        ("header_nbsp_zwsp", ["Email", "First Name"]),
        ("header_spaces_case", ["e-MAIL", "FIRST NAME", "last name"]),
    ],
)
def test_every_column_is_shown_in_its_place(name: str, header: list[str]) -> None:
    path = corpus(f"own/shape/{name}.csv")
    assert inspect_file(path).header == header
    assert len(cells(path)) == 1


def test_short_rows_are_padded_and_long_rows_reported() -> None:
    path = corpus("own/shape/ragged.csv")
    assert cells(path) == [["r1@example.com", "Only", ""], ["r3@example.com", "A", "B"]]
    assert problems(path) == [(3, "Too many cells (5 for 3 columns)")]


def test_a_quoted_cell_keeps_its_line_end_commas_and_quotes() -> None:
    path = corpus("own/shape/quoted_newline_comma_quote.csv")
    assert cells(path) == [["n1@example.com", 'A "B" C', "1 Main St,\r\nApt 2"]]


@pytest.mark.parametrize("text", ['a, "Sp ace"\nb, "c"', 'a,"Sp ace" \nb,"c"', 'a,"Sp ace"  \nb,c'])
def test_blanks_around_quotes_are_no_part_of_the_cell(write: Write, text: str) -> None:
    assert cells(write(text)) == [["b", "c"]]
    assert inspect_file(write(text)).header == ["a", "Sp ace"]


def test_control_characters_are_stripped() -> None:
    assert cells(corpus("own/shape/nul_byte.csv"))[0][0] == "Nul"
    assert cells(corpus("own/shape/control_chars.csv"))[0][0] == "A[31mred"


def test_a_cell_too_long_is_reported_and_the_rest_goes_on(write: Write) -> None:
    assert problems(corpus("own/shape/long_field_131073.csv"))[0][1].startswith(
        "First Name: too long (131,073 characters"
    )
    path = write("Email,Name\na@example.com," + "x" * 70_000 + "\nb@example.com,B\n")
    assert cells(path) == [["b@example.com", "B"]]


def test_long_but_allowed_values_are_never_cut() -> None:
    lengths = [len(row[1]) for row in cells(corpus("own/shape/exact_limits.csv"))]
    raw = corpus("own/shape/exact_limits.csv").read_text().splitlines()[1:]
    assert lengths == [len(line.split(",")[1]) for line in raw]


def test_bidirectional_text_comes_through_unchanged() -> None:
    [row] = cells(corpus("own/shape/rtl_bidi.csv"))
    assert row[:2] == ["\u202eevil\u202c", "مرحبا"]


@pytest.mark.parametrize(
    "text",
    [
        'Email,Name\na@x.com,A\nb@x.com,"open\nc@x.com,C\n',
        'Email,Name\na@x.com,A\nb@x.com,"open\nc@x.com,"C"\n',
        'Email,Name\na@x.com,"two\nlines","open\nc@x.com,C\n',
    ],
    ids=["to the end", "up to the next quote", "after a cell of two lines"],
)
def test_an_open_quote_is_refused_with_its_line_and_swallows_no_row(
    write: Write, text: str
) -> None:
    with pytest.raises(UnreadableFile, match="opens on line 3"):
        inspect_file(write(text))


def test_an_open_quote_is_also_found_while_the_rows_are_read(write: Write) -> None:
    shape = inspect_file(write("Email,Name\na@x.com,A\nb@x.com,B\n"))
    rows = iter_rows(write('Email,Name\na@x.com,A\nb@x.com,"B\n'), shape)
    assert next(rows).cells == ["a@x.com", "A"]
    with pytest.raises(UnreadableFile, match="opens on line 3"):
        next(rows)


def test_an_open_quote_in_a_long_file_is_refused_in_flat_memory(write: Write) -> None:
    with pytest.raises(UnreadableFile, match="opens on line 2"):
        inspect_file(write('Email,Name\na@x.com,"A\n' + "b@x.com,B\n" * 400_000))


def test_text_after_a_closing_quote_is_a_problem_of_its_row(write: Write) -> None:
    path = write('Email,Name\na@x.com,"Ann "Annie" Lee"\nb@x.com,B\n')
    assert cells(path) == [["b@x.com", "B"]]
    assert problems(path)[0][0] == 2


def test_rows_are_counted_as_a_spreadsheet_counts_them(write: Write) -> None:
    path = write('Email,Note\na@x.com,"two\nlines"\n\nb@x.com,\n')
    rows = [(row.number, row.line) for row in iter_rows(path, inspect_file(path))]
    assert rows == [(2, 2), (4, 5)]


def test_an_endless_line_is_refused(write: Write) -> None:
    with pytest.raises(UnreadableFile, match="Line 2 is longer"):
        inspect_file(write("Email\n" + "x" * 3_000_000))


def test_too_many_columns_are_refused(write: Write) -> None:
    with pytest.raises(UnreadableFile, match="501 columns"):
        inspect_file(write(",".join(f"c{n}" for n in range(501)) + "\n"))


def test_a_separator_line_of_excel_is_obeyed_and_not_imported(write: Write) -> None:
    path = write("sep=;\nEmail;Name\na@x.com;A\n")
    assert cells(path) == [["a@x.com", "A"]]


SPECTRUM = (
    "comma_in_quotes empty empty_crlf escaped_quotes json newlines newlines_crlf "
    "quotes_and_newlines simple simple_crlf utf8"
)


@pytest.mark.parametrize("name", SPECTRUM.split())
def test_the_csv_spectrum_is_read_as_it_expects(name: str) -> None:
    path = corpus(f"csv-spectrum/csvs/{name}.csv")
    shape = inspect_file(path)
    rows = [dict(zip(shape.header, row.cells, strict=True)) for row in iter_rows(path, shape)]
    assert rows == json.loads(corpus(f"csv-spectrum/json/{name}.json").read_text())


def test_letters_lost_before_are_reported_for_their_column() -> None:
    path = corpus("csv-spectrum/csvs/location_coordinates.csv")
    [row] = iter_rows(path, inspect_file(path))
    assert row.column == 1
    assert row.problem and row.problem.startswith("Location Coordinates: letters were lost")


def test_a_shape_survives_being_stored_as_json() -> None:
    shape = inspect_file(corpus("own/shape/semicolon.csv"))
    assert FileShape.from_json(json.loads(json.dumps(shape.to_json()))) == shape


@pytest.mark.parametrize(
    ("protected", "plain"),
    [
        ("'+1 202-555-0101", "+1 202-555-0101"),
        ("'=SUM(A1)", "=SUM(A1)"),
        ("' \t@cmd", " \t@cmd"),
        ("''=x", "'=x"),
        ("'t Hooft", "'t Hooft"),
        ("O'-Neill", "O'-Neill"),
    ],
)
def test_one_apostrophe_before_a_formula_is_taken_off(protected: str, plain: str) -> None:
    assert unprotect(protected) == plain


def sheet(book: openpyxl.Workbook) -> Worksheet:
    assert isinstance(book.active, Worksheet)
    return book.active


def test_a_workbook_reads_like_the_csv_of_it(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet(book).append(["Email", "Mobile Phone", "Employees", "Consent"])
    sheet(book).append(["ada@example.com", 12025550101.0, 12, True])
    book.create_sheet("Notes")
    book.save(path := tmp_path / "contacts.xlsx")
    shape = inspect_file(path)
    assert (shape.kind, shape.row_count, shape.other_sheets) == ("xlsx", 1, 1)
    assert cells(path) == [["ada@example.com", "12025550101", "12", "yes"]]


def test_a_workbook_is_known_by_its_content_since_uploads_are_stored_without_its_name(
    tmp_path: Path,
) -> None:
    book = openpyxl.Workbook()
    sheet(book).append(["Email"])
    sheet(book).append(["ada@example.com"])
    book.save(tmp_path / "contacts.xlsx")
    stored = (tmp_path / "contacts.xlsx").rename(tmp_path / "3f2a.upload")
    assert inspect_file(stored).kind == "xlsx" and cells(stored) == [["ada@example.com"]]


def test_a_workbook_that_unpacks_to_too_much_is_refused_unopened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MAX_UNPACKED", 1000)
    book = openpyxl.Workbook()
    sheet(book).append(["Email"])
    book.save(path := tmp_path / "bomb.xlsx")
    with pytest.raises(UnreadableFile, match="too large when unpacked"):
        inspect_file(path)


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "not xml")
    with pytest.raises(UnreadableFile, match="cannot be opened"):
        inspect_file(path)
