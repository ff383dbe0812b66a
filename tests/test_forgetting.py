"""One person's data are deleted on request, and nothing else; the key can be renewed."""

from __future__ import annotations

import csv
import json
import shutil
import stat
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

import evaluasi_lib as el
from evaluasi_lib.check import DataFolder, load_program
from evaluasi_lib.cleaning.forgetting import _records, forget
from evaluasi_lib.cleaning.identity import MASK, key_file
from evaluasi_lib.cleaning.pipeline import clean_program, is_stale
from evaluasi_lib.cli import main
from evaluasi_lib.folders import LOCK
from evaluasi_lib.wording import DataError, UsageError
from tests import canaries, raw

GONE = 5


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EVALUASI_KEY", "a key for tests")
    people = canaries.write(tmp_path)
    folder = tmp_path / "raw" / raw.ID
    quotes = "sumber,variabel,baris,tema,teks,status\n"
    quotes += "".join(f"survei,saran,{row},manfaat,Baik,usulan\n" for row in (2, GONE + 1, 9))
    (folder / "kutipan.csv").write_text(quotes, encoding="utf-8")
    return DataFolder.at(tmp_path), people


@pytest.fixture
def own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """The same persons, with a key that the library makes in a home of the test's own."""
    monkeypatch.delenv("EVALUASI_KEY", raising=False)
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    canaries.write(tmp_path)
    return DataFolder.at(tmp_path)


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    return {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}


def test_one_person_is_gone_from_raw_and_processed_and_everybody_else_stays(planted) -> None:
    data, people = planted
    program, person = load_program(data.raw(raw.ID)), people[GONE]
    before = tables(clean_program(program, data))
    done = forget(data, raw.ID, person.nip, "diminta yang bersangkutan")
    assert done.rows == {"peserta": 1, "survei": 1, "nilai": 1, "log": 1, "kutipan.csv": 1}
    for folder in (data.raw(raw.ID), data.processed(raw.ID)):
        found = canaries.texts_in(folder)
        assert any("restricted" in place for place in found) == (folder != data.raw(raw.ID))
        assert canaries.traces(found, [person]) == [], "nor does anybody else's row name them"
    after = tables(data.processed(raw.ID))
    for name, table in after.items():
        whole = before[name]
        if "row" in whole:
            whole = whole[whole["row"] != GONE + 1]
        else:
            assert len(table) == len(whole) - 1
            whole = whole[whole["pid"].isin(table["pid"])]
        pd.testing.assert_frame_equal(table.reset_index(drop=True), whole.reset_index(drop=True))
    quotes = (data.raw(raw.ID) / "kutipan.csv").read_text().splitlines()
    assert [line.split(",")[2] for line in quotes[1:]] == ["2", "9"]


def test_the_log_says_why_and_not_who_and_mentions_by_others_are_named(planted) -> None:
    data, people = planted
    person = people[GONE]
    for reason in (
        f"diminta {person.name}",
        person.nip,
        " ",
        f"lewat {person.last} {person.first}",
    ):
        with pytest.raises(UsageError):
            forget(data, raw.ID, person.nip, reason)
    with pytest.raises(UsageError):
        forget(data, raw.ID, "198001012010011999", "diminta")
    assert not (data.raw(raw.ID) / "penghapusan.csv").exists()
    done = forget(data, raw.ID, person.nip, "diminta yang bersangkutan")
    log = (data.raw(raw.ID) / "penghapusan.csv").read_text(encoding="utf-8")
    assert "diminta yang bersangkutan" in log
    assert canaries.traces({"log": log}, people) == []
    assert done.masked > 20, "rooms, heads and notes of others name them"
    assert canaries.traces({"said": "".join(done.mentions)}, people) == []


def test_reports_that_rest_on_the_data_are_marked_until_they_are_made_again(
    planted, capsys: pytest.CaptureFixture[str]
) -> None:
    data, people = planted
    out = data.path / "reports"
    (out / raw.ID).mkdir(parents=True)
    result = {"program": {"title": "Uji", "cycle": "2025", "series": None, "period_end": None},
              "verdict": {"decision": "adjust", "provisional": False, "certainty": "",
                          "reasons": []},
              "measures": [], "provenance": {"parameters": {}}}  # fmt: skip
    (out / raw.ID / "result.json").write_text(json.dumps(result), encoding="utf-8")
    command = ["forget", raw.ID, "--person", people[GONE].nip, "--reason", "diminta"]
    assert main([*command, "--data", str(data.path), "--out", str(out)]) == 0
    assert (out / raw.ID / "USANG.txt").is_file()
    assert "usang" in (out / "index.html").read_text(encoding="utf-8")
    shown = capsys.readouterr()
    assert canaries.traces({"said": shown.out + shown.err}, people) == []


def as_workbook(folder: Path, source: str, **more: str) -> Path:
    """A source's CSV file as a workbook with formats, links, a comment and a formula.

    more: a room, for a second sheet and a comment; that sheet's name.
    """
    table = pd.read_csv(folder / f"{source}.csv", dtype=str)
    path = folder / f"{source}.xlsx"
    with pd.ExcelWriter(path, engine="xlsxwriter") as writer:
        table.to_excel(writer, sheet_name="Data", index=False)
        book, sheet = writer.book, writer.sheets["Data"]
        bold = book.add_format({"bold": True, "bg_color": "#ffdd00"})
        sheet.set_row(3, 30, bold)
        if "surel" in table:
            at = table.columns.get_loc("surel")
            for row, address in enumerate(table["surel"], 1):
                sheet.write_url(row, at, f"mailto:{address}", string=address)
        other = book.add_worksheet(more.get("sheet"))
        other.write_formula("A1", "=COUNTA(Data!A:A)", bold, len(table))
        other.write("A2", "rapat di " + more.get("room", "aula"))
        sheet.write_comment("A2", "lihat " + more.get("room", "aula"))
    (folder / f"{source}.csv").unlink()
    text = (folder / "program.yml").read_text(encoding="utf-8")
    text = text.replace(f"{source}.csv", f"{source}.xlsx")
    (folder / "program.yml").write_text(text, encoding="utf-8")
    return path


