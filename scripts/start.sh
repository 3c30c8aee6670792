#!/bin/sh
# npm start: a server for this checkout in the background, and what to type next. Its data is in
# .k8ts; npm run stop removes all of it.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
sh "$root/scripts/setup.sh"
data=${K8TS_DATA_DIR:-$root/.k8ts}
port=${K8TS_API_PORT:-6443}
k8ts=$root/bin/k8ts

if "$k8ts" status --data-dir "$data" >/dev/null 2>&1; then
  echo 'The server runs already.'
else
  mkdir -p "$root/node_modules/.cache"
  log=$root/node_modules/.cache/k8ts-server.log
  # In a session of its own, so that it outlives the terminal.
  setsid "$k8ts" server --data-dir "$data" --api-port "$port" </dev/null >"$log" 2>&1 &
  pid=$!
  tries=0
  until "$k8ts" status --data-dir "$data" >/dev/null 2>&1; do
    tries=$((tries + 1))
    if ! kill -0 "$pid" 2>/dev/null || [ "$tries" -gt 100 ]; then
      cat "$log" >&2
      echo 'The server did not start. If its port is taken: K8TS_API_PORT=7443 npm start' >&2
      kill "$pid" 2>/dev/null || true
      exit 1
    fi
    sleep 0.2
  done
fi

"$k8ts" status --data-dir "$data"
cat <<END

Try:

  kubectl --context k8ts get namespaces
  kubectl --context k8ts create configmap hello --from-literal=say=hi
  kubectl --context k8ts get configmaps -w

The server:

  $k8ts status --data-dir $data
  npm run stop      ends it and removes its data and its kubeconfig context
END
