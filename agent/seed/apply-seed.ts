// First boot of a production system: what cloud-init would do with the NoCloud seed, for the part of it that PPEC
// writes. Applied once: everything is durable before the mark that says so, so a power cut in between repeats it all,
// and nothing happens once the mark is there.
import { chmod, chown, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { parse } from 'yaml';

import { PpecError } from '../../shared/errors.ts';
import { macKey } from '../../shared/hardware/identity.ts';
import { readIfThere, syncPath, writeDurably } from '../files.ts';

const MetaData = Compile(
  Type.Object({ 'local-hostname': Type.String({ pattern: '^[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?$' }) }),
);
const UserData = Compile(
  Type.Object({
    ssh_authorized_keys: Type.Array(Type.String()),
    write_files: Type.Array(
      Type.Object({
        path: Type.String(),
        permissions: Type.String({ pattern: '^0?[0-7]{3}$' }),
        content: Type.String(),
      }),
    ),
  }),
);
const Ethernet = Type.Object({
  match: Type.Object({ macaddress: Type.String() }),
  addresses: Type.Array(Type.String()),
  gateway4: Type.Optional(Type.String()),
  nameservers: Type.Optional(Type.Object({ addresses: Type.Array(Type.String()) })),
});
const NetworkConfig = Compile(
  Type.Object({ version: Type.Literal(2), ethernets: Type.Record(Type.String(), Ethernet) }),
);

/** Applies the seed of the system whose file system starts at `root`. */
export async function applySeed(root: string): Promise<void> {
  const mark = join(root, 'var/lib/ppec/seed-applied');
  if ((await readIfThere(mark)) !== undefined) return;
  const folder = join(root, 'var/lib/cloud/seed/nocloud');
  const meta = await seedFile(join(folder, 'meta-data'), MetaData);
  const user = await seedFile(join(folder, 'user-data'), UserData);
  const network = await seedFile(join(folder, 'network-config'), NetworkConfig);
  const files = [
    { path: '/etc/hostname', mode: 0o644, content: `${meta['local-hostname']}\n` },
    ...Object.values(network.ethernets).map((ethernet, index) => ({
      path: `/etc/systemd/network/${10 + index}-ppec.network`,
      mode: 0o644,
      content: networkUnit(ethernet),
    })),
    ...user.write_files.map(({ path, permissions, content }) => ({
      path: pathInside(path),
      mode: Number.parseInt(permissions, 8),
      content,
    })),
  ];
  for (const { path, mode, content } of files) await writeDurably(join(root, path), content, mode);
  await authorize(root, user.ssh_authorized_keys);
  await writeDurably(mark, 'applied\n');
}

function pathInside(path: string): string {
  if (!path.startsWith('/') || path.split('/').includes('..'))
    throw new PpecError('invalid_argument', `the seed writes to ${path}; a path starts at / and never leads upwards`);
  return path;
}

function networkUnit(ethernet: Static<typeof Ethernet>): string {
  const mac = macKey(ethernet.match.macaddress);
  if (mac === undefined) throw new PpecError('invalid_argument', `the seed has no MAC: ${ethernet.match.macaddress}`);
  return [
    '[Match]',
    `MACAddress=${mac}`,
    '',
    '[Network]',
    ...ethernet.addresses.map((address) => `Address=${address}`),
    ...(ethernet.gateway4 === undefined ? [] : [`Gateway=${ethernet.gateway4}`]),
    ...(ethernet.nameservers?.addresses ?? []).map((address) => `DNS=${address}`),
    'IPv6AcceptRA=no',
    'LinkLocalAddressing=no',
    '',
  ].join('\n');
}

/** SSH keys of the one account that may sign in, `ops`, whose ids stand in the image's passwd file. */
async function authorize(root: string, keys: readonly string[]): Promise<void> {
  const passwd = await readFile(join(root, 'etc/passwd'), 'utf8');
  const ops = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === 'ops');
  const home = ops?.[5];
  if (ops === undefined || home === undefined) return;
  const path = join(root, home, '.ssh/authorized_keys');
  await writeDurably(path, keys.map((key) => `${key.replaceAll(/[\r\n]/g, ' ')}\n`).join(''), 0o600);
  await chmod(dirname(path), 0o700);
  for (const owned of [dirname(path), path]) {
    await chown(owned, Number(ops[2]), Number(ops[3]));
    await syncPath(owned);
  }
}

async function seedFile<T>(path: string, schema: { Check: (value: unknown) => value is T }): Promise<T> {
  // JSON is YAML, and so are cloud-init's files, `#cloud-config` line included.
  const value: unknown = parse(await readFile(path, 'utf8'));
  if (!schema.Check(value)) throw new PpecError('invalid_argument', `${path} is not a seed that this system can apply`);
  return value;
}
