#!/bin/sh
# After the packages are installed: what belongs to no package, and what must not be the same on every machine.
set -eu
root=$1

chroot "$root" useradd --uid 1000 --user-group --create-home --shell /bin/bash --groups adm,systemd-journal \
  --password '*' ops
chroot "$root" usermod --password '*' root
chmod 0700 "$root/home/ops" "$root/root"

# Nothing in this system needs the bits: no account has a password to check or change.
find "$root" -xdev -type f -perm /6000 -exec chmod a-s {} +

# Files of an account are for that account.
sed -i 's/^UMASK.*/UMASK 077/' "$root/etc/login.defs"

# Keys, ids and the traces of the build.
rm -f "$root"/etc/ssh/ssh_host_*
: >"$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root/etc/hostname" "$root/etc/resolv.conf"
rm -rf "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/* "$root/etc/apt/apt.conf.d/99mmdebstrap" \
  "$root/etc/apt/auth.conf.d" "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/cache/debconf/*-old "$root"/var/log/*.log \
  "$root"/var/log/apt "$root"/var/cache/ldconfig "$root"/var/lib/dpkg/*-old "$root"/etc/*-
rm -rf "$root"/etc/update-motd.d/* "$root/etc/motd" "$root/etc/issue.net"
# Boot links into /: the boot loader names the files themselves.
rm -f "$root"/vmlinuz* "$root"/initrd.img* "$root"/boot/System.map-* "$root"/boot/config-*
chroot "$root" depmod "$(ls "$root/lib/modules")"
