#!/bin/sh
# npm test: set-up, static checks and all tests. The last line is `N passed, N failed`.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"
sh scripts/setup.sh
exec sh scripts/node.sh scripts/test.ts "$@"
