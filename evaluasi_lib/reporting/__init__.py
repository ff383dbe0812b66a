"""From results to what a reader holds: chapters, tables, figures, pages and files."""

from evaluasi_lib.reporting import quick as quick  # before any module here imports nbformat
