"""The files of tests/data/agency, as agencies and platforms write them: `python -m tests.agency`.

All persons and answers are made up. Answers follow short patterns that repeat, so that every number
of a report can be counted by hand; tests/data/agency/README.md names the public documentation that
the shape of each file follows, and cases.yml the numbers.
"""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
import yaml

from evaluasi_lib.cleaning.draft import draft_program

FOLDER = Path(__file__).resolve().parent / "data" / "agency"
FIRST = "Andi Bunga Candra Dewi Eko Fitri Galih Hesti Indra Joko Kartini Lukman".split()  # noqa: SIM905
LAST = ["Wibowo", "Lestari"]
UNITS = ("Biro Umum", "Biro Hukum", "Pusat Data")
CASES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "cases.yml").read_text(encoding="utf-8"))
PAGE = Path(__file__).resolve().parent.parent / "docs" / "berkas-instansi.md"
READ_SECONDS, EDIT_SECONDS, COMMANDS_SECONDS = 5, 30, 60
MADE = {"created": dt.datetime(2025, 1, 1)}  # so that the file is the same each time
Rows = list[list[Any]]


def nip(i: int) -> str:
    """A NIP of the structure of a PNS, of nobody."""
    return f"19{70 + i % 25}{1 + i % 12:02d}{10 + i % 18}20{10 + i % 9:02d}03{1 + i % 2}{1 + i:03d}"


def name(i: int) -> str:
    return f"{FIRST[i % 12]} {LAST[i // 12 % 2]}, S.E."


def turn(pattern: str | Sequence[Any], i: int, by: int = 0) -> Any:
    """The i-th answer of a pattern that repeats, `by` places on."""
    return pattern[(i + by) % len(pattern)]


def write_csv(
    file: str,
    rows: Rows,
    delimiter: str = ",",
    encoding: str = "utf-8",
    folder: Path = FOLDER,
) -> None:
    with (folder / file).open("w", encoding=encoding, newline="") as handle:
        csv.writer(handle, delimiter=delimiter).writerows(rows)


def _sheet(book: Any, title: str, rows: Rows, merges: Sequence[tuple[int, int, int, int]]) -> None:
    sheet = book.add_worksheet(title)
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            if value not in (None, ""):
                sheet.write(at, column, value)
    for top, left, bottom, right in merges:
        value = rows[top][left]
        sheet.merge_range(top, left, bottom, right, value)


