import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { operations, type AnyOperation } from '../../shared/api/operations.ts';
import { cannedServer } from '../sdk/canned-server.ts';
import { isRecord } from '../sdk/response.ts';
import { commands } from './commands.ts';
import { environmentOf } from './config.ts';
import { runCli } from './run.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ppec-smoke-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A value of a schema: every list has one item, every choice is the first one. */
function sample(schema: unknown): unknown {
  if (!isRecord(schema)) return null;
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0] as unknown;
  if (Array.isArray(schema['anyOf'])) return sample(schema['anyOf'][0]);
  switch (schema['type']) {
    case 'object':
      return isRecord(schema['properties'])
        ? Object.fromEntries(Object.entries(schema['properties']).map(([name, member]) => [name, sample(member)]))
        : {};
    case 'array':
      return [sample(schema['items'])];
    case 'string':
      return 'text';
    case 'integer':
    case 'number':
      return 1;
    case 'boolean':
      return true;
    default:
      return null;
  }
}

function operationOf(method: string, url: string): AnyOperation | undefined {
  const path = url.split('?')[0] ?? '';
  const candidates = operations.filter((each) => each.method === method && pattern(each.path).test(path));
  return candidates.find((each) => !each.path.includes(':')) ?? candidates[0];
}

const pattern = (path: string): RegExp => new RegExp(`^${path.replaceAll(/:[a-z]+/gi, '[^/]+')}$`);

// Without an end of their own, or about files of this machine; they have tests of their own.
const apart =
  /watch|wait|context|completion|login|logout|person set-password|image (import|sign|keygen)|po (import|add-delivery|add-invoice|amend)|cabling import|class create|audit (verify|export)/;

const cases = commands
  .filter(({ path }) => !apart.test(path))
  .flatMap(({ path, examples: [example] }) =>
    (['table', 'json', 'yaml'] as const).map((format) => ({ path, example, format })),
  );

it.each(cases)('prints what the contract promises: $path as $format', async ({ example, format }) => {
  await using server = await cannedServer(({ method, url }) => {
    const operation = operationOf(method, url);
    if (operation === undefined) return undefined;
    const value = sample(operation.output);
    return { json: isRecord(value) && 'next' in value ? { ...value, next: null } : value };
  });
  const words = (example.replace(/\s+#.*$/, '').match(/"[^"]*"|\S+/g) ?? [])
    .slice(1)
    .map((word) => word.replaceAll('"', ''));
  const chunks: string[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk.toString());
      done();
    },
  });
  const confirmed = example.includes('approve') ? [...words, '--yes'] : words;
  const status = await runCli([...confirmed, '-o', format], {
    stdin: new PassThrough(),
    stdout: sink,
    stderr: sink,
    environment: environmentOf({ PPEC_URL: server.url, PPEC_CONFIG: join(folder, 'none.json') }),
    clock: { nowMs: () => 1 },
    abort: new AbortController(),
  });
  const text = chunks.join('');
  expect({ status, text }).toMatchObject({ status: 0 });
  expect(text).not.toMatch(/undefined|\[object|NaN/);
  expect(text.trim()).not.toBe('');
});
