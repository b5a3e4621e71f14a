#!/bin/sh
# Install a wheel, or this folder, into a new environment with an empty home, and use it as a stranger would.
set -eu
source=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install --quiet --disable-pip-version-check -c "$root/requirements/constraints.txt" "$source"
mkdir "$work/home"
cp "$root/README.md" "$work"
cd "$work"
env -i HOME="$work/home" PATH="$work/env/bin:/usr/bin:/bin" LANG=C.UTF-8 TERM=xterm-256color sh -eu <<'STORY'
ordertui --version
ordertui demo --no-screen --orders 300
ordertui docs guide > guide.md
ordertui report
sed -n '/^```sh$/,/^```$/p' README.md | grep -v '^```' |
    sed 's/^\(.*[^ ]\) *# exit \([0-9]*\)$/\1 || test $? -eq \2/' > story.sh
sh -eu story.sh > story.out
tail -n 3 story.out
STORY
echo "the installed program ran the practice store and the README's story"
