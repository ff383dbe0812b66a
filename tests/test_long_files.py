"""Files as agencies keep them: several waves in one, one group's persons alone, rows to leave out,
how it was before asked afterwards, logs without a heading that anybody knows."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

import evaluasi_lib as el
from evaluasi_lib.cli import main

BASE: dict[str, Any] = {
    "id": "uji", "title": "Uji", "kind": "other", "organisation": "Contoh", "cycle": "2025",
    "design": {"type": "single_group"}, "link": "respondent_code",
}  # fmt: skip
ITEMS = {f"k{i}": {"from": f"K{i}", "type": "item"} for i in (1, 2, 3)}
SCORED = {
    "scales": {"lima": {"points": 5}},
    "instruments": {"mampu": {"label": "Kemampuan", "scale": "lima", "items": [*ITEMS]}},
}
OUTCOME = {"id": "mampu", "label": "Kemampuan", "level": "learning", "instrument": "mampu",
           "wave": "post", "unit": "poin", "sesoi": 0.3}  # fmt: skip


def write(root: Path, declared: dict[str, Any], files: dict[str, str | bytes]) -> Path:
    """root/raw/uji/ with program.yml and the files; gives root, as --data takes it."""
    folder = root / "raw" / "uji"
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(BASE | declared, sort_keys=False, allow_unicode=True)
    (folder / "program.yml").write_text(text, encoding="utf-8")
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
    return root


def said(root: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit status and words of `evaluasi check`."""
    capsys.readouterr()
    status = main(["check", "uji", "--data", str(root)])
    out = capsys.readouterr()
    return status, out.out + out.err


def row_of(words: str, *start: str) -> list[str]:
    """The cells of the line of check's table that begins so."""
    lines = [re.split(r"\s{2,}", line.strip()) for line in words.splitlines()]
    (found,) = [cells[len(start) :] for cells in lines if tuple(cells[: len(start)]) == start]
    return found


def answers(rng: random.Random, better: int = 0) -> list[int]:
    start = rng.choice([2, 3])
    return [min(5, start + better + rng.choice([0, 0, 1])) for _ in ITEMS]


def long_file(years: Sequence[str], n: int = 30) -> str:
    """A row for each person and year: code, year, three answers, better by the year."""
    rng = random.Random(1)
    lines = ["Kode,Tahun,Status,K1,K2,K3"]
    for when, year in enumerate(years):
        for person in range(n):
            given = ",".join(map(str, answers(rng, when)))
            lines.append(f"P{person:02d},{year},{'Batal' if person == 0 else 'Hadir'},{given}")
    return "\n".join(lines) + "\n"


LONG = SCORED | {
    "sources": {
        "survei": {
            "file": "survei.csv",
            "wave_from": {"column": "Tahun", "waves": {"2023": "pre", "2024": "post"}},
            "columns": {"kode": {"from": "Kode", "type": "respondent_code"}} | ITEMS,
        }
    },
    "outcomes": [OUTCOME | {"baseline_wave": "pre"}],
}


