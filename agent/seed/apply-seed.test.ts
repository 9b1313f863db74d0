import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

import { seedFor } from '../../controller/domain/seed.ts';
import { inventoryFromEvidence } from '../../shared/hardware/evidence/inventory-from-evidence.ts';
import { watchSyncedPaths } from '../../test/fixtures/synced-paths.ts';
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import { applySeed } from './apply-seed.ts';

const mark = 'var/lib/ppec/seed-applied';
const meta = 'instance-id: cmd_1\nlocal-hostname: srv-a.dc1.example\n';
const network = {
  version: 2,
  ethernets: {
    port0: {
      match: { macaddress: '52:54:00:AA:00:01' },
      addresses: ['10.1.0.5/24', 'fd00::5/64'],
      gateway4: '10.1.0.1',
      nameservers: { addresses: ['10.1.0.2', '10.1.0.3'] },
    },
    port1: { match: { macaddress: '52-54-00-aa-00-02' }, addresses: [] },
  },
};
const user = {
  ssh_authorized_keys: ['ssh-ed25519 AAAA ops@one', 'ssh-ed25519 BBBB\nssh-rsa CCCC evil'],
  write_files: [
    { path: '/etc/ppec/agent.json', permissions: '0600', content: '{"token":"t"}' },
    { path: '/usr/local/bin/hello', permissions: '755', content: '#!/bin/sh\n' },
    { path: '/etc/a..b', permissions: '0644', content: '' },
  ],
};
type Seed = { readonly meta?: string; readonly user?: object; readonly network?: object };

async function system(seed: Seed = {}): Promise<{ root: string; read: (path: string) => Promise<string> }> {
  const root = join(await temporaryFolder(), 'root');
  const put = async (path: string, content: string): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  };
  const ids = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  await put('etc/passwd', `root:x:0:0::/root:/bin/sh\nops:x:${ids}::/home/ops:/bin/bash\n`);
  await put('var/lib/cloud/seed/nocloud/meta-data', seed.meta ?? meta);
  await put('var/lib/cloud/seed/nocloud/user-data', `#cloud-config\n${JSON.stringify(seed.user ?? user)}\n`);
  await put('var/lib/cloud/seed/nocloud/network-config', JSON.stringify(seed.network ?? network));
  return { root, read: (path) => readFile(join(root, path), 'utf8') };
}

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o7777).toString(8);

it('writes hostname, network units, keys and files with their modes', async () => {
  const { root, read } = await system();
  await applySeed(root);
  expect(await read('etc/hostname')).toBe('srv-a.dc1.example\n');
  expect(await read('etc/systemd/network/10-ppec.network')).toBe(
    [
      '[Match]',
      'MACAddress=52:54:00:aa:00:01',
      '',
      '[Network]',
      'Address=10.1.0.5/24',
      'Address=fd00::5/64',
      'Gateway=10.1.0.1',
      'DNS=10.1.0.2',
      'DNS=10.1.0.3',
      'IPv6AcceptRA=no',
      'LinkLocalAddressing=no',
      '',
    ].join('\n'),
  );
  expect(await read('etc/systemd/network/11-ppec.network')).toMatch(/^\[Match\]\nMACAddress=52:54:00:aa:00:02\n/);
  expect(await read('etc/ppec/agent.json')).toBe('{"token":"t"}');
  expect(await modeOf(join(root, 'etc/hostname'))).toBe('644');
  expect(await modeOf(join(root, 'etc/systemd/network/10-ppec.network'))).toBe('644');
  expect(await modeOf(join(root, 'etc/ppec/agent.json'))).toBe('600');
  expect(await modeOf(join(root, 'usr/local/bin/hello'))).toBe('755');
  expect(await modeOf(join(root, 'home/ops/.ssh'))).toBe('700');
  expect(await modeOf(join(root, 'home/ops/.ssh/authorized_keys'))).toBe('600');
});

it('applies the seed that the controller writes', async () => {
  const { root, read } = await system();
  const net = JSON.stringify({ eno1: { address: '24:6e:96:00:00:01', device: '0000:01:00.0', carrier: '1' } });
  const seed = seedFor({
    assetId: 'ast_1',
    hostname: 'srv-b',
    sshKeys: ['ssh-ed25519 DDDD'],
    inventory: inventoryFromEvidence([{ source: 'net.json', bytes: Buffer.from(net), sha256: '0'.repeat(64) }]),
    address: '10.1.0.6',
    network: { cidr: '10.1.0.0/24', gateway: null, dns: [] },
    agentFile: '{"token":"once"}',
  });
  const folder = join(root, 'var/lib/cloud/seed/nocloud');
  await writeFile(join(folder, 'meta-data'), seed.metaData);
  await writeFile(join(folder, 'user-data'), seed.userData);
  await writeFile(join(folder, 'network-config'), seed.networkConfig);
  await applySeed(root);
  expect(await read('etc/hostname')).toBe('srv-b\n');
  expect(await read('etc/ppec/agent.json')).toBe('{"token":"once"}');
  expect(await read('home/ops/.ssh/authorized_keys')).toBe('ssh-ed25519 DDDD\n');
  const unit = await read('etc/systemd/network/10-ppec.network');
  expect(unit).toMatch(/^MACAddress=24:6e:96:00:00:01$/m);
  expect(unit).toMatch(/^Address=10\.1\.0\.6\/24$/m);
  expect(unit).not.toMatch(/Gateway|DNS/);
});

