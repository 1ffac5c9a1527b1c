"""Measurements in processes of their own, so that peaks of memory are their own too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any


def measure_apart(module: str, *arguments: object) -> dict[str, Any]:
    """Run a module of the bench in a fresh process and return the JSON object that it prints.

    Raises
    ------
    RuntimeError
        If that process fails; its own last words are in the message.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    if done.returncode:
        raise RuntimeError(f"the process of {module} ended with {done.returncode}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found
