#!/usr/bin/env bash
# Builds the messages and both Python packages into install/:  scripts/build.sh [more arguments of colcon build]
#
# With a sourced ROS this is plain `colcon build`. Without one, the ROS wheels in .venv take its place; their CMake
# files carry two paths of the machine that made them, which are pointed at this Python first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec 9<. && flock 9 # one build at a time in one checkout

if [ -z "${ROS_DISTRO:-}" ]; then source .venv/bin/activate; fi # it has a cmake
for tool in cmake make c++; do
    command -v "$tool" >/dev/null || {
        echo "build: '$tool' is not installed; on Debian and Ubuntu: sudo apt install build-essential cmake" >&2
        exit 1
    }
done

# What install/ depends on: links are laid file by file, so edits of Python files are already there. A build folder
# remembers absolute paths and its ROS: begin anew where they have changed.
place="$PWD ${ROS_DISTRO:-wheels}"
if [ -e build ] && [ "$(cat build/.place 2>/dev/null)" != "$place" ]; then rm -rf build install; fi
state=$(sha256sum CMakeLists.txt package.xml msg/*.msg; find unexpected_core unexpected_ros launch config scripts/executables \
    -type f -not -path '*/__pycache__/*' | sort)
if [ $# = 0 ] && [ "$(cat install/.made 2>/dev/null)" = "$state" ]; then exit 0; fi

options=(--symlink-install --event-handlers console_direct-)
if [ -z "${ROS_DISTRO:-}" ]; then
    built_at=/opt/python/cp312-cp312
    python_headers=$(python -c 'import sysconfig; print(sysconfig.get_paths()["include"])')
    numpy_headers=$(python -c 'import numpy; print(numpy.get_include())')
    literal() { sed -e 's/[#&\\]/\\&/g' <<<"$1"; } # as sed writes it: a folder may be named R&D
    { grep -rl "$built_at" .venv/share --include='*.cmake' || true; } | xargs -r sed -i \
        -e "s#$built_at/include/python3.12#$(literal "$python_headers")#g" \
        -e "s#$built_at/lib/python3.12/site-packages/numpy/_core/include#$(literal "$numpy_headers")#g"
    export AMENT_PREFIX_PATH=$PWD/.venv CMAKE_PREFIX_PATH=$PWD/.venv
    export COLCON_LOG_LEVEL=error # .venv is no colcon workspace, and need not be warned of
    options+=(--cmake-args "-DPython3_EXECUTABLE=$PWD/.venv/bin/python" -DPython3_FIND_VIRTUALENV=ONLY)
fi

mkdir -p build
echo "$place" >build/.place
if [ -e install ]; then find install -xtype l -delete; fi # links to files that are gone
if ! colcon build "$@" "${options[@]}"; then
    cat log/latest_build/unexpected_ros/stderr.log >&2
    exit 1
fi
if [ ! -e install/unexpected_ros ]; then
    echo "build: colcon found no package here; is there a file COLCON_IGNORE in $PWD?" >&2
    exit 1
fi
echo "$state" >install/.made
