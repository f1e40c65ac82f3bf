"""CSV as couriers export it: every separator, quote and line end, faults included."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manifests import FEWER, read, read_text, same, save

from riskscore.errors import ManifestError
from riskscore.formats import csv as csv_module
from riskscore.formats import decode, records
from riskscore.schema import csv_header

HEADER = "parcel_id,description,total_value\n"


def descriptions(folder: Path, content: str | bytes) -> list[str | None]:
    return read_text(folder, content).column("item.description")


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends(tmp_path: Path, separator: str, end: str) -> None:
    rows = [["parcel_id", "description", "total_value"], ["P1", "shoes", "2"], ["P2", '"a toy"', "3"]]
    result = read_text(tmp_path, end.join(separator.join(row) for row in rows) + end)
    assert result.ids == ["P1", "P2"]
    assert result.column("item.description") == ["shoes", "a toy"]
    assert result.column("total_value") == [2.0, 3.0]
    assert f"delimiter {'tab' if separator == chr(9) else separator}" in result.notes
    assert result.problems == []


def test_mixed_line_ends(tmp_path: Path) -> None:
    result = read_text(tmp_path, "parcel_id,description\r\nP1,a\nP2,b\r\n\nP3,c")
    assert result.ids == ["P1", "P2", "P3"]


def test_a_return_alone_is_text_unless_the_header_ends_with_one(tmp_path: Path) -> None:
    # Otherwise a sender could add rows: exporters do not quote a return that is not their line end.
    result = read_text(tmp_path, "parcel_id,description\nP1,shoes\rP9,forged\nP2,a\rb\n")
    assert result.ids == ["P2"]
    assert result.column("item.description") == ["a\rb"]
    assert result.reasons("yes") == ["3 fields where the header has 2"]
    assert read_text(tmp_path, "parcel_id,description\rP1,a\rP2,b\nP3,c\r").ids == ["P1", "P2", "P3"]


def test_the_separator_is_the_one_that_makes_the_names_known(tmp_path: Path) -> None:
    result = read_text(tmp_path, "parcel_id;note, with, many, commas;description\nP1;x;shoes\n")
    assert "delimiter ;" in result.notes
    assert result.column("item.description") == ["shoes"]


@pytest.mark.parametrize("hint", ["sep=;", "SEP=;", '"sep=;"', "sep=;;;"])
def test_the_hint_for_excel_is_skipped(tmp_path: Path, hint: str) -> None:
    result = read_text(tmp_path, f"{hint}\r\nparcel_id;description\r\nP1;x\r\n;nobody\r\n")
    assert result.ids == ["P1"]
    assert result.lines() == [4]


def test_the_hint_may_name_any_separator(tmp_path: Path) -> None:
    assert descriptions(tmp_path, "sep=^\nparcel_id^description\nP1^a,b;c\n") == ["a,b;c"]


def test_names_are_matched_without_case_blanks_and_quotes(tmp_path: Path) -> None:
    result = read_text(tmp_path, "\ufeff PARCEL_ID ;'Description';  \"Sender.Country\" \nP1;shoes;de\n")
    assert result.column("item.description") == ["shoes"]
    assert result.column("sender.country") == ["DE"]


def test_every_path_and_every_alias_is_a_column(tmp_path: Path) -> None:
    result = read_text(tmp_path, ",".join(csv_header()) + "\nP1" + "," * (len(csv_header()) - 1) + "\n")
    assert result.notes == ["encoding utf-8", "delimiter ,"]
    result = read_text(tmp_path, "parcel_id,items.hs_code,quantity,value\nP1,950300,2,3\n")
    assert result.items.select("item.hs_code", "item.quantity", "item.value").row(0) == ("950300", 2.0, 3.0)


def test_unknown_duplicate_and_nameless_columns_are_noted_once(tmp_path: Path) -> None:
    result = read_text(tmp_path, "parcel_id,colour,description,items.description,colour,\nP1,red,a,b,blue,\n")
    assert result.column("item.description") == ["a"]
    assert result.notes[1:] == [
        "unknown column colour ignored",
        "duplicate column items.description ignored: the first item.description counts",
        "delimiter ,",
    ]


def test_rows_of_a_spreadsheet_that_were_never_filled(tmp_path: Path) -> None:
    result = read_text(tmp_path, HEADER + "P1,x,1\n\n   \n\t\nP2,y,2\n,,\n")
    assert result.ids == ["P1", "P2"]
    assert (result.counts.rows_read, result.counts.rows_rejected) == (3, 1)
    assert result.problems[0]["reason"] == "no parcel_id"
    assert result.problems[0]["line"] == 7


def test_lines_are_counted_from_the_header_of_the_file(tmp_path: Path) -> None:
    result = read_text(tmp_path, "\n\n" + HEADER + 'P1,"two\nlines",1\n,x,1\nP2,"three\r\nli\rnes",1\n,y,2\n')
    assert result.column("item.description") == ["two\nlines", "three\r\nli\rnes"]
    assert result.lines("yes") == [6, 9]


def test_header_only_is_an_empty_manifest(tmp_path: Path) -> None:
    for content in (HEADER, HEADER.strip(), HEADER + "\n\n"):
        result = read_text(tmp_path, content)
        assert (result.counts.rows_read, result.counts.parcels_read, result.batches) == (0, 0, [])


def test_one_column_is_enough(tmp_path: Path) -> None:
    assert read_text(tmp_path, "parcel_id\nP1\n\nP2\n").ids == ["P1", "P2"]


QUOTES = {
    'P1,"a ""quoted"" word",1': 'a "quoted" word',
    'P1,19" monitor,1': '19" monitor',
    'P1,"19"" monitor",1': '19" monitor',
    'P1,"monitor 19" wide",1': 'monitor 19" wide',
    'P1,"monitor 19"",1': 'monitor 19"',
    'P1,"""a""",1': '"a"',
    'P1,"a, b",1': "a, b",
    'P1, "a,1': ' "a',
    "P1,'a',1": "'a'",
    'P1,a"b"c,1': 'a"b"c',
    "P1,  two blanks  ,1": "  two blanks  ",
    'P1,"x"y,1': None,
}


@pytest.mark.parametrize("row", QUOTES)
def test_quotes(tmp_path: Path, row: str) -> None:
    result = read_text(tmp_path, HEADER + row + "\nP2,good,2\n")
    expected = QUOTES[row]
    if expected is None:
        assert result.reasons("yes") == ["a quote is never closed"]
        assert result.column("item.description") == ["good"]
    else:
        assert result.column("item.description") == [expected, "good"]
        assert result.problems == []


@pytest.mark.parametrize(
    "following",
    [
        "P2,good,2\nP3,fine,3\n",
        'P2,"good",2\nP3,fine,3\n',
        'P2,good,2\nP3,"fine",3\n',
        'P2,"",2\nP3,fine,3\n',
        'P2,good 19",2\nP3,fine,3\n',
        'P2,good,2\nP3,fine,"3"\n',
        'P2,"two\nlines",2\nP3,fine,3\n',
        'P2,good,2\nP3,"fine, ""indeed""",3\n',
    ],
)
@pytest.mark.parametrize("separator", [",", ";"])
def test_a_quote_that_never_closes_costs_its_own_line_only(tmp_path: Path, following: str, separator: str) -> None:
    content = (HEADER + 'P1,"never closed,1\n' + following).replace(",", separator)
    result = read_text(tmp_path, content)
    assert result.ids == ["P2", "P3"]
    assert [(p["line"], p["parcel_id"], p["rejected"]) for p in result.problems] == [(2, "P1", "yes")]
    assert (result.counts.parcels_read, result.counts.parcels_rejected) == (3, 1)


