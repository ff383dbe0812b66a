"""Every key of program.yml is documented, in both languages, and the pages are up to date."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import pytest

from evaluasi_lib import wording
from evaluasi_lib.reference import PAGES, models, reference_page
from tests.house import PICTURE, house_svg
from tests.test_architecture import FLOORS

ROOT = Path(__file__).resolve().parent.parent


def test_every_key_says_what_it_means() -> None:
    silent = [
        f"{model.__name__}.{name}"
        for model in models()
        for name, field in model.model_fields.items()
        if not field.description
    ]
    assert silent == []


@pytest.mark.parametrize("code", PAGES)
def test_the_page_is_what_the_model_says(code: str) -> None:
    wording.set_language(code)
    try:
        page = reference_page()
    finally:
        wording.set_language("id")
    assert (ROOT / "docs" / PAGES[code]).read_text(encoding="utf-8") == page, "run: make docs"


def test_the_picture_of_the_house_is_what_imports_what() -> None:
    assert PICTURE.read_text(encoding="utf-8") == house_svg(), "run: make docs"


def test_every_place_that_the_page_of_the_house_names_is_there_and_every_room_is_named() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w./]+(?:/|\.(?:py|yml)))`", text))
    places = (ROOT, ROOT / "evaluasi_lib", *(ROOT / "evaluasi_lib").rglob("impact"))
    assert [n for n in named if not any((place / n).exists() for place in places)] == []
    rooms = {name.split("/")[0].removesuffix(".py") for name in named}
    assert set(chain.from_iterable(FLOORS)) - rooms == {"__main__"}
