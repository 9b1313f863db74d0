// Kernel settings as systemd-sysctl(8) puts them together: files of three folders by name, the later value counts, and
// a file in /etc replaces one of the same name.
import type { RootfsTree } from './rootfs-tree.ts';

const required: Readonly<Record<string, readonly string[]>> = {
  'kernel.kptr_restrict': ['1', '2'],
  'kernel.dmesg_restrict': ['1'],
  'kernel.unprivileged_bpf_disabled': ['1', '2'],
  'kernel.yama.ptrace_scope': ['1', '2', '3'],
  'kernel.sysrq': ['0'],
  'kernel.core_pattern': ['|/bin/false'],
  'fs.suid_dumpable': ['0'],
  'fs.protected_hardlinks': ['1'],
  'fs.protected_symlinks': ['1'],
  'fs.protected_fifos': ['1', '2'],
  'fs.protected_regular': ['1', '2'],
  'net.core.bpf_jit_harden': ['2'],
  'net.ipv4.ip_forward': ['0'],
  'net.ipv4.tcp_syncookies': ['1'],
  'net.ipv4.conf.all.rp_filter': ['1'],
  'net.ipv4.conf.default.rp_filter': ['1'],
  'net.ipv4.conf.all.accept_redirects': ['0'],
  'net.ipv4.conf.default.accept_redirects': ['0'],
  'net.ipv4.conf.all.send_redirects': ['0'],
  'net.ipv4.conf.default.send_redirects': ['0'],
  'net.ipv4.conf.all.accept_source_route': ['0'],
  'net.ipv4.conf.default.accept_source_route': ['0'],
  'net.ipv6.conf.all.accept_redirects': ['0'],
  'net.ipv6.conf.default.accept_redirects': ['0'],
};

const folders = ['etc/sysctl.d', 'usr/local/lib/sysctl.d', 'usr/lib/sysctl.d'] as const;

export async function sysctlViolations(tree: RootfsTree): Promise<string[]> {
  const values = await sysctlValues(tree);
  return Object.entries(required).flatMap(([key, allowed]) => {
    const value = values.get(key);
    return value !== undefined && allowed.includes(value)
      ? []
      : [`sysctl ${key} is ${value ?? 'not set'}, not ${allowed[0]}`];
  });
}

async function sysctlValues(tree: RootfsTree): Promise<ReadonlyMap<string, string>> {
  const paths = new Map<string, string>();
  for (const folder of folders) {
    for (const name of tree.names(folder)) {
      if (name.endsWith('.conf') && !paths.has(name)) paths.set(name, `${folder}/${name}`);
    }
  }
  const values = new Map<string, string>();
  for (const name of [...paths.keys()].toSorted()) {
    for (const line of ((await tree.text(paths.get(name) ?? '')) ?? '').split('\n')) {
      const match = /^\s*-?([\w./-]+)\s*=\s*(.*?)\s*$/.exec(line);
      if (match?.[1] !== undefined && match[2] !== undefined) values.set(match[1].replaceAll('/', '.'), match[2]);
    }
  }
  return values;
}
