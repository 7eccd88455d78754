#!/usr/bin/env bash
# Compiles Kubernetes 1.20 from Debian's source package into the cache, once: API server, controllers, scheduler, kubelet, kubectl. Four to fifteen minutes.
#
# The oldest version that is tested, without Go modules: Debian 12 ships the whole source and a Go that still compiles it. Later releases ship only kubectl.
set -euo pipefail

version=v1.20.2
suite=bookworm
cache=${ASSAY_LAB_CACHE:-$HOME/.cache/k8s-lab}
bin=$cache/$version
programs=(kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl)

missing=()
for program in "${programs[@]}"; do [ -x "$bin/$program" ] || missing+=("$program"); done
if [ ${#missing[@]} = 0 ]; then
  echo "all programs are in $bin"
  exit 0
fi

work=$cache/work
source_tree=$work/go/src/k8s.io/kubernetes
mkdir -p "$bin" "$work"/{packages,apt/lists/partial,apt/archives/partial}

# A view of the archive that has sources, beside the machine's own, which stays as it is.
archive=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $suite" | head -n 1)
if [ -z "$archive" ]; then
  echo "this machine knows no archive of Debian $suite" >&2
  exit 1
fi
keys=/usr/share/keyrings/debian-archive-keyring.gpg
for kind in deb deb-src; do echo "$kind [signed-by=$keys] $archive $suite main"; done > "$work/apt/sources.list"
cat > "$work/apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$work/apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$work/apt/lists";
Dir::Cache "$work/apt";
CONF

fetch() {
  export APT_CONFIG=$work/apt/apt.conf
  apt-get -qq update
  cd "$work/packages"
  apt-get -qq download golang-1.19-go golang-1.19-src
  apt-get -qq source --download-only kubernetes
  for package in golang-1.19-*.deb; do dpkg-deb -x "$package" "$work/compiler"; done
  rm -rf "$source_tree"
  mkdir -p "$(dirname "$source_tree")"
  dpkg-source --no-check -x kubernetes_1.20.*.dsc "$source_tree" > /dev/null
}

# The tree's reflection library calls a function of the runtime that takes one argument more since Go 1.18: programs fault when they walk a map.
mend_map_iterator() {
  local folder=vendor/github.com/modern-go/reflect2
  grep -q 'm unsafe.Pointer, it \*hiter)' "$folder/unsafe_link.go" && return
  perl -0pi -e 's/(func mapiterinit\(rtype unsafe.Pointer, m unsafe.Pointer)\) \*hiter/$1, it *hiter)/; s/type hiter struct \{.*?\n\}/type hiter struct {\n\tkey   unsafe.Pointer\n\tvalue unsafe.Pointer\n\trest  [12]uintptr\n}/s' "$folder/unsafe_link.go"
  perl -0pi -e 's/\treturn &UnsafeMapIterator\{\n\t\thiter: +mapiterinit\(type2\.rtype, \*\(\*unsafe\.Pointer\)\(obj\)\),/\titerator := new(hiter)\n\tmapiterinit(type2.rtype, *(*unsafe.Pointer)(obj), iterator)\n\treturn &UnsafeMapIterator{\n\t\thiter: iterator,/' "$folder/unsafe_map.go"
  grep -q 'm unsafe.Pointer, it \*hiter)' "$folder/unsafe_link.go" && grep -q 'iterator := new(hiter)' "$folder/unsafe_map.go"
}

# The API definitions that the server publishes: the one generated file that the source package leaves out.
generate_definitions() {
  local generated=pkg/generated/openapi
  go build -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
  : > "$work/no-header"
  local marked
  marked=$(grep -rl --include='*.go' '^// +k8s:openapi-gen=' pkg cmd plugin staging/src/k8s.io \
    | grep -vE '/(testdata|integration|code-generator)/|_test\.go$|sample' | xargs -n 1 dirname | sort -u \
    | sed -e 's,^staging/src/,k8s.io/kubernetes/vendor/,' -e 's,^\(pkg\|cmd\|plugin\)/,k8s.io/kubernetes/\1/,' | paste -sd ,)
  "$work/openapi-gen" --input-dirs "$marked" --output-package "k8s.io/kubernetes/$generated" --output-file-base zz_generated.openapi \
    --go-header-file "$work/no-header" --report-filename "$work/violations" --output-base "$work/generated" 2> "$work/openapi-gen.log"
  cp "$work/generated/k8s.io/kubernetes/$generated/zz_generated.openapi.go" "$generated/"
}

compile() {
  # The tree predates modules as this Go wants them.
  export GOROOT=$work/compiler/usr/lib/go-1.19 GOPATH=$work/go GOCACHE=$work/go-cache GO111MODULE=off CGO_ENABLED=0
  export PATH=$GOROOT/bin:$PATH
  cd "$source_tree"
  mend_map_iterator
  [ -f pkg/generated/openapi/zz_generated.openapi.go ] || generate_definitions
  local vendored=k8s.io/kubernetes/vendor/k8s.io
  for program in "${missing[@]}"; do
    echo "compiling $program"
    go build -o "$bin/$program.new" \
      -ldflags "-s -w -X $vendored/component-base/version.gitVersion=$version -X $vendored/client-go/pkg/version.gitVersion=$version" "./cmd/$program"
    mv "$bin/$program.new" "$bin/$program"
  done
}

[ -d "$source_tree/vendor" ] || fetch
compile
rm -rf "$work"
