import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { commands } from './commands.ts';
import { createProgram, type Invocation } from './program.ts';

const sinks = { out: () => undefined, err: () => undefined };

/** The words of an example as a shell would read them; undefined where it is more than one ppec command. */
function wordsOf(example: string): readonly string[] | undefined {
  const plain = example.replace(/\s+#.*$/, '').replace(/\s+[|>].*$/, '');
  if (!plain.startsWith('ppec ')) return undefined;
  return (plain.match(/"[^"]*"|\S+/g) ?? []).slice(1).map((word) => word.replaceAll('"', ''));
}

it('has one file per command, named by its path', () => {
  const missing = commands.filter(
    ({ path }) => !existsSync(join(import.meta.dirname, 'commands', `${path.replaceAll(' ', '-')}.ts`)),
  );
  expect(missing).toEqual([]);
  expect(new Set(commands.map(({ path }) => path)).size).toBe(commands.length);
});

const ownExamples = commands.flatMap(({ path, examples }) =>
  examples.flatMap((example) => {
    const words = wordsOf(example);
    return words === undefined ? [] : [{ path, example, words }];
  }),
);

it('has an example that is one ppec command for every command', () => {
  expect(new Set(ownExamples.map(({ path }) => path))).toEqual(new Set(commands.map(({ path }) => path)));
});

it.each(ownExamples)('accepts its own example: $example', async ({ words }) => {
  let called: Invocation | undefined;
  const program = createProgram(commands, sinks, async (invocation) => {
    await Promise.resolve();
    called = invocation;
  });
  await program.parseAsync([...words], { from: 'user' });
  expect(words.join(' ')).toContain(called?.command.path ?? 'the path of a command');
});

it('takes global options before and after the command', async () => {
  for (const words of [
    ['-o', 'json', '--context', 'b', 'asset', 'list', '--state', 'spare'],
    ['asset', 'list', '--state', 'spare', '-o', 'json', '--context', 'b'],
  ]) {
    let called: Invocation | undefined;
    const program = createProgram(commands, sinks, async (invocation) => {
      await Promise.resolve();
      called = invocation;
    });
    await program.parseAsync(words, { from: 'user' });
    expect(called?.global).toEqual({ context: 'b', format: 'json', color: true });
    expect(called?.given).toMatchObject({ state: 'SPARE' });
  }
});

it.each([
  [['asset', 'list', '--limit', '0'], '--limit'],
  [['asset', 'list', '--limit', '1e3'], '--limit'],
  [['network', 'create', 'a', '--kind', 'x', '--cidr', '10.0.0.0/8'], '--kind'],
  [['asset', 'get', ''], 'asset: it needs a value'],
])('refuses %j', async (words, expected) => {
  const program = createProgram(commands, sinks, () => Promise.reject(new Error('was run')));
  await expect(program.parseAsync(words, { from: 'user' })).rejects.toThrow(expected);
});
