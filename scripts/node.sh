#!/bin/sh
# Runs the project's own pinned Node with the conditions that make room imports reach src/.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
case $(uname -m) in
  x86_64) arch=x64 ;;
  aarch64) arch=arm64 ;;
  *) echo "k8ts: no Node is packaged for $(uname -m)" >&2; exit 1 ;;
esac
exec "$root/node_modules/node-linux-$arch/bin/node" --conditions=source "$@"
