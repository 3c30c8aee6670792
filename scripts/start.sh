#!/bin/sh
# npm start: a cluster of two real nodes in the background, the example application on it, and what to
# type next. Its data is in .k8ts; npm run stop removes every trace of it.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
sh "$root/scripts/setup.sh"
data=${K8TS_DATA_DIR:-$root/.k8ts}
port=${K8TS_API_PORT:-6443}
k8ts=$root/bin/k8ts
shop=$root/examples/shop

if [ "$(id -u)" != 0 ]; then
  echo 'Nodes with real containers need root: sudo npm start' >&2
  echo "Without it there are nodes whose pods only seem to run: $k8ts server --simulated-nodes 3" >&2
  exit 1
fi

"$k8ts" up --data-dir "$data" --api-port "$port" --nodes 2

kubectl=$(command -v kubectl || echo "$root/.tools/kubernetes-client/usr/bin/kubectl")
k() { "$kubectl" --kubeconfig "$data/admin.kubeconfig" "$@"; }
echo
echo 'The example application (examples/shop): images packed from busybox, three fronts, one back'
"$k8ts" image pack --data-dir "$data" "$shop/images/images.yaml" >/dev/null
tries=0
until k get serviceaccount default >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -le 100 ] || break
  sleep 0.2
done
k apply -f "$shop/shop.yaml"
k rollout status deployment/shop-back --timeout=120s
k rollout status deployment/shop-front --timeout=120s
echo
k get pods -o wide

node=$(k get nodes -o 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}')
page="http://$node:30080/"
echo
echo "$page answers:"
timeout 10 busybox wget -q -O - "$page" | sed -e 's/<[^>]*>//g' -e '/^ *$/d' -e 's/^/  /'

cat <<END

Try:

  kubectl get nodes,pods -o wide                 (the context k8ts is the current one)
  curl $page
  kubectl logs -f -l app.kubernetes.io/name=shop-front
  kubectl exec -it deployment/shop-front -- sh
  kubectl set image deployment/shop-front front=docker.io/k8ts/shop-front:2
  kubectl rollout status deployment/shop-front
  kubectl scale deployment shop-front --replicas=5

The cluster:

  $k8ts status --data-dir $data
  $k8ts logs server --data-dir $data
  npm run stop      removes every trace of it
END
