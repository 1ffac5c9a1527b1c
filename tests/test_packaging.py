"""What is published: a source archive from which the tests pass, and a description without broken links."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = (".ci", "benchmarks", "data_scripts", "docs", "sparse_mlp", "tests", "tutorials")
FILES = (
    "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "MANIFEST.in", "README.md", "RESULTS.md",
    "pyproject.toml", "references.bib", "setup.cfg", "setup.py",
)  # fmt: skip


def test_the_source_archive_is_complete(tmp_path: Path) -> None:
    """All that is needed to test, read and cite the package, and nothing that Python compiled."""
    command = ["setup.py", "-q", "egg_info", "--egg-base", tmp_path, "sdist", "--dist-dir", tmp_path]
    subprocess.run([sys.executable, *map(str, command)], cwd=ROOT, check=True, capture_output=True, timeout=120)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        names = {member.name.partition("/")[2] for member in file if member.isfile()}
    wanted = {path.relative_to(ROOT) for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()}
    caches = ("__pycache__", ".hypothesis", ".pytest_cache")
    wanted = {str(path) for path in wanted if not set(caches) & set(path.parts) and path.suffix != ".tmp"}
    assert sorted({*FILES, *wanted} - names) == []
    assert [name for name in names if name.endswith(".pyc")] == []


def test_relative_links_of_the_description() -> None:
    description = runpy.run_path(str(ROOT / "setup.py"))["description"]
    readme = "[docs](docs/a.md), [site](https://z.org), [part](#use), ![a](b.png)"
    assert description(readme) == "docs, [site](https://z.org), [part](#use), "
    assert description(readme, "https://x.org/y") == (
        "[docs](https://x.org/y/blob/HEAD/docs/a.md), [site](https://z.org), [part](#use), "
        "![a](https://x.org/y/raw/HEAD/b.png)"
    )


def test_the_description_has_no_broken_link() -> None:
    description = runpy.run_path(str(ROOT / "setup.py"))["description"]((ROOT / "README.md").read_text("utf-8"))
    assert len(description) > 2000 and re.findall(r"\]\((?!https?:|#)", description) == []
