#!/bin/sh
# npm run stop: ends what npm start began and removes every trace of it.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
data=${K8TS_DATA_DIR:-$root/.k8ts}
exec "$root/bin/k8ts" down --data-dir "$data"
