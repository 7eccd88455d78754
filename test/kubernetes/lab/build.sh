#!/usr/bin/env bash
# Compiles a current Kubernetes from its Go modules into the cache, once: API server, controllers, scheduler, kubelet, kubectl. Five to twenty minutes, 1 GB of modules.
#
# 1.34 is the last minor version that runs on machines with cgroups of version 1 without being asked to. build-old.sh makes the oldest that we test.
set -euo pipefail

version=v1.34.4
bin=${ASSAY_LAB_CACHE:-$HOME/.cache/k8s-lab}/$version
programs=(kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl)

missing=()
for program in "${programs[@]}"; do [ -x "$bin/$program" ] || missing+=("$program"); done
if [ ${#missing[@]} = 0 ]; then
  echo "all programs are in $bin"
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$bin"
cd "$work"
export GOFLAGS=-mod=mod CGO_ENABLED=0

# Kubernetes replaces the modules that it publishes apart (k8s.io/api and the like) by folders of its own tree, which its module does not hold.
# A module of ours has the same requirements and the published ones: v1.34.4 of the whole goes with v0.34.4 of the parts.
parts=v0.${version#v1.}
upstream=$(go mod download -json "k8s.io/kubernetes@$version" | sed -n 's/^\s*"GoMod": "\(.*\)",$/\1/p')
awk -v parts="$parts" '
  /^module / { print "module assay.lab/kubernetes"; next }
  /^replace / { exit }
  $2 == "v0.0.0" { $2 = parts }
  { print }' "$upstream" > go.mod
awk -v parts="$parts" '$2 == "v0.0.0" { print "-replace=" $1 "=" $1 "@" parts }' "$upstream" | xargs go mod edit "-require=k8s.io/kubernetes@$version"

stamp=k8s.io/component-base/version
for program in "${missing[@]}"; do
  echo "compiling $program"
  go build -o "$bin/$program.new" -ldflags "-s -w -X $stamp.gitVersion=$version -X $stamp.gitMajor=1 -X $stamp.gitMinor=34" \
    "k8s.io/kubernetes/cmd/$program"
  mv "$bin/$program.new" "$bin/$program"
done
