"""Everything is in setup.cfg but the description for package indexes, where relative links lead nowhere."""

import configparser
import re
from pathlib import Path

HERE = Path(__file__).parent
LINK = re.compile(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)]+)\)")  # those without a scheme


def description(readme: str, repository: str = "") -> str:
    """Return a README whose relative links lead into a repository; without one pictures go, links are plain text."""

    def absolute(link: re.Match[str]) -> str:
        picture, text, path = link.groups()
        if not repository:
            return "" if picture else text
        return f"{picture}[{text}]({repository}/{'raw' if picture else 'blob'}/HEAD/{path})"

    return LINK.sub(absolute, readme)


if __name__ == "__main__":
    from setuptools import setup

    settings = configparser.ConfigParser()
    settings.read(HERE / "setup.cfg", encoding="utf-8")
    address = settings["metadata"].get("url", "").rstrip("/")
    setup(
        long_description=description((HERE / "README.md").read_text(encoding="utf-8"), address),
        long_description_content_type="text/markdown",
    )
