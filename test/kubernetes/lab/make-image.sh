#!/usr/bin/env bash
# make-image.sh NAME:TAG ROOT CONFIG-JSON TARGET-FOLDER: an archive as `docker save` writes it, of one layer, without an engine. Prints its path.
# ROOT: a folder, or a tar of one.
set -euo pipefail

name=$1 root=$2 config=$3 target=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$target"

if [ -d "$root" ]; then tar -C "$root" --sort=name --mtime=@0 --numeric-owner -cf "$work/layer.tar" .
else ln -s "$(realpath "$root")" "$work/layer.tar"; fi
layer=$(sha256sum < "$work/layer.tar" | cut -d ' ' -f 1)
arch=$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
printf '{"os": "linux", "architecture": "%s", "config": %s, "rootfs": {"type": "layers", "diff_ids": ["sha256:%s"]}}' "$arch" "$config" "$layer" > "$work/config.json"
printf '[{"Config": "config.json", "RepoTags": ["%s"], "Layers": ["layer.tar"]}]' "$name" > "$work/manifest.json"
archive=$target/$(echo "$name" | tr '/:' '__').tar
tar -C "$work" --dereference -cf "$archive" manifest.json config.json layer.tar
echo "$archive"