def workbook() -> None:
    """Three sheets of an agency and one of sums: titles, merged headings, sums, signatures, NIP as
    numbers, decimal commas, one answer in many spellings, two who answered twice."""
    people = range(24)
    title = [
        ["BADAN KEPEGAWAIAN DAERAH CONTOH"],
        ["EVALUASI PELATIHAN KEPEMIMPINAN PENGAWAS 2025"],
        [],
    ]
    signed = [
        [],
        ["", "", "", "", "Contoh, 12 Mei 2025"],
        ["", "", "", "", "Kepala Bidang"],
        [],
        ["", "", "", "", "Rahayu Pratiwi, S.Sos., M.Si."],
        ["", "", "", "", "NIP 197001011995032001"],
    ]
    roster = [*title, ["No", "Nama", "NIP", "Tempat, Tgl Lahir", "Unit Kerja", "Gol.", "No. HP"]]
    roster += [
        [
            i + 1,
            name(i),
            nip(i),
            f"Contoh, {1 + i} Mei 1980",
            turn(UNITS, i),
            turn(["III/b", "III b", "Penata (III/c)"], i),
            f"0812-3456-{1000 + i}",
        ]
        for i in people
    ]
    roster += signed
    upper = ["No", "NIP", "Tanggal", "Kompetensi kepemimpinan", "", "", "", "Nilai Tes"]
    lower = [
        "",
        "",
        "",
        "Menyusun rencana",
        "Membagi tugas",
        "Memberi umpan balik",
        "Mengelola perubahan",
        "",
    ]
    answers = {"pre": ["TS", "N", "TS", "N"], "post": ["S", "SS", "sangat setuju ", "Setuju"]}

    def survey(wave: str, day: int, marks: Sequence[str]) -> Rows:
        rows = [*title, upper, lower, [f"({k})" for k in range(1, 9)]]
        rows += [
            [
                i + 1,
                float(nip(i)),
                f"{day + i % 5} Mei 2025",
                *[turn(answers[wave], i, k) for k in range(4)],
                turn(marks, i),
            ]
            for i in people
        ]
        return rows

    pre, post = (
        survey("pre", 1, ["62,5", "70", "67,5", "60"]),
        survey("post", 20, ["82,5", "80", "77,5", "80"]),
    )
    pre[9][1] = "1,98E+17"  # the fourth person: Excel kept what it showed
    again = [
        [25, float(nip(0)), "28 Mei 2025", *["S"] * 4, "82,5"],
        [26, float(nip(5)), "28 Mei 2025", *["S"] * 4, "80"],
    ]
    post = [
        [*row, turn(["Tambah praktik", "Waktu kurang", "-"], k)] if k > 5 else row
        for k, row in enumerate(post)
    ]
    post[3] = [*upper, "Saran"]
    post += [[*row, "Sudah baik"] for row in again]
    post += [
        ["", "Jumlah", "", "", "", "", "", 2090],
        ["", "Rata-rata", "", "", "", "", "", 80.38],
        *signed,
    ]
    pre += [["", "Jumlah", "", "", "", "", "", 1560], ["", "Rata-rata", "", "", "", "", "", 65]]
    with xlsxwriter.Workbook(FOLDER / "rekap_pelatihan.xlsx") as book:
        book.set_properties(MADE)
        merged = [(3, k, 4, k) for k in (0, 1, 2, 7)] + [(3, 3, 3, 6)]
        _sheet(book, "Peserta", roster, [(0, 0, 0, 6), (1, 0, 1, 6)])
        _sheet(book, "Pra", pre, [(0, 0, 0, 7), *merged])
        _sheet(book, "Pasca", post, [(0, 0, 0, 8), *merged, (3, 8, 4, 8)])
        _sheet(book, "Rekap", [["Wave", "Rata-rata"], ["Pra", 65], ["Pasca", 80.38]], [])


