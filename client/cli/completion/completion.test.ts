import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';

import { commands } from '../commands.ts';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { completionTree, quoted } from './tree.ts';
import { zshScript } from './zsh.ts';

const tree = completionTree(commands);
const bash = bashScript(tree);

function complete(...words: readonly string[]): readonly string[] {
  const script = `${bash}
COMP_WORDS=(ppec ${words.map(quoted).join(' ')})
COMP_CWORD=${words.length}
_ppec
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n');
}

it.each([
  [['as'], ['asset']],
  [
    ['asset', 'in'],
    ['inventory', 'inspect'],
  ],
  [['asset', 'list', '--st'], ['--state']],
  [['asset', 'list', '--state', 'QUA'], ['QUARANTINED']],
  [['--context', 'asset', 'change', 'app'], ['approve']],
  [['-o', 'json', 'change', 'list', '--state', 'op'], ['open']],
  [['completion', 'z'], ['zsh']],
  [['asset', 'get', 'srv-a', '--time'], ['--timeline']],
])('completes %j in bash', (words, expected) => {
  expect([...complete(...words)].toSorted()).toEqual([...expected].toSorted());
});

it('knows every command in every shell', () => {
  for (const script of [bash, zshScript(tree), fishScript(tree)]) {
    for (const { path } of commands) expect(script).toContain(`'${path}'`);
    for (const node of tree) {
      for (const option of node.options)
        for (const name of option.names) expect(script).toContain(name.replace(/^--?/, ''));
    }
  }
});

it('quotes what is quoted already', () => {
  expect(execFileSync('bash', ['-c', `printf %s ${quoted("it's $HOME")}`], { encoding: 'utf8' })).toBe("it's $HOME");
});
