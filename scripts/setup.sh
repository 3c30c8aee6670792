#!/bin/sh
# Makes a checkout ready: npm packages and, on Debian, the programs that tests talk to. Run again,
# it only adds what is missing. Says in one line what it does, nothing when there is nothing to do.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"

# Where nft and ip are, which not every root shell looks into.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

say() { echo "setup: $*"; }
has() { command -v "$1" >/dev/null 2>&1; }

if ! [ -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  say 'installing npm packages'
  # Exactly what the lockfile says, and without touching it. npm ci of npm 11 refuses a lockfile that
  # does not name the optional packages of every other platform, which not every registry has.
  npm install --no-save --no-audit --no-fund --loglevel=error
  # The lockfile of a fresh checkout may be the younger one.
  touch node_modules/.package-lock.json
fi
sh scripts/node.sh -e '' || { say 'the packaged Node does not run on this machine' >&2; exit 1; }

missing=''
want() { # command, package
  has "$1" || missing="$missing $2"
}
want etcd etcd-server
want strace strace
want ps procps
want openssl openssl
want containerd containerd
want runc runc
[ -x /usr/lib/cni/bridge ] || missing="$missing containernetworking-plugins"
want nft nftables
want ip iproute2
want iptables iptables
want conntrack conntrack
want busybox busybox-static
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing="$missing ca-certificates"
has kubectl || missing="$missing kubernetes-client"

# Debian's kubectl is 1.20, the oldest one we are tested with. Beside a kubectl that is there
# already it is only unpacked, so that it never takes the place of a newer one.
old_kubectl="$root/.tools/kubernetes-client"
need_old=no
if has kubectl && ! [ -x "$old_kubectl/usr/bin/kubectl" ] &&
  ! dpkg-query -W -f '${Status}' kubernetes-client 2>/dev/null | grep -q 'ok installed'; then
  need_old=yes
fi

[ -n "$missing" ] || [ "$need_old" = yes ] || exit 0
if ! has apt-get; then
  say "this is not Debian: the tests also want these programs, however you install them:$missing kubectl 1.20"
  exit 0
fi
if [ "$(id -u)" != 0 ]; then
  say "not root, so Debian packages are left alone; the tests also want:$missing kubernetes-client"
  say 'run this once as root: scripts/setup.sh'
  exit 0
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
if [ -n "$missing" ]; then
  say "installing Debian packages:$missing"
  # etcd-server would start a service; the tests start their own. policy-rc.d(8): 101 forbids it.
  policy=/usr/sbin/policy-rc.d
  ours=no
  if ! [ -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    ours=yes
  fi
  # shellcheck disable=SC2086 # a list of words
  code=0
  apt-get install -qq -y --no-install-recommends $missing >/dev/null || code=$?
  [ "$ours" = no ] || rm -f "$policy"
  [ "$code" = 0 ] || { say "apt-get could not install:$missing" >&2; exit 1; }
  case $missing in
    *etcd-server*) if has systemctl; then systemctl disable --now etcd >/dev/null 2>&1 || true; fi ;;
  esac
  case $missing in
    # The kubelet starts a containerd of its own.
    *containerd*) if has systemctl; then systemctl disable --now containerd >/dev/null 2>&1 || true; fi ;;
  esac
fi
if [ "$need_old" = yes ]; then
  say 'unpacking kubectl 1.20 (Debian kubernetes-client) below .tools'
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # apt fetches as its own user, which has to be able to write here.
  chmod 755 "$work"
  if ! (cd "$work" && apt-get download -qq kubernetes-client >/dev/null 2>&1); then
    say 'kubernetes-client could not be fetched; kubectl 1.20 is not tested' >&2
    exit 1
  fi
  mkdir -p "$old_kubectl"
  dpkg-deb -x "$work"/kubernetes-client_*.deb "$old_kubectl"
fi