def test_a_person_is_gone_from_workbooks_and_the_rest_stays_as_it_was(planted) -> None:
    data, people = planted
    folder, person = data.raw(raw.ID), people[GONE]
    paths = [as_workbook(folder, s, room=person.name) for s in ("peserta", "survei", "nilai")]
    before = [el.read(path) for path in paths]
    tables_before = tables(clean_program(load_program(folder), data))
    done = forget(data, raw.ID, person.nip, "diminta")
    assert {"peserta", "survei", "nilai", "log"} <= done.rows.keys()
    for place in (folder, data.processed(raw.ID)):
        assert canaries.traces(canaries.texts_in(place), [person]) == []
    for path, old in zip(paths, before, strict=True):
        new = el.read(path)
        assert new.shape == old.shape
        assert new.iloc[GONE].isna().all()
        others = old.index != GONE
        moved = (new.fillna("") != old.fillna(""))[others].to_numpy()
        masked = new[others].to_numpy()[moved]
        assert all(MASK in text for text in masked)
        parts = zipfile.ZipFile(path)
        assert b"COUNTA" in parts.read("xl/worksheets/sheet2.xml")
        assert b'ht="30"' in parts.read("xl/worksheets/sheet1.xml")
        assert b"FFFFDD00" in parts.read("xl/styles.xml")
    after = tables(data.processed(raw.ID))
    assert len(after["nilai"]) == len(tables_before["nilai"]) - 1


@pytest.mark.parametrize("why", ["kind", "name of a sheet"])
def test_what_cannot_be_rewritten_is_refused_before_anything_is_changed(planted, why) -> None:
    data, people = planted
    folder = data.raw(raw.ID)
    if why == "kind":
        table = pd.read_csv(folder / "nilai.csv", dtype=str)
        pyreadstat.write_sav(table, folder / "nilai.sav")
        text = (
            (folder / "program.yml").read_text(encoding="utf-8").replace("nilai.csv", "nilai.sav")
        )
        (folder / "program.yml").write_text(text, encoding="utf-8")
    else:
        as_workbook(folder, "nilai", sheet=people[GONE].name)
    clean_program(load_program(folder), data)
    before = {p: p.read_bytes() for p in data.path.rglob("*") if p.is_file()}
    with pytest.raises(DataError) as caught:
        forget(data, raw.ID, people[GONE].nip, "diminta")
    (problem,) = caught.value.problems
    assert "nilai" in problem.where
    assert problem.remedy
    after = {p: p.read_bytes() for p in data.path.rglob("*") if p.is_file() and p.name != LOCK}
    assert after == {p: content for p, content in before.items() if p.name != LOCK}


def test_who_shares_the_first_name_keeps_their_own(planted) -> None:
    data, people = planted
    path = data.raw(raw.ID) / "peserta.csv"
    table = pd.read_csv(path, dtype=str)
    namesake = f"{people[GONE].first.capitalize()} {people[50].last.capitalize()}"
    table.assign(nama=table["nama"].where(table.index != 50, namesake)).to_csv(path, index=False)
    forget(data, raw.ID, people[GONE].nip, "diminta")
    left = pd.read_csv(path, dtype=str)
    assert left["nama"][50] == namesake
    assert people[GONE].name not in path.read_text()


def test_records_of_a_csv_keep_their_bytes() -> None:
    text = 'a,b\r\n1,"x\ny"\r\n\n2,"z ""q"""\n3,'
    found = list(_records(text, ","))
    assert "".join(record for record, _cells in found) == text
    assert [len(cells) for _record, cells in found] == [2, 2, 0, 2, 2]
    assert [len(row) for row in csv.reader(text.split("\n"))][:1] == [2]


def test_a_new_key_gives_new_pseudonyms_and_the_same_numbers(
    own_key: DataFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    program = load_program(own_key.raw(raw.ID))
    before = tables(clean_program(program, own_key))
    key = key_file().read_bytes()
    assert main(["key", "rotate", "--data", str(tmp_path)]) == 0
    assert raw.ID in capsys.readouterr().out
    assert key_file().read_bytes() != key
    assert not is_stale(program, own_key)
    after = tables(own_key.processed(raw.ID))
    assert not set(before["peserta"]["pid"]) & set(after["peserta"]["pid"])
    pd.testing.assert_frame_equal(
        before["nilai"].drop(columns="pid"), after["nilai"].drop(columns="pid")
    )
    found = canaries.texts_in(own_key.processed(raw.ID))
    assert not any(key_file().read_text() in text for text in found.values())
    monkeypatch.setenv("EVALUASI_KEY", "given")
    assert main(["key", "rotate", "--data", str(tmp_path)]) == 2


def test_a_program_that_cannot_be_cleaned_loses_the_tables_of_the_old_key(
    own_key: DataFolder, tmp_path: Path
) -> None:
    clean_program(load_program(own_key.raw(raw.ID)), own_key)
    (own_key.raw(raw.ID) / "survei.csv").unlink()
    assert main(["key", "rotate", "--data", str(tmp_path)]) == 1
    assert not own_key.processed(raw.ID).exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_only_the_owner_looks_into_processed_data_and_the_key(planted) -> None:
    data, _people = planted
    folder = clean_program(load_program(data.raw(raw.ID)), data)
    for path in (folder, folder / "restricted"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    shutil.rmtree(folder)
