"""Every key of program.yml is documented, in both languages, and the pages are up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluasi_lib import wording
from evaluasi_lib.reference import PAGES, models, reference_page

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
