"""`python -m evaluasi_lib` is `evaluasi`."""

import sys

from evaluasi_lib.cli import main

sys.exit(main())