it('keeps each key on one line, so that no key brings another', async () => {
  const { root, read } = await system();
  await applySeed(root);
  expect(await read('home/ops/.ssh/authorized_keys')).toBe(
    'ssh-ed25519 AAAA ops@one\nssh-ed25519 BBBB ssh-rsa CCCC evil\n',
  );
});

it.skipIf(process.getuid?.() !== 0)('gives the keys to the account that signs in with them', async () => {
  const { root } = await system();
  await writeFile(join(root, 'etc/passwd'), 'ops:x:1234:2345::/home/ops:/bin/bash\n');
  await applySeed(root);
  for (const path of ['home/ops/.ssh', 'home/ops/.ssh/authorized_keys'])
    expect(await stat(join(root, path))).toMatchObject({ uid: 1234, gid: 2345 });
});

it('does nothing on a second run, whatever the system has become', async () => {
  const { root, read } = await system();
  await applySeed(root);
  await writeFile(join(root, 'etc/hostname'), 'renamed\n');
  await rm(join(root, 'var/lib/cloud/seed'), { recursive: true });
  await applySeed(root);
  expect(await read('etc/hostname')).toBe('renamed\n');
});

it('applies everything anew where the mark is missing, over what a power cut left', async () => {
  const { root, read } = await system();
  await applySeed(root);
  await rm(join(root, mark));
  await writeFile(join(root, 'etc/ppec/agent.json'), '');
  await writeFile(join(root, 'etc/ppec/agent.json.new'), 'half', { mode: 0o644 });
  await applySeed(root);
  expect(await read('etc/ppec/agent.json')).toBe('{"token":"t"}');
  expect(await modeOf(join(root, 'etc/ppec/agent.json'))).toBe('600');
  expect(await read(mark)).toBe('applied\n');
});

it('has every file and its folder on the disk before the mark', async () => {
  const { root } = await system();
  const synced = await watchSyncedPaths();
  await applySeed(root);
  const paths = synced.map((path) => path.slice(root.length + 1));
  const beforeMark = paths.slice(0, paths.indexOf(`${mark}.new`));
  expect(paths).toContain(`${mark}.new`);
  for (const file of [
    'etc/hostname',
    'etc/systemd/network/10-ppec.network',
    'etc/systemd/network/11-ppec.network',
    'etc/ppec/agent.json',
    'usr/local/bin/hello',
    'home/ops/.ssh/authorized_keys',
  ]) {
    const at = beforeMark.indexOf(`${file}.new`);
    expect(at, `${file} is synced`).toBeGreaterThanOrEqual(0);
    expect(beforeMark.slice(at + 1), `the folder of ${file} is synced after it`).toContain(dirname(file));
  }
  // Folders that were not there before are entries of their parents.
  for (const parent of ['etc', 'etc/systemd', 'usr', 'usr/local', 'home', 'home/ops'])
    expect(beforeMark).toContain(parent);
  expect(paths.at(-1)).toBe(dirname(mark));
});

it.each<[string, Seed, RegExp]>([
  ['a path that leads upwards', writing('/etc/../../outside'), /the seed writes to \/etc\/\.\.\/\.\.\/outside/],
  ['a path that ends upwards', writing('/etc/..'), /the seed writes to/],
  ['a relative path', writing('outside'), /the seed writes to outside/],
  ['a mode that is no octal number', writing('/etc/x', 'rw-r--r--'), /user-data is not a seed/],
  ['a set-user-id file', writing('/etc/x', '4755'), /user-data is not a seed/],
  ['a hostname with a slash', { meta: 'local-hostname: ../x\n' }, /meta-data is not a seed/],
  ['no hostname', { meta: 'instance-id: x\n' }, /meta-data is not a seed/],
  ['a port without a MAC', { network: { version: 2, ethernets: { a: { match: { macaddress: 'eth0' }, addresses: [] } } } }, /no MAC: eth0/],
  ['a network of another version', { network: { version: 1, config: [] } }, /network-config is not a seed/],
])('refuses %s before it writes anything', async (_, seed, message) => {
  const { root } = await system(seed);
  await expect(applySeed(root)).rejects.toThrow(message);
  for (const path of [mark, 'etc/hostname', 'etc/x', '../outside'])
    await expect(stat(join(root, path)), path).rejects.toThrow('ENOENT');
}); // prettier-ignore

it('leaves no mark when it fails on the way, so that the next boot tries again', async () => {
  const { root, read } = await system();
  await writeFile(join(root, 'home'), 'not a folder');
  await expect(applySeed(root)).rejects.toThrow();
  await expect(stat(join(root, mark))).rejects.toThrow('ENOENT');
  await rm(join(root, 'home'));
  await applySeed(root);
  expect(await read(mark)).toBe('applied\n');
});

function writing(path: string, permissions = '0644'): Seed {
  return { user: { ssh_authorized_keys: [], write_files: [{ path, permissions, content: 'x' }] } };
}
