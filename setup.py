"""What pyproject.toml cannot say: the pages of docs/ go into the package, and an index gets README.md with links.

On an index no relative link leads anywhere. `ORDERTUI_PROJECT_URL` (of `make release URL=...`) says where the
repository is; without it the links are left out of the description, and their words stay.
"""

import os
import re
import shutil
import tomllib
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?://|#)([^)\s]+)\)")
TABLE_OF_PICTURES = re.compile(r"(?:^\|.*\n)*^\|.*!\[.*\n(?:^\|.*\n)*\n?", re.MULTILINE)


def describe(readme: str, url: str, version: str) -> str:
    """Return README.md with links to the files of that version below `url`; without `url`, without these links."""
    if not url:
        readme = LINK.sub(lambda link: "" if link[1] else link[2], TABLE_OF_PICTURES.sub("", readme))
        return re.sub(r"\n{3,}", "\n\n", readme)
    return LINK.sub(
        lambda link: f"{link[1]}[{link[2]}]({url}/{'raw' if link[1] else 'blob'}/v{version}/{link[3]})", readme
    )


class BuildWithDocs(build_py):
    """Copies docs/*.md beside the modules that go into a wheel; a checkout's pages are read where they are."""

    def run(self) -> None:
        """Build, then copy the pages."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "ordertui" / "docs"
            target.mkdir(parents=True, exist_ok=True)
            for page in HERE.glob("docs/*.md"):
                shutil.copyfile(page, target / page.name)


if __name__ == "__main__":
    address = os.environ.get("ORDERTUI_PROJECT_URL", "").rstrip("/")
    number = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    pages = {"Documentation": "docs", "Changelog": "CHANGELOG.md", "Security": "SECURITY.md"}
    setup(
        cmdclass={"build_py": BuildWithDocs},
        long_description=describe((HERE / "README.md").read_text(encoding="utf-8"), address, number),
        long_description_content_type="text/markdown",
        project_urls={"Source": address, "Issues": f"{address}/issues"}
        | {name: f"{address}/blob/v{number}/{path}" for name, path in pages.items()}
        if address
        else {},
    )
