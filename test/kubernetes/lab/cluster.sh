#!/usr/bin/env bash
# A real Kubernetes on this machine, for tests: one control plane and any number of nodes, each a network namespace with a container runtime and a kubelet.
#
#   cluster.sh programs             whether build.sh has made what this needs
#   cluster.sh up                   control plane and node lab1, and deploy/kubernetes/base on it
#   cluster.sh node NAME NUMBER     one more; NUMBER is the last part of its address, 12 to 250
#   cluster.sh image FILE           an archive of `docker save`, or of this script's own make, into all nodes
#   cluster.sh kubectl ...          as administrator
#   cluster.sh containers NAME      what runs on a node
#   cluster.sh stop NAME [-KILL]    one program (apiserver, kubelet-lab1, ...); `start NAME` runs it again
#   cluster.sh cut NAME             the network of a node ends; `lossy NAME`: it loses 2 % of all packets; `isolate NAME`: its pods reach nothing, as by a policy
#   cluster.sh mend NAME            as it was
#   cluster.sh down                 ends all of it; nothing is left but the cache
#
# ASSAY_LAB_VERSION: v1.34.4 (default, of build.sh) or v1.20.2 (of build-old.sh).
# Needs root, the programs, and Debian's etcd-server, containerd, runc, containernetworking-plugins, openssl, iproute2. Cgroups of version 1 or 2.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
version=${ASSAY_LAB_VERSION:-v1.34.4}
bin=${ASSAY_LAB_CACHE:-$HOME/.cache/k8s-lab}/$version
state=/var/lib/assay-lab
keys=$state/keys
net=172.31.9
server=https://$net.1:6443
pause=assay.lab/pause:1

# ---- keys ----

authority() {
  mkdir -p "$keys"
  [ -f "$keys/ca.crt" ] && return
  openssl req -x509 -newkey rsa:2048 -noenc -days 7 -subj /CN=assay-lab -keyout "$keys/ca.key" -out "$keys/ca.crt" 2> /dev/null
  openssl genrsa -out "$keys/tokens.key" 2048 2> /dev/null
  openssl rsa -in "$keys/tokens.key" -pubout -out "$keys/tokens.pub" 2> /dev/null
}

# certificate FILE SUBJECT EXTENSION: with a kubeconfig that uses it.
certificate() {
  local file=$keys/$1
  openssl req -newkey rsa:2048 -noenc -subj "$2" -keyout "$file.key" -out "$file.csr" 2> /dev/null
  openssl x509 -req -in "$file.csr" -CA "$keys/ca.crt" -CAkey "$keys/ca.key" -CAcreateserial -days 7 -extfile <(echo "$3") -out "$file.crt" 2> /dev/null
  kubeconfig "$1" default "{client-certificate: $file.crt, client-key: $file.key}"
}

# kubeconfig FILE NAMESPACE USER
kubeconfig() {
  cat > "$keys/$1.conf" <<CONF
apiVersion: v1
kind: Config
current-context: lab
clusters: [{name: lab, cluster: {server: "$server", certificate-authority: "$keys/ca.crt"}}]
contexts: [{name: lab, context: {cluster: lab, user: lab, namespace: $2}}]
users: [{name: lab, user: $3}]
CONF
}

# ---- programs ----

# run NAME COMMAND...: in the background; the command is kept, so that `start NAME` can run it again.
run() {
  local name=$1
  shift
  printf '%s\0' "$@" > "$state/$name.argv"
  start "$name"
}

start() {
  local argv
  mapfile -d '' -t argv < "$state/$1.argv"
  setsid nohup "${argv[@]}" >> "$state/$1.log" 2>&1 < /dev/null &
  echo $! > "$state/$1.pid"
}

stop() {
  local pid
  pid=$(cat "$state/$1.pid" 2> /dev/null) || return 0
  kill "${2:--TERM}" "$pid" 2> /dev/null || true
  for _ in $(seq 100); do runs "$pid" || break; sleep 0.1; done
  if runs "$pid"; then kill -KILL "$pid" || true; fi # an API server without its etcd does not end when it is asked to
  rm -f "$state/$1.pid"
}

