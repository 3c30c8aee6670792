#!/bin/sh
# npm run stop: ends what npm start began and removes every trace of it.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
data=${K8TS_DATA_DIR:-$root/.k8ts}
rm -f "$root/node_modules/.cache/k8ts-server.log"
if ! [ -e "$data" ]; then
  echo 'not running'
  exit 0
fi
exec "$root/bin/k8ts" stop --data-dir "$data" --delete