def qualtrics() -> None:
    """Three rows above the answers, columns of one question for each option, unfinished answers."""
    meta = [
        "StartDate",
        "EndDate",
        "Status",
        "IPAddress",
        "Progress",
        "Duration (in seconds)",
        "Finished",
        "RecordedDate",
        "ResponseId",
        "RecipientLastName",
        "RecipientFirstName",
        "RecipientEmail",
        "DistributionChannel",
        "UserLanguage",
    ]
    spoken = [
        "Start Date",
        "End Date",
        "Response Type",
        "IP Address",
        "Progress",
        "Duration (in seconds)",
        "Finished",
        "Recorded Date",
        "Response ID",
        "Recipient Last Name",
        "Recipient First Name",
        "Recipient Email",
        "Distribution Channel",
        "User Language",
    ]
    items = ["Materi relevan", "Narasumber menguasai", "Waktu cukup"]
    options = [
        "Beban kerja",
        "Jadwal, tempat, atau rapat",
        "Jaringan internet",
        "Lainnya (sebutkan)",
    ]
    heads = [*meta, "Q1_1", "Q1_2", "Q1_3", "Q2_1", "Q2_2", "Q2_3", "Q2_4", "Q2_4_TEXT", "Q3", "Q4"]
    ask = "Seberapa setuju Anda dengan pernyataan berikut?"
    what = "Apa hambatan Anda? (boleh lebih dari satu) - Selected Choice"
    questions = [
        *spoken,
        *[f"{ask} - {x}" for x in items],
        *[f"{what} - {x}" for x in options],
        f"{what.replace('Selected Choice', '')}Lainnya (sebutkan) - Text",
        "Seberapa besar kemungkinan Anda merekomendasikan pelatihan ini?",
        "Apa saran Anda untuk penyelenggara?",
    ]
    rows = [heads, questions, [f'{{"ImportId":"{h}","timeZone":"Asia/Jakarta"}}' for h in heads]]
    scale = ["Setuju", "Sangat setuju", "Setuju", "Netral"]
    for i in range(32):
        finished = i < 28
        rows.append(
            [
                f"2025-06-{1 + i % 9:02d} 08:{i:02d}:00",
                f"2025-06-{1 + i % 9:02d} 08:{i + 9:02d}:00",
                "IP Address",
                f"10.0.0.{i}",
                100 if finished else 40,
                540,
                str(finished),
                f"2025-06-{1 + i % 9:02d} 08:{i + 9:02d}:05",
                f"R_{i:03d}abcXYZ",
                "",
                "",
                f"orang{i}@contoh.go.id",
                "email",
                "ID",
                *[turn(scale, i, k) if finished else "" for k in range(3)],
                options[0] if i % 2 == 0 else "",
                options[1] if i % 4 == 1 else "",
                options[2] if i % 4 >= 2 else "",
                options[3] if i % 4 == 3 else "",
                "Atasan keberatan" if i % 4 == 3 else "",
                turn([9, 10, 8, 6], i) if finished else "",
                turn(["Perbanyak praktik", "Jadwalnya digeser", ""], i),
            ]
        )
    write_csv("qualtrics.csv", rows)


def surveymonkey() -> None:
    """Two rows of headings, months before days, a column for each option."""
    meta = [
        "Respondent ID",
        "Collector ID",
        "Start Date",
        "End Date",
        "IP Address",
        "Email Address",
        "First Name",
        "Last Name",
        "Custom Data 1",
    ]
    upper = [
        *meta,
        "How satisfied are you with the following?",
        "",
        "",
        "What kept you from taking part fully?",
        "",
        "",
        "How many years have you worked here?",
        "Any other comments?",
    ]
    lower = [
        *[""] * 9,
        "Trainer",
        "Materials",
        "Venue",
        "Workload",
        "Clashing meetings, travel",
        "Other (please specify)",
        "Response",
        "Open-Ended Response",
    ]
    rows: Rows = [upper, lower]
    scale = ["Satisfied", "Very satisfied", "Neither satisfied nor dissatisfied", "Dissatisfied"]
    for i in range(24):
        at = f"{5 + i % 2:02d}/{13 + i % 12}/2025 {8 + i % 4:02d}:15:{i:02d} AM"
        rows.append(
            [
                118000000000 + i,
                455000001,
                at,
                at.replace(":15:", ":25:"),
                f"10.1.0.{i}",
                "",
                "",
                "",
                "",
                *[turn(scale, i, k) for k in range(3)],
                "Workload" if i % 2 else "",
                "Clashing meetings, travel" if i % 4 == 0 else "",
                "No budget for travel" if i % 4 == 2 else "",
                turn(["1 - 5 years", "Less than 1 year", "6 - 10 years", "More than 10 years"], i),
                turn(["More exercises please", "", "Thank you"], i),
            ]
        )
    with xlsxwriter.Workbook(FOLDER / "surveymonkey.xlsx") as book:
        book.set_properties(MADE)
        _sheet(book, "Sheet", rows, [])


