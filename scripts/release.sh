#!/bin/sh
# Build the wheel and the source archive into dist/, check both, install the wheel into a new environment outside this
# folder and use it there: the practice store, and the README's story. A release is a tagged commit whose section of
# CHANGELOG.md is dated; `make release DRAFT=1` tries the rest with any state of the files.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
if [ "${DRAFT:-}" != 1 ]; then
    if [ -n "$(git status --porcelain)" ]; then
        echo "there are changes that are not committed: commit them, or make release DRAFT=1" >&2
        exit 1
    fi
    if ! grep -q "^## \[$version\] - [0-9][0-9-]*$" CHANGELOG.md; then
        echo "CHANGELOG.md gives no date to [$version]: date its section, or make release DRAFT=1" >&2
        exit 1
    fi
    if ! git tag --points-at HEAD | grep -qx "v$version"; then
        echo "this commit is not tagged v$version: git tag v$version, or make release DRAFT=1" >&2
        exit 1
    fi
fi
rm -rf dist build
"$python" -m build --outdir dist .
"$python" -m twine check --strict dist/*
scripts/try_installed.sh dist/*.whl
ls -l dist
