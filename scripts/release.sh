#!/bin/sh
# Build the wheel and the source archive into dist/, check both, install the wheel into a new environment outside this
# folder and use it there: the practice store, and the README's story.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
rm -rf dist build
"$python" -m build --outdir dist .
"$python" -m twine check --strict dist/*
scripts/try_installed.sh dist/*.whl
ls -l dist
