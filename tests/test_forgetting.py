"""One person's data are deleted on request, and nothing else; the key can be renewed."""

from __future__ import annotations

import json
import stat
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

import evaluasi_lib as el
from evaluasi_lib.cli import main
from tests import canaries, raw
from tests.cleaning_help import run, write

GONE = 5
PEOPLE = canaries.persons()
PERSON = PEOPLE[GONE]
SOURCES = ("peserta", "survei", "nilai")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVALUASI_KEY", "a key for tests")
    canaries.write(tmp_path)
    return tmp_path


@pytest.fixture
def own_key(data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same persons, with a key that the library makes in a home of the test's own."""
    monkeypatch.delenv("EVALUASI_KEY")
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(data / "home"))
    return data


def folder(data: Path, kind: str = "raw") -> Path:
    return data / kind / raw.ID


def forget(data: Path, person: str = PERSON.nip, reason: str = "diminta") -> int:
    place = ["--data", str(data), "--out", str(data / "reports")]
    return main(["forget", raw.ID, "--person", person, "--reason", reason, *place])


def tables(data: Path) -> dict[str, pd.DataFrame]:
    """The processed tables, made anew where they are stale."""
    el.open(raw.ID, data=data)
    return {
        path.stem: pd.read_parquet(path) for path in folder(data, "processed").glob("*.parquet")
    }


def declare(data: Path, old: str, new: str) -> None:
    path = folder(data) / "program.yml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def as_workbook(data: Path, source: str, room: str, sheet: str | None = None) -> Path:
    """A source's CSV file as a workbook with formats, links, a comment that names the room, a
    second sheet of that name with a formula."""
    table = pd.read_csv(folder(data) / f"{source}.csv", dtype=str)
    path = folder(data) / f"{source}.xlsx"
    with pd.ExcelWriter(path, engine="xlsxwriter") as writer:
        table.to_excel(writer, sheet_name="Data", index=False)
        book, first = writer.book, writer.sheets["Data"]
        bold = book.add_format({"bold": True, "bg_color": "#ffdd00"})
        first.set_row(3, 30, bold)
        for row, address in enumerate(table.get("surel", ()), 1):
            first.write_url(row, table.columns.get_loc("surel"), f"mailto:{address}",
                            string=address)  # fmt: skip
        other = book.add_worksheet(sheet)
        other.write_formula("A1", "=COUNTA(Data!A:A)", bold, len(table))
        other.write("A2", f"rapat di {room}")
        first.write_comment("A2", f"lihat {room}")
    (folder(data) / f"{source}.csv").unlink()
    declare(data, f"{source}.csv", f"{source}.xlsx")
    return path


def others_stay(before: dict[str, pd.DataFrame], after: dict[str, pd.DataFrame]) -> None:
    for name, table in after.items():
        whole = before[name]
        if "row" in whole:
            whole = whole[whole["row"] != GONE + 1]
        else:
            assert len(table) == len(whole) - 1
            whole = whole[whole["pid"].isin(table["pid"])]
        pd.testing.assert_frame_equal(table.reset_index(drop=True), whole.reset_index(drop=True))


def test_one_person_is_gone_from_raw_and_processed_and_everybody_else_stays(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quotes = folder(data) / "kutipan.csv"
    lines = [f"survei,saran,{row},manfaat,Baik,usulan\n" for row in (2, GONE + 1, 9)]
    quotes.write_text("sumber,variabel,baris,tema,teks,status\n" + "".join(lines))
    before = tables(data)
    assert forget(data, reason="diminta yang bersangkutan") == 0
    shown = capsys.readouterr()
    emptied = [line for line in shown.out.splitlines() if "1 baris dikosongkan" in line]
    assert len(emptied) == 5, "three tables, the log, the quotes"
    for place in (folder(data), folder(data, "processed")):
        found = canaries.texts_in(place)
        assert any("restricted" in name for name in found) == (place != folder(data))
        assert canaries.traces(found, [PERSON]) == [], "nor does anybody else's row name them"
    others_stay(before, tables(data))
    assert [line.split(",")[2] for line in quotes.read_text().splitlines()[1:]] == ["2", "9"]
    log = (folder(data) / "penghapusan.csv").read_text(encoding="utf-8")
    assert "diminta yang bersangkutan" in log
    assert canaries.traces({"log": log, "said": shown.out + shown.err}, PEOPLE) == []


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        *((PERSON.nip, why) for why in (
            f"diminta {PERSON.name}", PERSON.nip, " ", f"lewat {PERSON.last} {PERSON.first}")),
        ("198001012010011999", "diminta"),
    ],
)  # fmt: skip
def test_a_reason_that_names_the_person_and_a_stranger_are_refused(
    person: str, reason: str, data: Path
) -> None:
    assert forget(data, person, reason) == 2
    assert not (folder(data) / "penghapusan.csv").exists()
    assert PERSON.nip in (folder(data) / "peserta.csv").read_text(encoding="utf-8")


