import { expect, it } from 'vitest';

import { fakePrograms } from '../../test/fixtures/fake-programs.ts';
import type { Host } from './collector.ts';
import { outputOf, run } from './program.ts';

async function host(): Promise<Host> {
  const folder = await fakePrograms({
    good: 'echo "$LC_ALL $TZ $*"',
    failing: 'echo half; echo "no such device" >&2; exit 3',
    silent: 'exit 1',
    slow: 'exec /bin/sleep 600',
    endless: 'while :; do echo line after line; done',
    killed: 'kill -9 $$',
  });
  return { root: '/', programFolders: [folder] };
}

it('runs a program in the C locale and gives what it wrote', async () => {
  expect((await outputOf(await host(), ['good', 'a', 'b c'])).toString()).toBe('C UTC a b c\n');
});

it('gives the exit status to who knows what it means, with the output', async () => {
  const { status, stdout, stderr } = await run(await host(), ['failing']);
  expect({ status, stdout: stdout.toString(), stderr }).toEqual({
    status: 3,
    stdout: 'half\n',
    stderr: 'no such device',
  });
});

it.each([
  ['failing', 'failing ended with status 3: no such device'],
  ['silent', 'silent ended with status 1: no words'],
  ['killed', 'killed was ended from outside'],
  ['nowhere', 'nowhere is not on this system'],
  ['slow', 'slow gave no answer within 0.2 s'],
  ['endless', 'endless wrote more than 1000 bytes'],
] as const)('says why %s gave nothing', async (program, message) => {
  // Only the slow one meets its end by time.
  const timeoutMs = program === 'slow' ? 200 : 60_000;
  await expect(outputOf(await host(), [program], { timeoutMs, outputBytesMax: 1000 })).rejects.toThrow(message);
});
