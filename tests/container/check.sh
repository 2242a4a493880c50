#!/usr/bin/env bash
# Builds the image of the Dockerfile with no image registry and runs it as it should be run: read-only, as a user that is
# not root, without any capability. The base image is made of Debian packages and a Python of pyenv.
#   tests/container/check.sh [WORK_DIR]   about a minute the first time, seconds when WORK_DIR is kept
# Needs root, buildah, podman, runc, conmon, mmdebstrap and curl; the containers share the host's network (port 11102).
set -euo pipefail

readonly TAG=docker.io/library/python:3.12-slim-bookworm
readonly URL=http://127.0.0.1:11102
context=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=
if (($#)); then
  mkdir -p "$1"
  work=$(cd "$1" && pwd)
else
  work=$(mktemp -d)
  scratch=$work
fi

say() { printf '%4d s  %s\n' "$SECONDS" "$*"; }
fail() {
  say "FAILED: $*" >&2
  exit 1
}

clean_up() {
  podman ps -aq --filter name=watcher-check 2>/dev/null | xargs -r podman rm -f -t 0 >/dev/null 2>&1 || true
  rm -rf "$work/data" "$work/faulty"
  umount "$work/graph/overlay" 2>/dev/null || true
  if [[ -n $scratch ]]; then rm -rf "$scratch"; fi
}

# Makes $TAG in the store of this check: a minimal Debian with what Python needs, and that Python under /usr/local.
make_base() {
  local python container
  python=$(find "${PYENV_ROOT:-$HOME/.pyenv}/versions" -maxdepth 1 -name '3.12.*' 2>/dev/null | sort -V | tail -n 1)
  [[ -n $python ]] || fail "there is no Python 3.12 under ${PYENV_ROOT:-$HOME/.pyenv}"
  [[ -f base.tar ]] || mmdebstrap --quiet --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' \
    --include=ca-certificates,libssl3,libffi8,libsqlite3-0,liblzma5,libbz2-1.0,zlib1g,libreadline8 \
    --include=libncursesw6,libuuid1,libgdbm6,libexpat1,netbase,tzdata \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    bookworm base.tar /etc/apt/sources.list.d/debian.sources
  rm -rf root && mkdir -p root/usr/local root/etc/ssl/certs
  tar -C "$python" --exclude=test --exclude=__pycache__ --exclude='*.a' --exclude=idlelib \
    --exclude='site-packages/[!p]*' -cf - bin include lib | tar -C root/usr/local -xf -
  sed -i '1s|.*|#!/usr/local/bin/python3|' root/usr/local/bin/pip*
  cp /etc/ssl/certs/ca-certificates.crt root/etc/ssl/certs/
  printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' >root/etc/pip.conf
  container=$(buildah from scratch)
  buildah add -q "$container" base.tar / >/dev/null
  buildah add -q "$container" root / >/dev/null
  buildah config --env PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin --env LANG=C.UTF-8 \
    --cmd python3 "$container"
  buildah run "$container" -- ldconfig
  buildah commit -q --rm "$container" "$TAG" >/dev/null
}

# start NAME [OPTION…]: runs the image in the background.
start() {
  local name=$1
  shift
  podman run -d --name "watcher-check-$name" --no-healthcheck --read-only --tmpfs /tmp --cap-drop ALL \
    --security-opt no-new-privileges -v "$work/data:/data" "$@" watcher:ci >/dev/null
}

until_healthy() {
  local name=$1
  for _ in $(seq 200); do
    curl -sf "$URL/-/healthy" >/dev/null && return
    sleep 0.1
  done
  podman logs "watcher-check-$name" >&2
  fail "run $name does not answer $URL/-/healthy"
}

# stop NAME: ends it with SIGTERM; it must end by itself within ten seconds, with 0.
stop() {
  local name=$1 code began=$SECONDS
  podman stop -t 15 "watcher-check-$name" >/dev/null
  code=$(podman inspect "watcher-check-$name" --format '{{.State.ExitCode}}')
  [[ $code == 0 ]] || { podman logs "watcher-check-$name" >&2; fail "run $name ended with $code after SIGTERM"; }
  ((SECONDS - began < 10)) || fail "run $name took $((SECONDS - began)) s to end"
}

inside() { podman exec "watcher-check-$1" "${@:2}"; }

# What the state says of itself: since when the first account has been watched.
watched_since() {
  inside "$1" python -c "import sqlite3
print(*sqlite3.connect('file:/data/watcher.db?mode=ro', uri=True).execute('select min(watched_since) from account').fetchone())"
}

cd "$work"
for needed in buildah podman runc mmdebstrap curl; do
  command -v "$needed" >/dev/null || fail "$needed is not installed"
done
if curl -s -o /dev/null "$URL/"; then fail "port 11102 of this machine is in use"; fi
cat >storage.conf <<EOF
[storage]
driver = "overlay"
runroot = "$work/run"
graphroot = "$work/graph"
EOF
cat >containers.conf <<'EOF'
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=10000:10000"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
EOF
export CONTAINERS_STORAGE_CONF=$work/storage.conf CONTAINERS_CONF=$work/containers.conf BUILDAH_ISOLATION=chroot
trap clean_up EXIT

buildah inspect "$TAG" >/dev/null 2>&1 || make_base
say "the base image is there"
buildah bud -q --pull-never --layers --format docker -t watcher:ci "$context" >/dev/null
say "the image is built: $(podman image inspect "$TAG" watcher:ci --format '{{.Size}}' |
  awk 'NR == 1 {base = $1} NR == 2 {printf "%.1f MB, %.1f MB of it on top of the base", $1 / 1e6, ($1 - base) / 1e6}')"

found=$(podman run --rm --name watcher-check-look --no-healthcheck --read-only --entrypoint sh watcher:ci -c \
  'command -v gcc cc make git || true; find /opt/watcher /etc/watcher -name "test_*.py" -path "*watcher*" -name "*.c"')
[[ -z $found ]] || fail "the image holds $found"

mkdir -p data
chown 10001 data
start first
until_healthy first
[[ $(inside first python -c 'import os; print(os.getuid(), os.getgid())') == "10001 10001" ]] || fail "it is not user 10001"
if inside first sh -c 'touch /opt/watcher/x /etc/watcher/x' 2>/dev/null; then fail "the file system can be written"; fi
mapfile -t probe < <(podman image inspect watcher:ci --format '{{range .HealthCheck.Test}}{{println .}}{{end}}')
[[ ${probe[0]} == CMD ]] || fail "the health check is not in exec form: ${probe[*]}"
inside first "${probe[@]:1}" || fail "the health check fails while it is healthy"
since=$(watched_since first)
stop first
say "it ran read-only as user 10001, was healthy, and ended on SIGTERM with 0"

start second
until_healthy second
[[ -n $since && $(watched_since second) == "$since" ]] || fail "what the first run knew is gone in the second"
stop second
say "its state survived in /data"

mkdir -p faulty
printf 'watchlist: watchlist.yaml\nstate_dir: /data\nweb: {listne: "0.0.0.0:11102"}\n' >faulty/watcher.yaml
printf 'accounts:\n  - https://bsky.app/profile/bsky.app\n' >faulty/watchlist.yaml
start faulty -v "$work/faulty:/etc/watcher:ro"
code=$(podman wait watcher-check-faulty)
[[ $code == 1 ]] || fail "a faulty configuration ends with $code"
podman logs watcher-check-faulty 2>&1 | grep -q "watcher.yaml:3:.*web.listne: unknown key" ||
  fail "the log does not name the fault: $(podman logs watcher-check-faulty 2>&1)"
say "a faulty configuration ends with 1 and is named in the log"