def test_a_text_of_many_lines_is_one_field(tmp_path: Path) -> None:
    poem = "\n".join(f"line {n}, of; many" for n in range(200))
    assert descriptions(tmp_path, f'{HEADER}P1,"{poem}",1\nP2,x,2\n') == [poem, "x"]


def test_rows_that_are_too_long_or_too_short(tmp_path: Path) -> None:
    result = read_text(tmp_path, HEADER + 'P1,a,1,,\nP2,a,1,x\nP3,a\nP4\nP5,"a",1,"",\nP6,"a",1,,"x"\nP7,b,2,\n')
    assert result.ids == ["P1", "P3", "P4", "P5", "P7"]
    assert result.column("total_value") == [1.0, None, None, 1.0, 2.0]
    assert [(p["line"], p["parcel_id"], p["rejected"]) for p in result.problems] == [
        (3, "P2", "yes"),
        (4, "P3", "no"),
        (5, "P4", "no"),
        (7, "P6", "yes"),
    ]


def test_a_separator_behind_every_row(tmp_path: Path) -> None:
    assert read_text(tmp_path, "parcel_id;description\nP1;a;\nP2;b;\n").problems == []
    assert read_text(tmp_path, "parcel_id;description;\nP1;a;\nP2;b;\n").problems == []