# A process that ended has no words any more, also before somebody asked for its end.
runs() { grep -q . "/proc/$1/cmdline" 2> /dev/null; }

ask() { curl -sf --cacert "$keys/ca.crt" --cert "$keys/admin.crt" --key "$keys/admin.key" "$@"; }

wait_for() {
  local what=$1
  shift
  for _ in $(seq 240); do "$@" > /dev/null 2>&1 && return; sleep 0.5; done
  echo "$what did not come up; see $state/*.log" >&2
  exit 1
}

# ---- control plane ----

programs() {
  local program
  for program in kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl; do
    [ -x "$bin/$program" ] && continue
    echo "no $program in $bin: $here/build.sh makes it" >&2
    return 1
  done
}

up() {
  programs
  mkdir -p "$state"
  authority
  ip link add assaylab type bridge
  ip addr add "$net.1/24" dev assaylab
  ip link set assaylab up
  # Engines of containers close this chain.
  iptables -C FORWARD -i assaylab -o assaylab -j ACCEPT 2> /dev/null || iptables -I FORWARD -i assaylab -o assaylab -j ACCEPT
  # What programs in pods know as the API server.
  iptables -t nat -A PREROUTING -i assaylab -d 10.97.0.1 -p tcp --dport 443 -j DNAT --to-destination "$net.1:6443"
  certificate server /CN=kube-apiserver "subjectAltName=DNS:localhost,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:$net.1,IP:10.97.0.1"
  certificate admin /O=system:masters/CN=admin extendedKeyUsage=clientAuth
  certificate controllers /CN=system:kube-controller-manager extendedKeyUsage=clientAuth
  certificate scheduler /CN=system:kube-scheduler extendedKeyUsage=clientAuth
  run etcd etcd --data-dir "$state/etcd" --unsafe-no-fsync --initial-cluster default=http://127.0.0.1:22380 \
    --listen-client-urls http://127.0.0.1:22379 --advertise-client-urls http://127.0.0.1:22379 \
    --listen-peer-urls http://127.0.0.1:22380 --initial-advertise-peer-urls http://127.0.0.1:22380
  run apiserver "$bin/kube-apiserver" --etcd-servers=http://127.0.0.1:22379 --bind-address="$net.1" --secure-port=6443 \
    --client-ca-file="$keys/ca.crt" --tls-cert-file="$keys/server.crt" --tls-private-key-file="$keys/server.key" \
    --kubelet-client-certificate="$keys/admin.crt" --kubelet-client-key="$keys/admin.key" --kubelet-preferred-address-types=InternalIP \
    --service-account-issuer=https://assay.lab --service-account-key-file="$keys/tokens.pub" --service-account-signing-key-file="$keys/tokens.key" \
    --service-cluster-ip-range=10.97.0.0/16 --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction
  wait_for "the API server" ask "$server/readyz"
  run controllers "$bin/kube-controller-manager" --kubeconfig="$keys/controllers.conf" --leader-elect=false --bind-address=127.0.0.1 \
    --use-service-account-credentials --root-ca-file="$keys/ca.crt" --service-account-private-key-file="$keys/tokens.key"
  run scheduler "$bin/kube-scheduler" --kubeconfig="$keys/scheduler.conf" --leader-elect=false --bind-address=127.0.0.1
  pause_image
  node lab1 11
  deploy
  echo "$keys/admin.conf $keys/account.conf"
}

# What users of a cluster are told to apply, and the account that it makes for them.
deploy() {
  kubectl apply -k "$here/../../../deploy/kubernetes/base"
  local request='{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 86400}}' token
  token=$(ask --json "$request" "$server/api/v1/namespaces/assay/serviceaccounts/assay/token" | tr -d ' \n' | sed 's/.*"token":"\([^"]*\)".*/\1/')
  kubeconfig account assay "{token: $token}"
}

