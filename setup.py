"""Take the pages of docs/ into the package, for `ordertui docs`; everything else is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithDocs(build_py):
    """Copies docs/*.md beside the modules that go into a wheel; a checkout's pages are read where they are."""

    def run(self) -> None:
        """Build, then copy the pages."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib) / "ordertui" / "docs"
            target.mkdir(parents=True, exist_ok=True)
            for page in Path(__file__).parent.glob("docs/*.md"):
                shutil.copyfile(page, target / page.name)


setup(cmdclass={"build_py": BuildWithDocs})
