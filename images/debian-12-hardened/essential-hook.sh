#!/bin/sh
# Before the packages are installed. The kernel package wants a tool that makes an initrd; this image brings its own
# initrd, so an empty package says that the want is met.
set -eu
folder=$(mktemp -d)
mkdir -p "$folder/DEBIAN"
cat >"$folder/DEBIAN/control" <<'TEXT'
Package: ppec-initrd
Version: 1
Architecture: all
Maintainer: PPEC
Provides: linux-initramfs-tool
Description: the initrd of this image is part of the image
TEXT
dpkg-deb --root-owner-group --build "$folder" "$1/ppec-initrd.deb" >/dev/null
chroot "$1" dpkg -i /ppec-initrd.deb
rm -rf "$folder" "$1/ppec-initrd.deb"