kubectl() { "$bin/kubectl" --kubeconfig="$keys/admin.conf" "$@"; }

# The process that holds a pod's namespaces. No registry is asked for it.
pause_image() {
  local folder=$state/pause
  mkdir -p "$folder/root"
  cat > "$folder/pause.c" <<'C'
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void end(int signal) { (void)signal; _exit(0); }
static void reap(int signal) { (void)signal; while (waitpid(-1, 0, WNOHANG) > 0) continue; }
int main(void) {
  signal(SIGTERM, end);
  signal(SIGINT, end);
  signal(SIGCHLD, reap);
  for (;;) pause();
}
C
  cc -Os -static -o "$folder/root/pause" "$folder/pause.c"
  "$here/make-image.sh" "$pause" "$folder/root" '{"Entrypoint":["/pause"]}' "$state/images"
}

# ---- nodes ----

node() {
  local name=$1 address=$net.$2 folder=$state/nodes/$1 group
  mkdir -p "$folder/network" "$state/images"
  ip netns add "$name"
  ip link add "al-$name" type veth peer name eth0 netns "$name"
  ip link set "al-$name" master assaylab up
  ip -n "$name" addr add "$address/24" dev eth0
  ip -n "$name" link set eth0 up
  ip -n "$name" link set lo up
  ip -n "$name" route add default via "$net.1"
  ip route replace "10.245.$2.0/24" via "$address"
  cat > "$folder/network/pods.conflist" <<CONF
{"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "bridge", "bridge": "pods", "isGateway": true,
  "ipam": {"type": "host-local", "dataDir": "$folder/addresses", "subnet": "10.245.$2.0/24", "routes": [{"dst": "0.0.0.0/0"}]}}]}
CONF
  cat > "$folder/containerd.toml" <<CONF
version = 2
root = "$folder/containerd"
state = "$folder/containerd-state"
[grpc]
  address = "$folder/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$pause"
  restrict_oom_score_adj = true  # machines without CAP_SYS_RESOURCE may not lower it
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$folder/network"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
CONF
  # The old version is told of its runtime by flags, later ones by the file.
  local old_flags=() endpoint="containerRuntimeEndpoint: unix://$folder/containerd.sock"
  if [ "$version" = v1.20.2 ]; then
    endpoint=
    old_flags=(--container-runtime=remote --container-runtime-endpoint="unix://$folder/containerd.sock" --pod-infra-container-image="$pause")
  fi
  # podPidsLimit stands for what a cluster's operator sets: the backend cannot.
  cat > "$folder/kubelet.yaml" <<CONF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $address
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $keys/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $keys/$name.crt
tlsPrivateKeyFile: $keys/$name.key
cgroupDriver: cgroupfs
cgroupRoot: /assay-lab-$name
failSwapOn: false
podPidsLimit: 200
maxPods: 250
$endpoint
serializeImagePulls: false
kubeAPIQPS: 100
kubeAPIBurst: 200
nodeStatusReportFrequency: 10s
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
CONF
  for group in /sys/fs/cgroup/*/; do
    [ -f "$group/cgroup.procs" ] && [ ! -f "/sys/fs/cgroup/cgroup.controllers" ] && mkdir -p "$group/assay-lab-$name"
  done
  if [ -d "/sys/fs/cgroup/cpuset/assay-lab-$name" ]; then # a new group of version 1 starts with no processor
    for group in cpus mems; do cat "/sys/fs/cgroup/cpuset/cpuset.$group" > "/sys/fs/cgroup/cpuset/assay-lab-$name/cpuset.$group"; done
  fi
  certificate "$name" "/O=system:nodes/CN=system:node:$name" "subjectAltName=DNS:$name,IP:$address"
  # `ip netns exec` would hide the groups of the machine.
  run "containerd-$name" nsenter --net="/run/netns/$name" containerd --config "$folder/containerd.toml"
  wait_for containerd ctr -a "$folder/containerd.sock" version
  local archive
  for archive in "$state"/images/*.tar; do [ -f "$archive" ] && load "$name" "$archive"; done
  run "kubelet-$name" nsenter --net="/run/netns/$name" "$bin/kubelet" --config="$folder/kubelet.yaml" --kubeconfig="$keys/$name.conf" \
    --hostname-override="$name" --node-ip="$address" --root-dir="$folder/kubelet" "${old_flags[@]}"
  wait_for "node $name" node_is_ready "$name"
}

node_is_ready() { ask "$server/api/v1/nodes/$1" | tr -d ' \n' | grep -q '"type":"Ready","status":"True"'; }

load() { ctr -a "$state/nodes/$1/containerd.sock" -n k8s.io images import "$2" > /dev/null; }

image() {
  local folder
  mkdir -p "$state/images"
  cp "$1" "$state/images/"
  for folder in "$state"/nodes/*/; do load "$(basename "$folder")" "$1"; done
}

