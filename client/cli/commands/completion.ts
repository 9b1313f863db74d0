import { command, type CliCommand } from '../command.ts';
import { bashScript } from '../completion/bash.ts';
import { fishScript } from '../completion/fish.ts';
import { completionTree } from '../completion/tree.ts';
import { zshScript } from '../completion/zsh.ts';
import { requiredChoice } from '../options.ts';

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** The command itself is completed too, so it is given the others. */
export function completion(others: readonly CliCommand[]): CliCommand {
  const self: CliCommand = command({
    path: 'completion',
    summary: 'Print shell completion for all commands',
    arguments: { shell: requiredChoice('shell', ['bash', 'zsh', 'fish'], 'for this shell') },
    examples: [
      'source <(ppec completion bash)',
      'ppec completion zsh > ~/.zfunc/_ppec',
      'ppec completion fish > ~/.config/fish/completions/ppec.fish',
    ],
    async run({ output }, { shell }) {
      await Promise.resolve();
      output.write(scripts[shell](completionTree([...others, self])));
    },
  });
  return self;
}
