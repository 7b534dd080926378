"""The two programs of an autograder's zip. Gradescope unpacks it as /autograder/source and runs them as root."""

SETUP = r'''#!/usr/bin/env bash
# Builds the image, once: a user for the students' code, and a Python with NumPy.
# Nothing is taken from the network if wheelhouse/ has what is needed.
set -eu
source=$(cd "$(dirname "$0")" && pwd)
base=${AUTOGRADER:-$(dirname "$source")}
user=${STUDENT-student}             # who runs the students' code; "" for nobody else
venv=$base/venv                     # not in source: the students' user must read NumPy, and must not read source

fits() {                            # whether a Python is new enough, and the wheelhouse has a wheel for it
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2> /dev/null || return 1
    [ -d "$source/wheelhouse" ] || return 0
    tag=$("$1" -c 'import sys; print("cp%d%d" % sys.version_info[:2])')
    ls "$source"/wheelhouse/numpy-*-"$tag"-*.whl > /dev/null 2>&1
}

python=
for name in ${PYTHON:-python3 python3.10 python3.11 python3.12 python3.13 python3.14}; do
    [ -n "$python" ] || ! fits "$name" || python=$(command -v "$name")
done
if [ -z "$python" ] && [ ! -d "$source/wheelhouse" ] && command -v apt-get > /dev/null; then
    apt-get update && apt-get install -y python3 python3-venv
    ! fits python3 || python=$(command -v python3)
fi
if [ -z "$python" ]; then
    echo "no Python from 3.10 on is here that the wheels in wheelhouse/ are for" >&2
    exit 1
fi

if [ "$(id -u)" != 0 ] || ! command -v useradd > /dev/null; then
    user=
fi
if [ -n "$user" ] && ! id "$user" > /dev/null 2>&1; then
    # a user is made in an image alone, or if asked for: never on a machine where somebody tries this out
    if [ -n "${STUDENT-}" ] || [ "$base" = /autograder ]; then
        useradd --system --no-create-home --shell /usr/sbin/nologin "$user"
    else
        echo "no user $user is here, and none is made outside of /autograder: students' code runs as $(id -un)" \
             "(STUDENT=$user makes the user; STUDENT= asks for none)" >&2
        user=
    fi
fi

rm -rf "$venv"
if [ -d "$source/wheelhouse" ]; then
    if "$python" -m venv "$venv"; then
        "$venv/bin/python" -m pip install --quiet --no-index --find-links "$source/wheelhouse" numpy
    else                            # Debian and Ubuntu leave pip out of venv: a wheel of pip installs as well
        "$python" -m venv --clear --without-pip "$venv"
        "$venv/bin/python" "$(ls "$source"/wheelhouse/pip-*.whl | head -n 1)/pip" install --quiet \
            --no-index --find-links "$source/wheelhouse" numpy
    fi
else
    if ! "$python" -m venv "$venv"; then
        apt-get update && apt-get install -y python3-venv
        "$python" -m venv --clear "$venv"
    fi
    "$venv/bin/python" -m pip install --quiet NUMPY
fi

"$venv/bin/python" -m compileall -q "$source/npnet"
said='import numpy, sys; print("NumPy", numpy.__version__, "Python", sys.version.split()[0])'
"$venv/bin/python" -c "$said"
if [ -n "$user" ] && command -v runuser > /dev/null; then
    (cd / && runuser -u "$user" -- "$venv/bin/python" -c "$said") || {
        echo "$user cannot run $venv: choose a Python that all users may read (PYTHON=/usr/bin/python3), or none but" \
             "yourself to run the students' code (STUDENT= ./setup.sh)" >&2
        exit 1
    }
fi
'''

RUN_AUTOGRADER = r'''#!/usr/bin/env bash
# Grades one submission. Whatever happens, results.json is there: first as "the grading did not finish".
base=${AUTOGRADER:-/autograder}
source=$base/source
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 PYTHONUTF8=1

mkdir -p "$base/results"
chmod 700 "$source" "$base/results" "$base/submission" 2> /dev/null
chmod 600 "$base/submission_metadata.json" 2> /dev/null
cp "$source/unfinished.json" "$base/results/results.json"

name=${STUDENT-student}             # runs the students' code, and can read neither the solution nor the results
user=()
if [ "$(id -u)" = 0 ] && [ -n "$name" ] && id "$name" > /dev/null 2>&1; then
    user=(--user "$name")
fi

cd "$source" || exit 1
"$base/venv/bin/python" -E -s -B -m npnet.course.grader --assignment ASSIGNMENT --lang LANGUAGE --secret secret.txt \
    --submission "$base/submission" --metadata "$base/submission_metadata.json" \
    --results "$base/results/results.json" --versions "VERSIONS" "${user[@]}"
'''
