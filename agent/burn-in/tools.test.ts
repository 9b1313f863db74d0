import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { serve } from '../../test/fixtures/file-machine.ts';
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import { openTools, type ToolsSource } from './tools.ts';

const content = Buffer.alloc(100_000, 'no squashfs at all ');
const sha256 = createHash('sha256').update(content).digest('hex');

async function refusal(source: ToolsSource, signal = new AbortController().signal): Promise<string> {
  const folder = await temporaryFolder();
  const opened = openTools(source, { folder, ca: undefined, signal, log: () => undefined });
  const message = await opened.then(
    () => 'opened',
    (error: unknown) => (error instanceof Error ? error.message : ''),
  );
  expect(await readdir(folder)).not.toContain('tools.squashfs');
  return message;
}

it('takes no image but the one of the command, byte for byte', async () => {
  const url = await serve((_, response) => response.end(content));
  expect(await refusal({ url, sha256: '0'.repeat(64), bytes: content.length })).toMatch(
    /is not the one of the command/,
  );
  expect(await refusal({ url, sha256, bytes: content.length - 1 })).toMatch(/is longer than the command says/);
  expect(await refusal({ url, sha256, bytes: content.length + 1 })).toMatch(/is not the one of the command/);
});

it('says why there are no tools where the image cannot be had', async () => {
  const url = await serve((_, response) => response.writeHead(404).end('none'));
  expect(await refusal({ url, sha256, bytes: 1000 })).toMatch(/cannot be fetched from .*: HTTP 404/);
  expect(await refusal({ url: 'http://127.0.0.1:1/', sha256, bytes: 1000 })).toMatch(/ECONNREFUSED/);
  const cut = await serve((_, response) => {
    response.writeHead(200, { 'content-length': content.length });
    response.write(content.subarray(0, 1000));
    response.destroy();
  });
  expect(await refusal({ url: cut, sha256, bytes: content.length })).not.toBe('opened');
});

it('fetches nothing that there is no memory for', async () => {
  let asked = 0;
  const url = await serve((_, response) => response.end(String((asked += 1))));
  expect(await refusal({ url, sha256, bytes: Number.MAX_SAFE_INTEGER })).toMatch(/takes .* of memory, and .* are free/);
  expect(asked).toBe(0);
});

it('says of an image that is none that it cannot be mounted', async () => {
  const file = join(await temporaryFolder(), 'tools');
  await writeFile(file, content);
  expect(await refusal({ file })).toMatch(/^the tool image cannot be mounted: /);
});

it('stops fetching when the burn-in is cancelled', async () => {
  const cancel = new AbortController();
  const url = await serve((_, response) => {
    response.write(content.subarray(0, 1000));
    cancel.abort(new Error('cancelled'));
  });
  expect(await refusal({ url, sha256, bytes: content.length }, cancel.signal)).toBe('cancelled');
});
