"""The folder `benchmarks` is not installed: let the tests find it in the root of the repository."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))  # at the end: an installed sparse_mlp stays the one that is used
