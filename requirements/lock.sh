#!/bin/sh
# Writes the lock files again from pyproject.toml; needs uv. No host is named in what it writes.
set -eu
cd "$(dirname "$0")/.."
compile() {
    uv pip compile -q --universal --python-version 3.13 --generate-hashes \
        --no-emit-index-url --custom-compile-command requirements/lock.sh "$@"
}
compile pyproject.toml -o requirements/lambda.txt
compile pyproject.toml requirements/build.in --extra cli --extra demo -c requirements/lambda.txt -o requirements/demo.txt
compile pyproject.toml requirements/build.in --extra cli --extra demo --group dev -c requirements/demo.txt -o requirements/dev.txt
compile requirements/emulators.in -o requirements/emulators.txt
if grep -n 'https\{0,1\}://' requirements/*.txt; then
    echo "a lock file names a host" >&2
    exit 1
fi