def test_a_column_says_the_wave(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write(tmp_path, LONG, {"survei.csv": long_file(["2023", "2024"])})
    status, words = said(root, capsys)
    assert status == 0, words
    assert row_of(words, "mampu", "sebelum") == ["30", "30", "30"]
    assert row_of(words, "mampu", "sebelum dan sesudah") == ["30", "30", "30"]
    program = el.open("uji", data=root)
    assert {name: len(t) for name, t in program.tables.items()} == {
        "survei_pre": 30, "survei_post": 30,
    }  # fmt: skip
    effect = program.effects().iloc[0]
    assert (effect["estimator"], effect["n_program"]) == ("paired", 30)
    quality = program.result.quality
    assert (quality.rows_read, quality.rows_kept) == (60, 60)


def test_words_for_waves_match_whatever_their_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = yaml.safe_load(yaml.safe_dump(LONG))
    declared["sources"]["survei"]["wave_from"]["waves"] = {"pra": "pre", "pasca": "post"}
    root = write(tmp_path, declared, {"survei.csv": long_file([" PRA", "Pasca "])})
    assert said(root, capsys)[0] == 0


def test_an_unknown_wave_is_refused_once_and_a_blank_one_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = long_file(["2023", "2024"]).replace("P05,2024", "P05,2O24").replace("P06,2024", "P06,")
    root = write(tmp_path, LONG, {"survei.csv": text})
    status, words = said(root, capsys)
    assert status == 1
    assert words.count("2O24") == 1
    assert "“2024”" in words  # the nearest
    root = write(tmp_path, LONG, {"survei.csv": text.replace("2O24", "2024")})
    assert said(root, capsys)[0] == 0
    quality = el.open("uji", data=root).result.quality
    assert {c.rule: c.n for c in quality.changes}["wave_missing"] == 1
    assert (quality.rows_read, quality.rows_kept) == (60, 59)


def test_other_keys_name_the_source_of_one_wave(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = LONG | {"outcomes": [OUTCOME | {"baseline_wave": "pre", "source": "survei"}]}
    files = {"survei.csv": long_file(["2023", "2024"])}
    assert said(write(tmp_path, declared, files), capsys)[0] == 0  # an outcome has its own wave
    status, words = said(write(tmp_path, declared | {"roster": "survei"}, files), capsys)
    assert status == 1
    assert "survei_pre" in words


def test_rules_leave_rows_out_and_say_how_many_and_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = yaml.safe_load(yaml.safe_dump(LONG))
    rule = {"column": "status", "is_not": ["batal", "Gugur"], "reason": "membatalkan diri"}
    declared["sources"]["survei"]["rows"] = [rule, {"column": "Tahun", "is": [2023, 2024]}]
    text = long_file(["2023", "2024", "2025"]).replace("Batal,", "Batal,rusak-")
    root = write(tmp_path, declared, {"survei.csv": text})
    status, words = said(root, capsys)
    assert status == 0, words
    assert "membatalkan diri" in words
    assert "Gugur" in words  # stands nowhere in the column
    quality = el.open("uji", data=root).result.quality
    assert sum(c.n for c in quality.changes if c.rule == "rule_left_out") == 32
    assert (quality.rows_read, quality.rows_kept) == (90, 58)  # no row is counted twice
    declared["sources"]["survei"]["wave_from"]["waves"] |= {"2025": "followup"}
    status, words = said(write(tmp_path, declared, {}), capsys)
    assert status == 1  # a wave of which no row is left


def test_a_rule_that_would_name_a_person_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = yaml.safe_load(yaml.safe_dump(LONG))
    declared["sources"]["survei"]["rows"] = [{"column": "kode", "is_not": "P05"}]
    root = write(tmp_path, declared, {"survei.csv": long_file(["2023", "2024"])})
    status, words = said(root, capsys)
    assert status == 1
    assert "keluarkan.csv" in words
    assert "P05" not in words


ROSTER = {
    "file": "peserta.csv", "role": "roster",
    "columns": {"kode": {"from": "Kode", "type": "respondent_code"}},
}  # fmt: skip
ASIDE = "sumber,baris,cakupan,alasan,oleh\n"


def with_roster(leave_out: str) -> dict[str, Any]:
    codes = "Kode\n" + "".join(f"P{i:02d}\n" for i in range(30))
    files = {"survei.csv": long_file(["2023", "2024"]), "peserta.csv": codes}
    return files | ({"keluarkan.csv": ASIDE + leave_out} if leave_out else {})


def test_a_person_left_out_is_lost_and_not_forgotten(tmp_path: Path) -> None:
    declared = LONG | {"roster": "peserta", "sources": {"peserta": ROSTER} | LONG["sources"]}
    gone = [f"survei,{row},orang,menarik persetujuan,Evaluator\n" for row in range(2, 9)]
    left_out = "".join(gone) + "survei,40,baris,ganda,Evaluator\n"
    root = write(tmp_path, declared, with_roster(left_out))
    program = el.open("uji", data=root)
    assert {n: len(t) for n, t in program.tables.items()} == {
        "peserta": 30, "survei_pre": 23, "survei_post": 22,
    }  # fmt: skip
    measures = program.measures.set_index("id")["value"]
    assert measures["sample/flow/1/n"] == 30
    assert measures["evidence/mampu/attrition_overall_share"] == pytest.approx(8 / 30)
    quality = program.result.quality
    assert sum(c.n for c in quality.changes if c.rule == "left_out") == 15
    assert any("menarik persetujuan" in text for text in quality.problems)
    result = json.dumps([r.id for r in program.result.rows]) + " ".join(quality.problems)
    assert "P06" not in result


def test_the_rosters_own_row_takes_a_person_off_the_list(tmp_path: Path) -> None:
    declared = LONG | {"roster": "peserta", "sources": {"peserta": ROSTER} | LONG["sources"]}
    root = write(tmp_path, declared, with_roster("peserta,7,orang,salah daftar,Evaluator\n"))
    tables = el.open("uji", data=root).tables
    assert {n: len(t) for n, t in tables.items()} == {
        "peserta": 29, "survei_pre": 29, "survei_post": 29,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("survei,99,orang,sebab,Evaluator", "99"),
        ("survei,7,semua,sebab,Evaluator", "semua"),
        ("survei,7,orang,,Evaluator", "alasan"),
        ("surve,7,orang,sebab,Evaluator", "survei"),
    ],
)
def test_a_line_that_leaves_nobody_out_is_refused(
    line: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write(tmp_path, LONG, with_roster(line + "\n"))
    status, words = said(root, capsys)
    assert status == 1
    assert told in words
    assert "keluarkan.csv" in words


def test_forgetting_a_person_takes_the_line_that_left_them_out_too(tmp_path: Path) -> None:
    root = write(tmp_path, LONG, with_roster("survei,7,orang,menarik persetujuan,Evaluator\n"))
    arguments = ["forget", "uji", "--person", "P06", "--reason", "diminta", "--data", str(root)]
    assert main([*arguments, "--out", str(tmp_path / "laporan")]) == 0
    kept = (root / "raw" / "uji" / "keluarkan.csv").read_text(encoding="utf-8")
    assert "survei" not in kept
    assert "P06" not in (root / "raw" / "uji" / "survei.csv").read_text(encoding="utf-8")


# --- One group's persons in a file of their own --------------------------------------------------


def two_files(groups: bool) -> dict[str, Any]:
    def source(name: str, group: str, wave: str) -> dict[str, Any]:
        columns = {"kode": {"from": "Kode", "type": "respondent_code"}} | ITEMS
        columns |= {"usia": {"from": "Usia", "type": "number"}} if wave == "pre" else {}
        return {"file": f"{name}_{wave}.csv", "wave": wave, "columns": columns} | (
            {"group": group} if groups else {}
        )

    return SCORED | {
        "design": {"type": "comparison", "covariates": ["usia"]},
        "sources": {
            f"{name}_{wave}": source(name, group, wave)
            for name, group in (("peserta", "program"), ("pembanding", "comparison"))
            for wave in ("pre", "post")
        },
        "outcomes": [OUTCOME | {"baseline_wave": "pre"}],
    }


def four_files() -> dict[str, str]:
    rng, files = random.Random(2), {}
    for name, letter, gain in (("peserta", "A", 1), ("pembanding", "B", 0)):
        for wave, better in (("pre", 0), ("post", gain)):
            age = ",Usia" if wave == "pre" else ""
            lines = [f"Kode,K1,K2,K3{age}"]
            for i in range(40):
                given = ",".join(map(str, answers(rng, better)))
                lines.append(f"{letter}{i:02d},{given}" + (f",{30 + i % 20}" if age else ""))
            files[f"{name}_{wave}.csv"] = "\n".join(lines)
    return files


def test_a_file_holds_one_groups_persons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write(tmp_path, two_files(groups=True), four_files())
    status, words = said(root, capsys)
    assert status == 0, words
    assert row_of(words, "mampu", "sesudah") == ["80", "80", "40", "40"]
    effect = el.open("uji", data=root).effects().iloc[0]
    assert effect["estimator"] == "drdid"  # so the covariate is known of both groups
    assert (effect["n_program"], effect["n_comparison"]) == (40, 40)
    assert effect["estimate"] > 0.5


def test_a_comparison_without_groups_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write(tmp_path, two_files(groups=False), four_files())
    status, words = said(root, capsys)
    assert status == 1
    assert "“group”" in words


# --- How it was before, asked afterwards ---------------------------------------------------------


def remembered(**more: Any) -> dict[str, Any]:
    then = {f"d{i}": {"from": f"D{i}", "type": "item"} for i in (1, 2, 3)}
    before = {"label": "Kemampuan sebelum program", "scale": "lima", "items": [*then]}
    return SCORED | {
        "link": "anonymous",
        "sources": {
            "survei": {"file": "survei.csv", "wave": "post", "columns": ITEMS | then}
        },
        "instruments": SCORED["instruments"] | {"dulu": before},
        "outcomes": [OUTCOME | {"baseline_instrument": "dulu"} | more],
    }  # fmt: skip


def both_asked(n: int = 40) -> str:
    rng = random.Random(3)
    rows = ((*answers(rng, 1), *answers(rng)) for _ in range(n))
    return "K1,K2,K3,D1,D2,D3\n" + "\n".join(",".join(map(str, row)) for row in rows)


def test_a_measure_before_that_was_asked_after_must_be_said_to_be_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write(tmp_path, remembered(), {"survei.csv": both_asked()})
    status, words = said(root, capsys)
    assert status == 1
    assert "retrospective: true" in words


def test_what_rests_on_memory_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write(tmp_path, remembered(retrospective=True), {"survei.csv": both_asked()})
    status, words = said(root, capsys)
    assert status == 0, words
    assert row_of(words, "mampu", "sebelum (ingatan)") == ["40", "40", "40"]
    program = el.open("uji", data=root)
    effect = program.effects().iloc[0]
    assert (effect["estimator"], effect["n_program"]) == ("paired", 40)  # though anonymous
    threats = program.measures.query("part == 'evidence'")["id"]
    assert "evidence/mampu/threats/retrospective" in set(threats)
    text = "".join(chapter._repr_html_() for chapter in program.report())
    assert "prates retrospektif" in text
    assert "diukur sebelum dan sesudah" not in text


def test_memory_carries_no_more_than_a_weak_claim_and_of_lots_nothing(tmp_path: Path) -> None:
    declared = remembered(retrospective=True)
    declared["sources"]["survei"]["columns"] |= {"jalur": {"from": "J", "type": "category",
                                                 "categories": {"a": "a", "b": "b"}}}  # fmt: skip
    lines = both_asked(80).splitlines()
    text = "\n".join([lines[0] + ",J", *(f"{x},{'ab'[i % 2]}" for i, x in enumerate(lines[1:]))])
    group = {"variable": "jalur", "program": ["a"], "comparison": ["b"]}
    for kind, estimator in (("comparison", "did"), ("randomised", "difference")):
        declared["design"] = {"type": kind, "group": group}
        root = write(tmp_path / kind, declared, {"survei.csv": text})
        program = el.open("uji", data=root)
        effect = program.effects().iloc[0]
        assert effect["estimator"] == estimator
        ids = set(program.measures["id"])
        assert ("evidence/mampu/threats/retrospective" in ids) == (kind == "comparison")
        sms = program.measures.set_index("id")["value"]["evidence/mampu/maryland_sms"]
        assert sms == (2 if kind == "comparison" else 5)


# --- Logs and dates ------------------------------------------------------------------------------

LOG = {
    "sources": {
        "peserta": ROSTER,
        "log": {
            "file": "log.csv", "role": "events",
            "columns": {"kode": {"from": "Kode", "type": "respondent_code"}},
        },
    },
    "roster": "peserta",
    "elearning": {"events": "log"},
}  # fmt: skip


def log_file(heading: str, when: str, extra: str = "") -> dict[str, str]:
    codes = "Kode\n" + "".join(f"P{i:02d}\n" for i in range(30))
    lines = [f"Kode,{heading},module" + (",Tanggal lahir" if extra else "")]
    for i in range(30):
        lines += [f"P{i:02d},{when.format(d=1 + i % 20, h=8 + m)},M{m}{extra}" for m in (1, 2)]
    return {"peserta.csv": codes, "log.csv": "\n".join(lines)}


@pytest.mark.parametrize("heading", ["Kapan", "Jam dibuka", "timestamp", "Waktu"])
def test_the_time_of_a_log_is_found_whatever_its_heading(
    heading: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = log_file(heading, "{d} Mei 2025 0{h}:15" if heading == "Kapan" else "{d}/5/2025 {h}:15",
                     extra=",1990-05-01")  # fmt: skip
    root = write(tmp_path, LOG, files)
    status, words = said(root, capsys)
    assert status == 0, words
    assert el.open("uji", data=root).measures.set_index("id")["value"]["elearning/users"] == 30


def test_a_date_without_its_year_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for when in ("{d} Mei {h}:15", "{d}/05 {h}:15", "Mei {d}"):
        root = write(tmp_path, LOG, log_file("Waktu", when))
        status, words = said(root, capsys)
        assert status == 1
        assert "tanggal tanpa tahun" in words, when
    some = log_file("Waktu", "{d}/5/2025 {h}:15")
    some["log.csv"] += "\nP01,3 Mei 10:15,M1"
    status, words = said(write(tmp_path, LOG, some), capsys)
    assert status == 1, "one date without a year among others would be dropped"
    declared = {"sources": {"data": {"file": "data.csv", "columns": {
        "tanggal": {"from": "Tanggal", "type": "date"}}}}, "link": "anonymous"}  # fmt: skip
    root = write(tmp_path / "tabel", declared, {"data.csv": "Tanggal,X\n12 Mei,1\n3/5/2025,2\n"})
    status, words = said(root, capsys)
    assert status == 1
    assert "tanggal tanpa tahun" in words


@pytest.mark.parametrize("end", ["\r", "\r\n", "mixed"])
def test_every_kind_of_line_end_is_read(
    end: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = long_file(["2023", "2024"])
    if end == "mixed":
        text = text.replace("\n", "\r", 20)
    else:
        text = text.replace("\n", end)
    root = write(tmp_path, LONG, {"survei.csv": b"\xef\xbb\xbf" + text.encode()})
    assert said(root, capsys)[0] == 0
    assert len(el.open("uji", data=root).tables["survei_post"]) == 30


def test_what_is_wrong_with_a_file_of_several_waves_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = yaml.safe_load(yaml.safe_dump(LONG))
    declared["sources"]["survei"]["columns"]["k1"]["from"] = "K9"
    status, words = said(write(tmp_path, declared, {"survei.csv": long_file(["2023"])}), capsys)
    assert status == 1
    assert words.count("K9") == 1
    declared["sources"]["survei"]["columns"]["k1"] |= {"from": "K1", "scale": "enam"}
    status, words = said(write(tmp_path, declared, {}), capsys)
    assert words.count("enam") == 1
    assert "sources.survei.columns.k1" in words
    declared["sources"]["survei"]["file"] = "surve.csv"
    declared["sources"]["survei"]["columns"]["k1"].pop("scale")
    status, words = said(write(tmp_path, declared, {}), capsys)
    assert words.count("surve.csv") == 1


def test_a_column_that_is_missing_is_a_problem_and_no_crash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = yaml.safe_load(yaml.safe_dump(LONG))
    declared["sources"]["survei"]["columns"] |= {
        "wajib": {"from": "Tidak ada", "type": "number", "required": True}
    }
    root = write(tmp_path, declared, {"survei.csv": long_file(["2023", "2024"])})
    status, words = said(root, capsys)
    assert status == 1
    assert "Tidak ada" in words


def test_a_correction_names_the_file_as_program_yml_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = "survei,33,k1,{old},5,salah ketik,E\nsurvei,34,k2,9,5,tidak ada,E\n"
    text = long_file(["2023", "2024"])
    old = text.splitlines()[33].split(",")[3]
    head = "sumber,baris,kolom,lama,baru,alasan,oleh\n"
    files = {"survei.csv": text, "koreksi.csv": head + lines.format(old=old)}
    root = write(tmp_path, LONG, files)
    status, words = said(root, capsys)
    assert status == 0, words
    assert [x for x in words.splitlines() if "koreksi.csv, baris 1" in x] == []
    assert len([x for x in words.splitlines() if "koreksi.csv, baris 2" in x]) == 1
    table = el.open("uji", data=root).tables["survei_post"].set_index("row")
    assert table.loc[33, "k1"] == 5
