import { chmod, chown, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { auditRootfs } from './hardening.ts';
import { enabledUnits } from './rootfs.ts';

const overlay = join(import.meta.dirname, 'debian-12-hardened/overlay');
const fromRecipe = [
  'etc/ssh/sshd_config.d/ppec.conf',
  'etc/nftables.conf',
  'etc/sysctl.d/90-ppec.conf',
  'etc/security/limits.d/ppec.conf',
  'etc/systemd/system.conf.d/ppec.conf',
  'etc/systemd/system/ppec-agent.service',
  'etc/apt/apt.conf.d/90ppec',
  'etc/fstab',
];

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ppec-hardening-'));
  await plantCleanTree();
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(path: string, content: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
  await chmod(join(root, path), mode);
}

/** Replaces text in a planted file; a text that is not there would plant nothing. */
async function edit(path: string, from: string | RegExp, to: string): Promise<void> {
  const before = await readFile(join(root, path), 'utf8');
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  await writeFile(join(root, path), after);
}

async function append(path: string, text: string): Promise<void> {
  await writeFile(join(root, path), text, { flag: 'a' });
}

async function link(path: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await symlink('/lib/systemd/system/some.service', join(root, path));
}

/** The smallest tree without a violation, with the recipe's own files where it has them. */
async function plantCleanTree(): Promise<void> {
  await put(
    'etc/passwd',
    'root:x:0:0:root:/root:/bin/bash\nsync:x:4:65534::/bin:/bin/sync\nops:x:1000:1000::/home/ops:/bin/bash\n',
  );
  await put('etc/shadow', 'root:*:1::::::\nsync:*:1::::::\nops:*:1::::::\n', 0o640);
  await put('etc/login.defs', 'MAIL_DIR /var/mail\nUMASK 077\n');
  await put(
    'etc/ssh/sshd_config',
    'Include /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication no\nUsePAM yes\n',
  );
  for (const path of fromRecipe) await put(path, await readFile(join(overlay, path), 'utf8'));
  await put('etc/machine-id', '');
  await put('var/lib/dpkg/status', 'Package: openssh-server\nStatus: ok\n\nPackage: nftables\nStatus: ok\n');
  await put('boot/vmlinuz-6.1.0-1-amd64', '');
  await put('boot/initrd.img-6.1.0-1-amd64', '');
  await put('boot/grub/grub.cfg', 'set superusers="nobody"\n');
  for (const path of [
    'usr/bin/ppec-agent',
    'usr/lib/ppec/node',
    'usr/lib/ppec/agent.cjs',
    'usr/lib/ppec/after-seed',
    'usr/lib/ppec/make-host-key',
  ]) {
    await put(path, '', 0o755);
  }
  for (const [target, units] of Object.entries(enabledUnits)) {
    for (const unit of units) await link(`etc/systemd/system/${target}.wants/${unit}`);
  }
}

const ssh = 'etc/ssh/sshd_config.d/ppec.conf';
const sysctl = 'etc/sysctl.d/90-ppec.conf';
const key = '-----BEGIN OPENSSH PRIVATE' + ' KEY-----\n';

const plants: readonly (readonly [string, () => Promise<void>, string])[] = [
  ['an account with a password', () => edit('etc/shadow', 'root:*', 'root:$y$j9T$abc$def'), 'account root has a password'],
  ['an account with an empty password', () => edit('etc/shadow', 'ops:*', 'ops:'), 'account ops has an empty password'],
  ['an account outside shadow', () => edit('etc/shadow', /^sync.*\n/m, ''), 'account sync is not in /etc/shadow'],
  ['a second uid 0', () => append('etc/passwd', 'toor:x:0:0::/root:/usr/sbin/nologin\n'), 'account toor has uid 0'],
  ['a shell for a service', () => append('etc/passwd', 'www:x:33:33::/var/www:/bin/sh\n'), 'account www has the shell /bin/sh'],
  ['ops under another uid', () => edit('etc/passwd', 'ops:x:1000', 'ops:x:1001'), 'there is no account ops with uid 1000'],
  ['a wide umask', () => edit('etc/login.defs', '077', '022'), '/etc/login.defs sets umask 022'],
  ['root over SSH', () => edit(ssh, 'PermitRootLogin no', 'PermitRootLogin yes'), 'sshd has permitrootlogin yes, not no'],
  ['passwords over SSH', () => edit(ssh, 'PasswordAuthentication no\n', ''), 'sshd has passwordauthentication unset, not no'],
  ['a setting before the include', () => edit('etc/ssh/sshd_config', /^/, 'PasswordAuthentication yes\n'), 'sshd has passwordauthentication yes, not no'],
  ['anyone over SSH', () => edit(ssh, 'AllowUsers ops', 'AllowUsers ops admin'), 'sshd has allowusers ops admin, not ops'],
  ['a weak cipher', () => edit(ssh, 'aes128-gcm@openssh.com', 'aes128-cbc'), 'sshd has weak ciphers: chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-cbc'],
  ['a weak MAC', () => edit(ssh, /^MACs .*/m, 'MACs hmac-sha2-256'), 'sshd has weak macs: hmac-sha2-256'],
  ['algorithms added to the usual ones', () => edit(ssh, /^KexAlgorithms .*/m, 'KexAlgorithms +curve25519-sha256'), 'sshd has weak kexalgorithms: +curve25519-sha256'],
  ['no choice of algorithms', () => edit(ssh, /^HostKeyAlgorithms .*\n/m, ''), 'sshd has hostkeyalgorithms unset'],
  ['an exception for some sessions', () => append('etc/ssh/sshd_config', 'Match Address 10.0.0.0/8\n  PasswordAuthentication yes\n'), 'sshd has other rules for some sessions (Match)'],
  ['an open firewall', () => edit('etc/nftables.conf', 'hook input priority filter; policy drop', 'hook input priority filter; policy accept'), '/etc/nftables.conf does not drop by default: input'],
  ['a firewall that forwards', () => edit('etc/nftables.conf', 'hook forward priority filter; policy drop', 'hook forward priority filter; policy accept'), '/etc/nftables.conf does not drop by default: forward'],
  ['an open port', () => edit('etc/nftables.conf', 'tcp dport 22', 'tcp dport { 22, 80 }'), '/etc/nftables.conf opens port { 22, 80 }'],
  ['a kernel setting', () => edit(sysctl, 'tcp_syncookies = 1', 'tcp_syncookies = 0'), 'sysctl net.ipv4.tcp_syncookies is 0, not 1'],
  ['a kernel setting that is lacking', () => edit(sysctl, /^kernel.dmesg_restrict.*\n/m, ''), 'sysctl kernel.dmesg_restrict is not set, not 1'],
  ['a kernel setting that a later file takes back', () => put('usr/lib/sysctl.d/99-other.conf', 'net/ipv4/ip_forward=1\n'), 'sysctl net.ipv4.ip_forward is 1, not 0'],
  ['a setuid program', () => put('usr/bin/mount', '', 0o4755), '/usr/bin/mount is setuid or setgid'],
  ['a setgid program', () => put('usr/bin/wall', '', 0o2755), '/usr/bin/wall is setuid or setgid'],
  ['a file for everyone', () => put('usr/share/x', '', 0o666), '/usr/share/x can be written by everyone'],
  ['a folder for everyone', () => mkdir(join(root, 'var/x')).then(() => chmod(join(root, 'var/x'), 0o777)), '/var/x can be written by everyone and is not sticky'],
  ['a shadow file for everyone', () => chmod(join(root, 'etc/shadow'), 0o644), '/etc/shadow can be read by everyone'],
  ['a host key', () => put('etc/ssh/ssh_host_ed25519_key.pub', 'ssh-ed25519 AAAA'), '/etc/ssh/ssh_host_ed25519_key.pub is a host key that all machines would share'],
  ['a key of a person', () => put('home/ops/.ssh/authorized_keys', 'ssh-ed25519 AAAA'), '/home/ops/.ssh/authorized_keys lets a key in that no seed has named'],
  ['a private key', () => put('var/lib/x.pem', key), '/var/lib/x.pem holds a private key'],
  ['a machine id', () => put('etc/machine-id', 'abc\n'), '/etc/machine-id has an id that all machines would share'],
  ['a token of the agent', () => put('etc/ppec/agent.json', '{}'), '/etc/ppec/agent.json is a configuration of one machine'],
  ['an applied seed', () => put('var/lib/ppec/seed-applied', ''), '/var/lib/ppec/seed-applied is a state of one machine'],
  ['a random seed', () => put('var/lib/systemd/random-seed', 'x'), '/var/lib/systemd/random-seed is a random seed that all machines would share'],
  ['a history', () => put('home/ops/.bash_history', 'ls'), '/home/ops/.bash_history is the history of a shell'],
  ['sources of the builder', () => put('etc/apt/sources.list.d/x.list', 'deb x'), '/etc/apt/sources.list.d/x.list names where the builder takes packages from'],
  ['a proxy of the builder', () => put('etc/apt/apt.conf.d/80proxy', 'Acquire::http::Proxy "http://p";'), '/etc/apt/apt.conf.d/80proxy names a proxy of the builder'],
  ['one more service', () => link('etc/systemd/system/multi-user.target.wants/telnet.service'), 'telnet.service is enabled (multi-user.target.wants)'],
  ['one more socket', () => link('etc/systemd/system/sockets.target.wants/ssh.socket'), 'ssh.socket is enabled (sockets.target.wants)'],
  ['a firewall that is off', () => rm(join(root, 'etc/systemd/system/sysinit.target.wants/nftables.service')), 'nftables.service is not enabled'],
  ['an unwanted package', () => append('var/lib/dpkg/status', '\nPackage: telnetd\n'), 'package telnetd is installed'],
  ['a needed package that is lacking', () => edit('var/lib/dpkg/status', 'Package: nftables', 'Package: iptables'), 'package nftables is missing'],
  ['programs in /tmp that change user', () => edit('etc/fstab', '/tmp tmpfs mode=1777,nosuid', '/tmp tmpfs mode=1777'), '/tmp is mounted without nosuid'],
  ['no line for /dev/shm', () => edit('etc/fstab', /^tmpfs \/dev\/shm/m, '# tmpfs /dev/shm'), '/dev/shm is mounted without nodev'],
  ['core dumps of programs', () => edit('etc/security/limits.d/ppec.conf', 'hard core 0', 'hard core 1000'), 'programs may leave core dumps (/etc/security/limits.d)'],
  ['core dumps of services', () => edit('etc/systemd/system.conf.d/ppec.conf', 'DefaultLimitCORE=0', 'DefaultLimitCORE=1'), 'services may leave core dumps (/etc/systemd/system.conf.d)'],
  ['updates by themselves', () => edit('etc/apt/apt.conf.d/90ppec', '"0"', '"1"'), 'apt changes packages by itself'],
  ['no kernel', () => rm(join(root, 'boot/vmlinuz-6.1.0-1-amd64')), '/boot has no vmlinuz-*'],
  ['a boot menu that can be edited', () => put('boot/grub/grub.cfg', 'set timeout=0\n'), 'anyone at the console can edit the boot entry (/boot/grub/grub.cfg)'],
  ['no agent', () => rm(join(root, 'usr/lib/ppec/agent.cjs')), '/usr/lib/ppec/agent.cjs is missing'],
  ['an agent without a sandbox', () => edit('etc/systemd/system/ppec-agent.service', 'ProtectSystem=strict\n', ''), 'ppec-agent.service is without ProtectSystem=strict'],
]; // prettier-ignore

describe('auditRootfs', () => {
  it('finds nothing in a hardened tree', async () => {
    expect(await auditRootfs(root)).toEqual([]);
  });

  it.each(plants)('finds %s', async (_, plant, violation) => {
    await plant();
    expect(await auditRootfs(root)).toContain(violation);
  });

  it.runIf(process.getuid?.() === 0)('finds a system file that is not of root', async () => {
    await chown(join(root, 'usr/bin/ppec-agent'), 1000, 1000);
    expect(await auditRootfs(root)).toContain('/usr/bin/ppec-agent belongs to uid 1000');
  });

  it('finds nothing in an empty tree but what is lacking, and does not fail', async () => {
    const empty = join(root, 'usr/share/empty');
    await mkdir(empty, { recursive: true });
    expect((await auditRootfs(empty)).length).toBeGreaterThan(40);
  });
});
