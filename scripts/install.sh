#!/bin/sh
# Install ordertui for this user: with pipx, else uv, else into an environment of its own under ~/.local/share.
# Extras may be named: make install EXTRAS=api,serve
set -eu
cd "$(dirname "$0")/.."
package=".${EXTRAS:+[$EXTRAS]}"
limits=requirements/constraints.txt

if command -v pipx >/dev/null 2>&1; then
    pipx install --force --pip-args="-c $PWD/$limits" "$package"
    folder=$(pipx environment --value PIPX_BIN_DIR)
elif command -v uv >/dev/null 2>&1; then
    uv tool install --force --constraints "$limits" "$package"
    folder=$(uv tool dir --bin)
else
    home=${XDG_DATA_HOME:-$HOME/.local/share}/ordertui-app
    folder=$HOME/.local/bin
    "${PYTHON:-python3}" -m venv --clear "$home"
    "$home/bin/python" -m pip install --quiet --disable-pip-version-check -c "$limits" "$package"
    mkdir -p "$folder"
    ln -sf "$home/bin/ordertui" "$folder/ordertui"
fi

echo "ordertui is installed: $folder/ordertui"
case ":$PATH:" in
*":$folder:"*) ;;
*) echo "Your shell does not look there yet. Add this line to the file that your shell reads at its start, and open a new shell:"
   echo "    export PATH=\"$folder:\$PATH\"" ;;
esac