def google_forms() -> None:
    """Question texts as headings, rows of a grid in brackets, ticked options joined by commas."""
    ask = "Seberapa setuju Anda dengan pernyataan berikut?"
    heads = [
        "Stempel waktu",
        "Alamat Email",
        "Nama Lengkap (beserta gelar)",
        "Unit Kerja",
        f"{ask} [Materi sesuai kebutuhan]",
        f"{ask} [Penyampaian jelas]",
        f"{ask} [Waktu memadai]",
        "Apa kendala Anda mengikuti pelatihan ini?",
        "Secara umum, berapa nilai pelatihan ini?",
        "Siapa mentor Anda?",
        "Tuliskan saran Anda",
    ]
    options = [
        "Beban kerja tinggi",
        "Jadwal berbenturan dengan rapat, dinas luar",
        "Jaringan internet lambat",
    ]
    chosen = [options[:1], options[1:2], options[:2], options[2:], [options[0], options[2]]]
    rows: Rows = [heads]
    for i in range(30):
        rows.append(
            [
                f"{1 + i % 28:02d}/07/2025 {8 + i % 9}.{10 + i}.05",
                f"pegawai{i}@contoh.go.id",
                name(i),
                turn(UNITS, i),
                *[turn(["Setuju", "Sangat Setuju", "Kurang Setuju"], i, k) for k in range(3)],
                ", ".join(turn(chosen, i)),
                turn([4, 5, 3, 4, 5], i),
                f"{turn(FIRST[:4], i)} {LAST[0]}",
                turn(["Tambah waktu praktik", "Tidak ada", "Materi dibagikan lebih awal"], i),
            ]
        )
    write_csv("google_forms.csv", rows)


