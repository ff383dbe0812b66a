"""What holds for every test: it leaves the language as it was for the next."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from evaluasi_lib import wording


@pytest.fixture(autouse=True)
def _language_of_readers() -> Iterator[None]:
    yield
    wording.set_language(wording.DEFAULT_LANGUAGE)
