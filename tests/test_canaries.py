"""Nothing of a person leaves cleaning: over a thousand planted identifiers, searched in every byte.

Open answers, interviews, transcripts and documents stay whole in the folder restricted/ of the
processed data, which is nobody's to publish; there alone they are not searched.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from evaluasi_lib.cli import main
from tests import canaries, raw

KEY = "a-key-for-tests"
FORMATS = "html,pdf,docx,xlsx" if find_spec("typst") and find_spec("pypandoc") else "html,xlsx"


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    people = canaries.write(tmp_path)
    words = [word for person in people for word in person.words]
    assert len(set(words)) == len(words) > 1_000
    found = canaries.traces(canaries.texts_in(tmp_path / "raw"), people)
    assert {word for _place, word in found} == set(words)
    assert any("(name)" in place for place, _word in found)
    rooms = pd.DataFrame({"ruang": pd.Categorical(canaries.rooms(people))})
    (tmp_path / "packed").mkdir()
    rooms.to_parquet(tmp_path / "packed" / "a.parquet")
    rooms.to_excel(tmp_path / "packed" / "a.xlsx", engine="xlsxwriter")
    found = canaries.traces(canaries.texts_in(tmp_path / "packed"), people)
    kept = [{w for place, w in found if place.startswith(f"a.{kind}")} for kind in ("par", "xlsx")]
    assert kept[0] == kept[1]
    assert len(kept[0]) > 10


def test_nothing_of_a_person_is_in_what_is_made(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVALUASI_KEY", KEY)
    people, out = canaries.write(tmp_path), tmp_path / "reports"
    place = ["--out", str(out), "--data", str(tmp_path)]
    assert main(["report", raw.ID, "--format", FORMATS, *place]) == 0
    made = capfd.readouterr()
    kinds = {path.suffix for path in (out / raw.ID).rglob("*")}
    assert {".html", ".json", ".ipynb", *(f".{name}" for name in FORMATS.split(","))} <= kinds
    texts = canaries.texts_in(tmp_path / "processed", without=("restricted",))
    assert any(".parquet" in place for place in texts)
    texts |= canaries.texts_in(out) | {"said": made.out + made.err}
    assert canaries.traces(texts, people) == []
    assert [place for place, text in texts.items() if KEY in text] == [], "nor is the key"


COLUMNS = {
    "guna_1": "survei", "hambatan": "survei", "kelompok": "peserta", "ikut": "peserta",
    "nilai": "nilai", "time": "log", "nip": "nilai",
}  # fmt: skip


def test_no_message_about_broken_data_shows_a_person(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names, addresses and numbers of persons in a column where something else belongs."""
    monkeypatch.setenv("EVALUASI_KEY", KEY)
    people = canaries.write(tmp_path)
    folder = tmp_path / "raw" / raw.ID
    assert main(["check", raw.ID, "--data", str(tmp_path)]) == 0
    said = [(p.name, p.email, p.phone, p.address, p.last)[i % 5] for i, p in enumerate(people)]
    for column, source in COLUMNS.items():
        path = folder / f"{source}.csv"
        whole = path.read_text()
        pd.read_csv(path, dtype=str).assign(**{column: said}).to_csv(path, index=False)
        main(["check", raw.ID, "--data", str(tmp_path)])
        path.write_text(whole)
    (folder / "dokumen" / f"rusak {people[70].name}.pdf").write_bytes(b"%PDF-1.7\n1 0 obj <<")
    assert main(["clean", raw.ID, "--data", str(tmp_path)]) == 1
    shown = capsys.readouterr()
    assert shown.err.count("[1/") >= 5, "the columns are refused"
    assert canaries.traces({"said": shown.out + shown.err}, people) == []