def test_reports_that_rest_on_the_data_are_marked_until_they_are_made_again(data: Path) -> None:
    report = data / "reports" / raw.ID
    report.mkdir(parents=True)
    result = {"program": {"title": "Uji", "cycle": "2025", "series": None, "period_end": None},
              "verdict": {"decision": "adjust", "provisional": False, "certainty": "",
                          "reasons": []},
              "measures": [], "provenance": {"parameters": {}}}  # fmt: skip
    (report / "result.json").write_text(json.dumps(result), encoding="utf-8")
    assert forget(data) == 0
    assert (report / "USANG.txt").is_file()
    assert "usang" in (data / "reports" / "index.html").read_text(encoding="utf-8")


def test_a_person_is_gone_from_workbooks_and_the_rest_stays_as_it_was(data: Path) -> None:
    paths = [as_workbook(data, source, PERSON.name) for source in SOURCES]
    before, read = tables(data), [el.read(path) for path in paths]
    assert forget(data) == 0
    for place in (folder(data), folder(data, "processed")):
        assert canaries.traces(canaries.texts_in(place), [PERSON]) == []
    others_stay(before, tables(data))
    for path, old in zip(paths, read, strict=True):
        new = el.read(path)
        assert new.shape == old.shape
        assert new.iloc[GONE].isna().all()
        others = old.index != GONE
        moved = (new.fillna("") != old.fillna(""))[others].to_numpy()
        assert all("[…]" in text for text in new[others].to_numpy()[moved])
        parts = zipfile.ZipFile(path)
        for part, kept in (("worksheets/sheet2", b"COUNTA"), ("worksheets/sheet1", b'ht="30"'),
                           ("styles", b"FFFFDD00")):  # fmt: skip
            assert kept in parts.read(f"xl/{part}.xml")


@pytest.mark.parametrize("why", ["kind", "name of a sheet"])
def test_what_cannot_be_rewritten_is_refused_before_anything_is_changed(
    why: str, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if why == "kind":
        table = pd.read_csv(folder(data) / "nilai.csv", dtype=str)
        pyreadstat.write_sav(table, folder(data) / "nilai.sav")
        declare(data, "nilai.csv", "nilai.sav")
    else:
        as_workbook(data, "nilai", "aula", sheet=PERSON.name)
    tables(data)

    def content() -> dict[Path, bytes]:
        files = (p for p in data.rglob("*") if p.is_file() and not p.name.startswith("."))
        return {p: p.read_bytes() for p in files}

    before = content()
    assert forget(data) == 1
    said = capsys.readouterr().err
    assert "nilai" in said
    assert "Perbaikan" in said
    assert content() == before


def test_who_shares_the_first_name_keeps_their_own(data: Path) -> None:
    path = folder(data) / "peserta.csv"
    table = pd.read_csv(path, dtype=str)
    namesake = f"{PERSON.first.capitalize()} {PEOPLE[50].last.capitalize()}"
    table.assign(nama=table["nama"].where(table.index != 50, namesake)).to_csv(path, index=False)
    assert forget(data) == 0
    assert pd.read_csv(path, dtype=str)["nama"][50] == namesake
    assert PERSON.name not in path.read_text()


def test_everybody_elses_bytes_of_a_csv_stay(tmp_path: Path) -> None:
    columns = {"kode": {"from": "Kode", "type": "respondent_code"}, "n": {"from": "N"}}
    declared = {"link": "respondent_code", "sources": {"s": {"file": "s.csv", "columns": columns}}}
    text = 'Kode,N,T\r\nA1,1,"x\ny"\r\n\nB2,2,"z ""q"""\nC3,3,"w\r\nv"\r\nD4,4,'
    root = write(tmp_path, declared, {"s.csv": text})
    more = ["--person", "c3", "--reason", "diminta", "--out", str(tmp_path / "out")]
    assert run(root, "forget", *more) == 0
    left = (root / "raw" / "uji" / "s.csv").read_bytes().decode()
    assert left == text.replace('C3,3,"w\r\nv"\r\n', ",,\r\n")


# --- The key and who may look --------------------------------------------------------------------


def rotate(data: Path) -> int:
    return main(["key", "rotate", "--data", str(data)])


def test_a_new_key_gives_new_pseudonyms_and_the_same_numbers(
    own_key: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tables(own_key)
    (file,) = (p for p in (own_key / "home").rglob("*") if p.is_file())
    key = file.read_bytes()
    assert rotate(own_key) == 0
    assert raw.ID in capsys.readouterr().out
    assert file.read_bytes() != key
    manifest = folder(own_key, "processed") / "manifest.json"
    made = manifest.stat().st_mtime_ns
    after = tables(own_key)
    assert manifest.stat().st_mtime_ns == made, "they were written anew already"
    assert not set(before["peserta"]["pid"]) & set(after["peserta"]["pid"])
    plain = [found["nilai"].drop(columns="pid") for found in (before, after)]
    pd.testing.assert_frame_equal(*plain)
    found = canaries.texts_in(folder(own_key, "processed"))
    assert not any(file.read_text() in text for text in found.values())
    monkeypatch.setenv("EVALUASI_KEY", "given")
    assert rotate(own_key) == 2


def test_a_program_that_cannot_be_cleaned_loses_the_tables_of_the_old_key(own_key: Path) -> None:
    tables(own_key)
    (folder(own_key) / "survei.csv").unlink()
    assert rotate(own_key) == 1
    assert not folder(own_key, "processed").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_only_the_owner_looks_into_processed_data(data: Path) -> None:
    tables(data)
    for path in (folder(data, "processed"), folder(data, "processed") / "restricted"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
