import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

import {
  environmentOf,
  parseConfig,
  parseCredential,
  readCa,
  readConfig,
  resolveContext,
  writeConfig,
} from './config.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ppec-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

const config = {
  current: 'demo',
  contexts: {
    demo: { url: 'https://127.0.0.1:7443', ca: '/ca.pem', credential: { id: 'crd_demo', secret: 's1' } },
    prod: { url: 'https://prod:7443', credential: { id: 'crd_prod', secret: 's2' } },
  },
};

it('finds its file by PPEC_CONFIG, then XDG_CONFIG_HOME', () => {
  expect(environmentOf({ PPEC_CONFIG: '/a', XDG_CONFIG_HOME: '/b' }).configPath).toBe('/a');
  expect(environmentOf({ PPEC_CONFIG: '', XDG_CONFIG_HOME: '/b' }).configPath).toBe('/b/ppec/config.json');
  expect(environmentOf({}).configPath).toMatch(/\/\.config\/ppec\/config\.json$/);
});

type Choice = {
  readonly variables: Readonly<Record<string, string>>;
  readonly named?: string;
  readonly chosen: { readonly name: string | null; readonly url: string; readonly credentialId: string | undefined };
};
const demo = { name: 'demo', url: 'https://127.0.0.1:7443', credentialId: 'crd_demo' };
const prod = { name: 'prod', url: 'https://prod:7443', credentialId: 'crd_prod' };
const elsewhere = { PPEC_URL: 'https://other', PPEC_CREDENTIAL: 'crd_x:y', PPEC_CONTEXT: 'demo' };
const choices: readonly (readonly [string, Choice])[] = [
  ['the current context', { variables: {}, chosen: demo }],
  ['PPEC_CONTEXT', { variables: { PPEC_CONTEXT: 'prod' }, chosen: prod }],
  [
    'PPEC_CREDENTIAL over the context’s',
    { variables: { PPEC_CREDENTIAL: 'crd_x:y' }, chosen: { ...demo, credentialId: 'crd_x' } },
  ],
  [
    'PPEC_URL without the secret of a context',
    { variables: { PPEC_URL: 'https://other' }, chosen: { name: null, url: 'https://other', credentialId: undefined } },
  ],
  ['--context alone, whatever the environment says', { variables: elsewhere, named: 'prod', chosen: prod }],
];

it.each(choices)('chooses %s', (_name, { variables, named, chosen }) => {
  const { name, url, credential } = resolveContext(config, environmentOf(variables), named);
  expect({ name, url, credentialId: credential?.id }).toEqual(chosen);
});

it('names the contexts there are when asked for another', () => {
  expect(() => resolveContext(config, environmentOf({}), 'nope')).toThrow('there are: demo, prod');
  expect(() => resolveContext(config, environmentOf({}), 'constructor')).toThrow('no context');
  expect(() => resolveContext({ contexts: {} }, environmentOf({}), undefined)).toThrow('ppec context add');
});

it('keeps the file for its owner alone, and refuses one that others may read', async () => {
  const path = join(folder, 'new', 'config.json');
  await writeConfig(path, config);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readConfig(path)).toEqual(config);
  await chmod(path, 0o644);
  await expect(readConfig(path)).rejects.toThrow(`chmod 600 ${path}`);
  expect(await readFile(path, 'utf8')).toMatch(/\n$/);
});

it('is empty where there is no file', async () => {
  expect(await readConfig(join(folder, 'nothing.json'))).toEqual({ contexts: {} });
});

it.each(['{', '[]', '{"contexts":{"a":{}}}', '{"contexts":{},"extra":1}'])('refuses the file %j', (text) => {
  expect(() => parseConfig(text, 'config.json')).toThrow(/^config\.json is not/);
});

it.each(['', 'crd_1', ':secret', 'crd_1:'])('refuses the credential %j', (text) => {
  expect(() => parseCredential(text)).toThrow('ID:SECRET');
});

it('splits a credential at its first colon', () => {
  expect(parseCredential('crd_1:a:b')).toEqual({ id: 'crd_1', secret: 'a:b' });
});

it('reads a CA from text or file, and refuses what is none', async () => {
  const pem = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n';
  const path = join(folder, 'ca.pem');
  await writeFile(path, pem);
  expect(await readCa(undefined)).toBeUndefined();
  expect(await readCa(pem)).toBe(pem);
  expect(await readCa(path)).toBe(pem);
  await expect(readCa(join(folder, 'none.pem'))).rejects.toThrow('no CA file');
  await writeFile(path, 'text');
  await expect(readCa(path)).rejects.toThrow('no certificate');
});
