#!/bin/sh
# Makes .venv and installs the project into it with the extra named by $1 (stack, lab or dev). Needs Python 3.11 and no root.
# It is run again when what it builds from is newer than its stamp; an interrupted run leaves no stamp.
set -eu
extra=$1
python=${PYTHON:-python3}

fail() {
    echo "hotseat: $*" >&2
    exit 2
}

# Two makes at once (up and test, say) take turns.
if [ -z "${HOTSEAT_BOOTSTRAP_LOCKED:-}" ] && command -v flock >/dev/null; then
    mkdir -p .tools
    HOTSEAT_BOOTSTRAP_LOCKED=1 exec flock .tools/bootstrap.lock sh "$0" "$@"
fi
[ -z "$(find setup.py pyproject.toml constraints.txt "$0" -newer ".venv/.$extra" 2>&1)" ] && exit 0

command -v "$python" >/dev/null || fail "Python is missing; install Python 3.11 or newer (Debian: sudo apt-get install python3)."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
    || fail "$("$python" --version) is too old; name a Python of 3.11 or newer: PYTHON=/path/to/python3.11 make"

# Debian keeps the pip that `python3 -m venv` wants in a package of its own. It is unpacked here, not installed.
venv_with_debians_pip() {
    command -v apt-get >/dev/null || fail "This Python has no ensurepip; install it, or name another: PYTHON=/path/to/python3 make"
    "$python" -m venv --without-pip .venv || fail "No virtual environment can be made; run: sudo apt-get install python3-venv"
    folder=$(pwd)/.venv/debian-pip
    mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
    private="-o Dir::State::lists=$folder/lists -o Dir::Cache=$folder/cache"
    [ "$(id -u)" != 0 ] || private="$private -o APT::Sandbox::User=root"
    # shellcheck disable=SC2086 # the options are words
    (
        cd "$folder"
        apt-get -qq download python3-pip-whl >/dev/null 2>&1 || {
            apt-get $private -qq update >/dev/null 2>&1 || true
            apt-get $private -qq download python3-pip-whl >/dev/null
        }
        dpkg-deb -x python3-pip-whl_*.deb .
    ) || fail "pip cannot be fetched; run: sudo apt-get install python3-venv"
    wheel=$(echo "$folder"/usr/share/python-wheels/pip-*.whl)
    PYTHONPATH=$wheel .venv/bin/python -m pip install --quiet --no-index "$wheel"
    rm -rf "$folder"
}

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    echo "Making .venv with $("$python" --version)."
    rm -rf .venv
    if "$python" -c 'import ensurepip' 2>/dev/null; then
        "$python" -m venv .venv
    else
        venv_with_debians_pip
    fi
fi

constraints=
[ ! -f constraints.txt ] || constraints="-c constraints.txt"
echo "Installing the Python packages into .venv (a minute or two the first time)."
# shellcheck disable=SC2086 # two words or none
.venv/bin/python -m pip install --quiet --disable-pip-version-check $constraints -e ".[$extra]"
touch ".venv/.$extra"
[ "$extra" != dev ] || touch .venv/.stack