def test_control_characters_stay_in_texts_and_leave_ids(tmp_path: Path) -> None:
    result = read_text(tmp_path, HEADER + "P1\0,a\0b\x07c,1\n\0,x,1\n\x1a\n")
    assert result.ids == ["P1", "\x1a"]
    assert result.column("item.description") == ["a\0b\x07c"]
    assert result.reasons("yes") == ["no parcel_id"]


def test_very_long_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = "x" * 3_000_000
    assert descriptions(tmp_path, f'{HEADER}P1,{long},1\nP2,"{long}",2\n') == [long, long]
    monkeypatch.setattr(csv_module, "MAX_LINE", 1_000)
    for size in (64, 1 << 20):
        monkeypatch.setattr(decode.Text.__init__, "__defaults__", (None, size))
        for end in ("\n", "\r\n", "\r"):
            content = (HEADER + f"P1,{long[:5_000]},1\nP2,b,2\nP3,{long[:900]},3\n").replace("\n", end)
            result = read_text(tmp_path, content)
            assert result.ids == ["P2", "P3"]
            assert [(p["line"], p["parcel_id"], p["rejected"]) for p in result.problems] == [(2, "P1", "yes")]
        assert read_text(tmp_path, f"{HEADER}P1,a,1\nP2,{long[:5_000]}").ids == ["P1"]


def test_a_file_without_a_usable_header(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="empty"):
        read_text(tmp_path, "")
    with pytest.raises(ManifestError, match="has no header"):
        read_text(tmp_path, "sep=;\n\n")
    with pytest.raises(ManifestError, match="never closed"):
        read_text(tmp_path, '"parcel_id,description\nP1,x\n')
    with pytest.raises(ManifestError, match=r"no parcel_id column\. Columns found: P1, shoes, 2"):
        read_text(tmp_path, "P1,shoes,2\nP2,books,1\n")


WORDS = st.text(alphabet="abc ,;|\"'\t\n\r\u00e9\u0161\u0436", max_size=12)


@given(
    texts=st.lists(WORDS, min_size=1, max_size=12),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    quoting=st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC)),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_csv_writer_wrote_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[str],
    separator: str,
    quoting: Literal[0, 1, 2],
    end: str,
    encoding: str,
) -> None:
    file = io.StringIO()
    quoting = csv.QUOTE_ALL if end == "\r" else quoting  # the writer does not quote line feeds of its own accord then
    writer = csv.writer(file, delimiter=separator, quoting=quoting, lineterminator=end)
    writer.writerow(["parcel_id", "description", "total_value", "sender.name"])
    writer.writerows([f"P{n}", text, n, "Ana Uzorak"] for n, text in enumerate(texts))
    result = read_text(tmp_path_factory.mktemp("written"), file.getvalue().encode(encoding))
    assert result.ids == [f"P{n}" for n in range(len(texts))]
    assert result.column("item.description") == [text for text in texts if text.strip()]
    assert result.problems == []


PIECES = st.sampled_from(
    [
        '"', '""', ",", ";", "\n", "\r\n", "\r", "P1", "P2", '19" tv', '"x,y"', '"l1\nl2"', " ", "\t", "1,5", "-2",
        "\0", "š", "null", '"unclosed', "P4,ok,3\n", 'P5,"q",4\n', '"a""b"', "sep=;\n", "\ufeff",
    ]
)  # fmt: skip


@FEWER
@given(
    pieces=st.lists(PIECES, max_size=40),
    header=st.sampled_from([HEADER, HEADER.replace(",", ";"), "sep=,\r\n" + HEADER, "\n" + HEADER]),
    encoding=st.sampled_from(["utf-8", "cp1250", "utf-16"]),
    size=st.integers(1, 80),
    batch_rows=st.integers(1, 5),
)
def test_no_chunk_and_no_batch_changes_what_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    pieces: list[str],
    header: str,
    encoding: str,
    size: int,
    batch_rows: int,
) -> None:
    path = save(tmp_path_factory.mktemp("pieces"), (header + "".join(pieces)).encode(encoding, "replace"))
    whole = read(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode.Text.__init__, "__defaults__", (None, size))
        assert same(whole, read(path, batch_rows=batch_rows))


def test_a_hostile_file_of_quotes_takes_no_quadratic_time(tmp_path: Path) -> None:
    # Every line opens a quote that only the far end could close.
    result = read_text(tmp_path, HEADER + '""b\n' * 3_000)
    assert result.counts.rows_read == 3_000
    result = read_text(tmp_path, HEADER + 'P1,"a""\n' * 3_000)
    assert result.counts.rows_rejected == 3_000
    assert records.MAX_SPAN_LINES * records.MAX_SPAN_QUOTES <= 1_000_000
