#!/bin/sh
# Prints the path of a CPython 3.13 that really runs, or one sentence naming what to install.
# Order: $PYTHON, python3.13 on PATH, the newest 3.13 under pyenv, uv's own download.
runs() { [ -n "$1" ] && [ "$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = 3.13 ]; }
give() { command -v "$1"; exit 0; }

if [ -n "${PYTHON:-}" ]; then
    runs "$PYTHON" && give "$PYTHON"
    echo "PYTHON=$PYTHON is not a Python 3.13 that runs: point PYTHON at one, or unset it." >&2
    exit 1
fi
runs python3.13 && give python3.13
root=${PYENV_ROOT:-$(pyenv root 2>/dev/null)}
if [ -n "$root" ]; then
    for candidate in $(ls -d "$root"/versions/3.13.* 2>/dev/null | sort -t. -k3 -n -r); do
        runs "$candidate/bin/python" && give "$candidate/bin/python"
    done
fi
if command -v uv >/dev/null 2>&1; then
    uv python install -q 3.13 >&2 && found=$(uv python find 3.13 2>/dev/null) && runs "$found" && give "$found"
fi
echo "No Python 3.13 found: install Python 3.13 (python.org, your package manager, pyenv) or uv, or set PYTHON to one." >&2
exit 1
