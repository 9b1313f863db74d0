import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';

import { createPrompt, isYes, type Prompt } from './prompt.ts';

type Terminal = {
  readonly prompt: Prompt;
  readonly input: PassThrough;
  readonly shown: () => string;
  readonly abort: AbortController;
};

function terminal(isTTY: boolean): Terminal {
  const input = Object.assign(new PassThrough(), { isTTY, setRawMode: () => input });
  const output = new PassThrough();
  const abort = new AbortController();
  const chunks: string[] = [];
  output.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  return { prompt: createPrompt({ input, output, abort }), input, shown: () => chunks.join(''), abort };
}

it.each([
  ['y', true],
  ['Y', true],
  [' yes ', true],
  ['', false],
  ['n', false],
  ['yep', false],
  ['y y', false],
])('takes %j as a yes: %s', (answer, expected) => {
  expect(isYes(answer)).toBe(expected);
});

it('asks on a terminal and takes the answer', async () => {
  const { prompt, input, shown } = terminal(true);
  const confirmed = prompt.confirm('Yes?');
  input.write('y\r');
  expect(await confirmed).toBe(true);
  expect(shown()).toContain('Yes? y/N ');
});

it('takes the end of input as a no', async () => {
  const { prompt, input } = terminal(true);
  const confirmed = prompt.confirm('Yes?');
  input.end();
  expect(await confirmed).toBe(false);
});

it('never takes a yes from a pipe', async () => {
  const { prompt, input } = terminal(false);
  input.write('y\n');
  await expect(prompt.confirm('Yes?')).rejects.toThrow('add --yes');
});

it('is interrupted by Ctrl-C', async () => {
  const { prompt, input, abort } = terminal(true);
  const confirmed = prompt.confirm('Yes?');
  input.write('\u0003');
  await expect(confirmed).rejects.toMatchObject({ code: 'cancelled' });
  expect(abort.signal.aborted).toBe(true);
});

it('reads a secret without showing it', async () => {
  const { prompt, input, shown } = terminal(true);
  const secret = prompt.secret('Secret');
  input.write('hunter2\r');
  expect(await secret).toBe('hunter2');
  expect(shown()).toBe('Secret: \n');
});

it('reads a secret from a pipe, and refuses none', async () => {
  const piped = terminal(false);
  piped.input.end('hunter2\n');
  expect(await piped.prompt.secret('Secret')).toBe('hunter2');
  expect(piped.shown()).toBe('');
  const empty = terminal(false);
  empty.input.end();
  await expect(empty.prompt.secret('Secret')).rejects.toThrow('No secret');
});
