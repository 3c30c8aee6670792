#!/bin/sh
# npm start: a cluster for this checkout in the background, with simulated nodes and the example
# application, and what to type next. Its data is in .k8ts; npm run stop removes all of it.
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
  setsid "$k8ts" server --data-dir "$data" --api-port "$port" --simulated-nodes 3 </dev/null >"$log" 2>&1 &
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

kubectl=$(command -v kubectl || echo "$root/.tools/kubernetes-client/usr/bin/kubectl")
if [ -x "$kubectl" ]; then
  k() { "$kubectl" --context k8ts "$@"; }
  echo
  echo 'The example application (examples/web.yaml), on nodes that are simulated:'
  tries=0
  until k get serviceaccount default >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -le 100 ] || break
    sleep 0.2
  done
  k apply -f "$root/examples/web.yaml"
  k rollout status deployment/web --timeout=60s
  echo
  k get deployments,pods -o wide
fi

cat <<END

Try:

  kubectl --context k8ts get nodes
  kubectl --context k8ts scale deployment web --replicas=5
  kubectl --context k8ts set image deployment/web web=nginx:1.28
  kubectl --context k8ts rollout status deployment/web
  kubectl --context k8ts get events -w

The cluster:

  $k8ts status --data-dir $data
  npm run stop      ends it and removes its data and its kubeconfig context
END