containers() { ctr -a "$state/nodes/$1/containerd.sock" -n k8s.io tasks ls -q; }

cut() { ip link set "al-$1" down; }
# loss -A|-D NAME: by rules inside of the node, for not every kernel has tc's netem.
loss() {
  local one=(-m statistic --mode random --probability 0.02 -j DROP)
  nsenter --net="/run/netns/$2" iptables -t mangle "$1" PREROUTING -i eth0 "${one[@]}"
  nsenter --net="/run/netns/$2" iptables -t mangle "$1" POSTROUTING -o eth0 "${one[@]}"
}
lossy() { loss -A "$1"; }
isolate() { nsenter --net="/run/netns/$1" iptables -I FORWARD -i pods -j DROP; }
mend() {
  ip link set "al-$1" up
  nsenter --net="/run/netns/$1" iptables -D FORWARD -i pods -j DROP 2> /dev/null || true
  loss -D "$1" 2> /dev/null || true
}

# ---- the end ----

# The network namespaces of a node's pods: they outlive a runtime that ends before its pods do.
pod_networks() {
  local id
  for id in $(timeout 10 ctr -a "$1/containerd.sock" -n k8s.io containers ls -q 2> /dev/null); do
    timeout 5 ctr -a "$1/containerd.sock" -n k8s.io containers info "$id"
  done | grep -o '/netns/cni-[0-9a-f-]*' | sort -u
}

down() {
  local name folder task mount networks network
  for name in scheduler controllers apiserver etcd; do stop "$name"; done
  for folder in "$state"/nodes/*/; do
    [ -d "$folder" ] || continue
    name=$(basename "$folder")
    stop "kubelet-$name"
    networks=$(pod_networks "$folder" || true)
    for task in $(timeout 10 ctr -a "$folder/containerd.sock" -n k8s.io tasks ls -q 2> /dev/null || true); do
      timeout 5 ctr -a "$folder/containerd.sock" -n k8s.io tasks kill -s KILL "$task" > /dev/null 2>&1 || true
    done
    sleep 1
    stop "containerd-$name"
    for network in $networks; do ip netns del "$(basename "$network")" 2> /dev/null || true; done
    awk -v root="$state/nodes/$name/" 'index($5, root) == 1 {print $5}' /proc/self/mountinfo | sort -r | while read -r mount; do umount -l "$mount" || true; done
    ip link del "al-$name" 2> /dev/null || true
    ip netns del "$name" 2> /dev/null || true
    find /sys/fs/cgroup -depth -type d -path "*/assay-lab-$name*" -exec rmdir {} + 2> /dev/null || true
  done
  iptables -t nat -D PREROUTING -i assaylab -d 10.97.0.1 -p tcp --dport 443 -j DNAT --to-destination "$net.1:6443" 2> /dev/null || true
  iptables -D FORWARD -i assaylab -o assaylab -j ACCEPT 2> /dev/null || true
  ip link del assaylab 2> /dev/null || true
  rm -rf "$state"
}

"$@"
