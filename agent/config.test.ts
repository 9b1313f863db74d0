import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

import { temporaryFolder } from '../test/fixtures/temporary-folder.ts';
import { bootMac, configFromCmdline, readConfig } from './config.ts';

const words = {
  'ppec.controller': 'https://10.0.0.1:8443',
  'ppec.boot': 'http://10.0.0.1:8080',
  'ppec.ca': 'ab'.repeat(32),
  'ppec.token': 'tok=en==',
};
const cmdlineOf = (change: Readonly<Record<string, string | undefined>> = {}): string =>
  Object.entries({ ...words, ...change })
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`]))
    .join(' ');
const production = { controllerUrl: 'https://10.0.0.1:8443', caPem: 'PEM', token: 't' };

async function rootWith(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await temporaryFolder();
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  return root;
}

it('reads the kernel command line among the words of others', () => {
  const config = configFromCmdline(`console=ttyS0 quiet ${cmdlineOf()} ppec.mac=52:54:00:aa:00:01\n`, '/r');
  expect(config).toEqual({
    home: 'pious',
    controllerUrl: 'https://10.0.0.1:8443',
    ca: { url: 'http://10.0.0.1:8080/boot/ca.pem', sha256: 'ab'.repeat(32) },
    token: 'tok=en==',
    stateDir: '/r/run/ppec',
    root: '/r',
  });
});

it.each(Object.keys(words).flatMap((key) => [[key, undefined] as const, [key, ''] as const]))(
  'names %s when the command line has it as %j',
  (key, value) => {
    const read = (): unknown => configFromCmdline(cmdlineOf({ [key]: value }), '/');
    expect(read).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
    expect(read).toThrow(`no ${key}=`);
  },
);

it('takes no word for a key that only starts with it', () => {
  expect(() => configFromCmdline(cmdlineOf({ 'ppec.token': undefined, 'ppec.token2': 'x' }), '/')).toThrow(
    'ppec.token=',
  );
});

it.each([
  ['quiet ppec.mac=52-54-00-AA-00-01 x', '52:54:00:aa:00:01'],
  ['ppec.mac=52:54:00:aa:00:01', '52:54:00:aa:00:01'],
  ['xppec.mac=52:54:00:aa:00:01', undefined],
  ['ppec.mac=eth0', undefined],
  ['', undefined],
])('reads the booting MAC of %j', (cmdline, mac) => expect(bootMac(cmdline)).toBe(mac));

it('prefers the file of a production system to the command line', async () => {
  const root = await rootWith({ 'etc/ppec/agent.json': JSON.stringify(production), 'proc/cmdline': cmdlineOf() });
  expect(await readConfig(root)).toEqual({
    home: 'production',
    controllerUrl: 'https://10.0.0.1:8443',
    ca: { pem: 'PEM' },
    token: 't',
    stateDir: join(root, 'var/lib/ppec'),
    root,
  });
});

it('reads the command line where there is no such file', async () => {
  expect(await readConfig(await rootWith({ 'proc/cmdline': cmdlineOf() }))).toMatchObject({ home: 'pious' });
});

it.each<[string, string, string]>([
  ['without a token', JSON.stringify({ ...production, token: undefined }), 'token'],
  ['without a CA', JSON.stringify({ ...production, caPem: undefined }), 'caPem'],
  ['without a controller', JSON.stringify({ ...production, controllerUrl: undefined }), 'controllerUrl'],
  ['with a controller over plain HTTP', JSON.stringify({ ...production, controllerUrl: 'http://x' }), 'controllerUrl'],
  ['that is empty', '', 'agent.json'],
  ['that is no object', '[]', 'agent.json'],
])('refuses a production file %s and says what is wrong', async (_, text, named) => {
  const root = await rootWith({ 'etc/ppec/agent.json': text, 'proc/cmdline': cmdlineOf() });
  await expect(readConfig(root)).rejects.toMatchObject({ code: 'invalid_argument' });
  await expect(readConfig(root)).rejects.toThrow(named);
});
