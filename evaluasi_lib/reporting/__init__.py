"""Chapters, tables, pictures, and the files that they become.

nbformat imports jsonschema, and that imports rfc3987_syntax, which builds a parser of the whole
grammar of IRIs while it is imported, for a check of formats that no notebook asks for: a second.
Here, before any module of this room imports nbformat, a module that loads it at its first use is
put in its place.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

NAME = "rfc3987_syntax"


class Postponed(ModuleType):
    """Stands for a module until something of it is used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what the machinery of imports asks of every module
            raise AttributeError(name)
        if name == "is_valid_syntax":  # all that jsonschema wants, and when it is imported
            return lambda *values: getattr(self.real(), name)(*values)
        return getattr(self.real(), name)

    def real(self) -> ModuleType:
        """The module itself, from now on in its place."""
        if sys.modules.get(NAME) is self:
            del sys.modules[NAME]
        return importlib.import_module(NAME)


if not {NAME, "jsonschema"} & set(sys.modules) and importlib.util.find_spec(NAME) is not None:
    sys.modules[NAME] = Postponed(NAME)
