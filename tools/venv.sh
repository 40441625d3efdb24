#!/bin/sh
# Makes a fresh virtual environment: venv.sh FOLDER [PYTHON]
# A candidate counts only if it runs: a version manager's shim may exist and refuse.
set -eu

folder=$1
wanted=${2:-}
bare=

if [ -n "$wanted" ]; then
    set -- "$wanted"
else
    set -- python3 python3.13 python3.12 python3.11 python3.14 python
fi

for candidate; do
    "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "Making $folder with Python $version ..."
        rm -rf "$folder"
        exec "$candidate" -m venv "$folder"
    fi
    bare=${bare:-$version}
done

if [ -n "$bare" ]; then
    echo "Python $bare is here without its venv module: install the package python$bare-venv (Debian, Ubuntu) or a Python from python.org, then run make again." >&2
elif [ -n "$wanted" ]; then
    echo "PYTHON=$wanted is not a Python 3.11 or newer that runs: name another, or none, then run make again." >&2
else
    echo "caseflow needs Python 3.11 or newer and found none: install the packages python3 and python3-venv (Debian, Ubuntu) or a Python from python.org, then run make again." >&2
fi
exit 1