def kobotoolbox() -> None:
    """XML names in groups, ticked options both joined by blanks and as columns of 0 and 1."""
    heads = [
        "start",
        "end",
        "identitas/nama",
        "identitas/hp",
        "identitas/pendidikan",
        "penilaian/materi",
        "penilaian/fasilitator",
        "penilaian/tempat",
        "hambatan",
        "hambatan/beban",
        "hambatan/jadwal",
        "hambatan/lainnya",
        "saran",
        "__version__",
        "_id",
        "_uuid",
        "_submission_time",
        "_validation_status",
        "_index",
    ]
    rows: Rows = [heads]
    for i in range(25):
        marks = turn([(1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (1, 0, 0)], i)
        ticked = [x for x, mark in zip(("beban", "jadwal", "lainnya"), marks, strict=True) if mark]
        at = f"2025-08-{1 + i % 20:02d}T09:{i:02d}:00.000+07:00"
        rows.append(
            [
                at,
                at.replace("T09", "T10"),
                name(i),
                f"62812000{1000 + i}",
                turn(["s1", "s2", "sma", "s1", "d3"], i),
                *[
                    turn(["puas", "sangat_puas", "cukup_puas", "puas", "puas"], i, k)
                    for k in range(3)
                ],
                " ".join(ticked),
                *marks,
                turn(["Ruang lebih besar", "", "Baik sekali"], i),
                "vA1b2",
                4000 + i,
                f"0f8e-{i:04d}",
                at[:19],
                "",
                i + 1,
            ]
        )
    write_csv("kobotoolbox.csv", rows, delimiter=";", encoding="utf-8-sig")


def limesurvey() -> None:
    """Full questions as headings, codes as answers, an answer that was never submitted."""
    heads = [
        "Response ID",
        "Date submitted",
        "Last page",
        "Start language",
        "Seed",
        "Date started",
        "Date last action",
        "IP address",
        *[
            f"Nilailah pelatihan ini. [{x}]"
            for x in ("Tujuan jelas", "Contoh nyata", "Latihan cukup")
        ],
        *[f"Apa hambatan Anda? [{x}]" for x in ("Waktu", "Biaya", "Other")],
        "Apa yang perlu diperbaiki?",
        "Total time",
    ]
    rows: Rows = [heads]
    for i in range(26):
        done = i % 13 != 12
        at = f"2025-09-{1 + i % 20:02d} 10:{i:02d}:00"
        rows.append(
            [
                100 + i,
                at if done else "",
                3 if done else 1,
                "id",
                77000 + i,
                at,
                at,
                f"10.2.0.{i}",
                *[turn(["A2", "A3", "A4", "A4"], i, k) if done else "" for k in range(3)],
                "Y" if i % 2 else "N",
                "N" if i % 4 else "Y",
                "Izin atasan" if i % 4 == 2 else "",
                turn(["Perbanyak latihan", "", "Perbaiki jaringan"], i),
                300 + i,
            ]
        )
    write_csv("limesurvey.csv", rows)


def moodle() -> None:
    """Two quizzes as their grades are downloaded: marks with decimal commas, a mean below."""
    heads = [
        "Nama belakang",
        "Nama depan",
        "Alamat email",
        "Status",
        "Dimulai pada",
        "Selesai",
        "Waktu yang digunakan",
        "Nilai/10,00",
        "Q. 1 /5,00",
        "Q. 2 /5,00",
    ]
    for file, marks in (
        ("pretest", ["4,50", "5,50", "6,00"]),
        ("posttest", ["7,50", "8,00", "8,50"]),
    ):
        month, rows = ("Mei" if file == "pretest" else "Juni"), [heads]
        for i in range(24):
            mark = turn(marks, i)
            half = f"{float(mark.replace(',', '.')) / 2:.2f}".replace(".", ",")
            rows.append(
                [
                    LAST[i // 12],
                    FIRST[i % 12],
                    f"peserta{i:02d}@contoh.go.id",
                    "Selesai",
                    f"{1 + i % 25} {month} 2025  09:{i:02d}",
                    f"{1 + i % 25} {month} 2025  09:{i + 20:02d}",
                    f"20 menit {i} detik",
                    mark,
                    half,
                    half,
                ]
            )
        mean = f"{sum(float(m.replace(',', '.')) for m in marks) / 3:.2f}".replace(".", ",")
        rows.append(["Rata-rata keseluruhan", *[""] * 6, mean, "", ""])
        write_csv(f"moodle_{file}.csv", rows)


def edited(text: str, case: dict[str, Any]) -> str:
    """A draft with the edited lines of its case, each of which stands in it once."""
    lines = text.splitlines()
    for edit in case["edits"]:
        (at,) = [i for i, line in enumerate(lines) if line.strip() == edit["from"]]
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        lines[at] = indent + edit["to"]
    return "\n".join(lines) + "\n"


def minutes(draft: str, edits: int) -> int:
    """Minutes of a person: to read the lines marked as guesses, to edit, and for three commands."""
    seconds = READ_SECONDS * draft.count("# PERIKSA") + EDIT_SECONDS * edits + COMMANDS_SECONDS
    return math.ceil(seconds / 60)


def table(drafts: dict[str, str]) -> str:
    """The table of docs/berkas-instansi.md. drafts: the text of each case's draft."""
    lines = [
        "| Berkas | Baris yang disunting | Baris tebakan yang dibaca | Menit |",
        "|---|---|---|---|",
    ]
    for case in CASES:
        draft, n = drafts[case["id"]], len(case["edits"])
        guesses = draft.count("# PERIKSA")
        lines.append(f"| {case['kind']} | {n} | {guesses} | {minutes(draft, n)} |")
    return "\n".join(lines) + "\n"


def drafts() -> dict[str, str]:
    """The draft of each case."""
    return {
        case["id"]: draft_program(case["id"], [FOLDER / f for f in case["files"]]).text
        for case in CASES
    }


def main() -> None:
    for make in (workbook, qualtrics, surveymonkey, google_forms, kobotoolbox, limesurvey, moodle):
        make()
    text = PAGE.read_text(encoding="utf-8")
    begin, end = text.index("| Berkas | Baris"), text.index("\n\n", text.index("| Berkas | Baris"))
    PAGE.write_text(text[:begin] + table(drafts()).rstrip() + text[end:], encoding="utf-8")


if __name__ == "__main__":
    main()
