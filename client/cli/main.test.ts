import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { cannedServer } from '../sdk/canned-server.ts';

const main = join(import.meta.dirname, 'main.ts');

function start(words: readonly string[], url: string): ChildProcess {
  return spawn(process.execPath, [main, ...words], {
    env: { PPEC_URL: url, PPEC_CONFIG: '/nowhere/config.json' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

type Ended = { readonly status: number | null; readonly err: string };

function endOf(child: ChildProcess): Promise<Ended> {
  let err = '';
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, err })));
}

it('ends quietly with 130 on Ctrl-C', async () => {
  let child: ChildProcess | undefined;
  await using server = await cannedServer(() => {
    child?.kill('SIGINT');
    return { silent: true };
  });
  child = start(['whoami'], server.url);
  expect(await endOf(child)).toEqual({ status: 130, err: '' });
});

it('ends quietly when nobody reads on', async () => {
  const items = Array.from({ length: 2000 }, (_, at) => ({ seq: at, text: 'x'.repeat(1000) }));
  await using server = await cannedServer(() => ({ json: { items, next: null } }));
  const child = start(['asset', 'list', '-o', 'json'], server.url);
  child.stdout?.destroy();
  expect(await endOf(child)).toEqual({ status: 0, err: '' });
});
