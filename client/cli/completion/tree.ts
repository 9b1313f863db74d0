// What a shell may complete, from the declarations of the commands. Shells get static tables: no process starts at Tab.
import type { CliCommand } from '../command.ts';
import { formats } from '../output/output.ts';

export type CompletionOption = {
  /** `--state`, `-f` */
  readonly names: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  readonly values: readonly string[];
};

export type CompletionNode = {
  /** `asset list`, or `asset` for a group; empty for ppec itself. */
  readonly path: string;
  /** The next words: commands of a group, or the values of the first argument. */
  readonly words: readonly { readonly word: string; readonly description: string }[];
  readonly options: readonly CompletionOption[];
};

const globalOptions: readonly CompletionOption[] = [
  { names: ['--context'], description: 'controller to talk to', takesValue: true, values: [] },
  { names: ['--output', '-o'], description: 'how to print the answer', takesValue: true, values: formats },
  { names: ['--no-color'], description: 'no colour', takesValue: false, values: [] },
  { names: ['--help', '-h'], description: 'explain this command', takesValue: false, values: [] },
];

/** Every node, ppec itself first. */
export function completionTree(commands: readonly CliCommand[]): readonly CompletionNode[] {
  const leaves = commands.map((each): CompletionNode => {
    const [first] = Object.values(each.arguments);
    return {
      path: each.path,
      words: (first?.values ?? []).map((word) => ({ word, description: '' })),
      options: [...Object.values(each.options).map(optionOf), ...globalOptions],
    };
  });
  const nouns = new Map<string, CompletionNode['words'][number][]>();
  for (const { path, summary } of commands) {
    const [noun = '', verb] = path.split(' ');
    const words = nouns.get(noun) ?? [];
    nouns.set(noun, verb === undefined ? words : [...words, { word: verb, description: summary }]);
  }
  const groups = [...nouns]
    .filter(([, words]) => words.length > 0)
    .map(([path, words]): CompletionNode => ({ path, words, options: globalOptions }));
  const summaries = new Map(commands.map((each) => [each.path, each.summary]));
  const top = [...nouns].map(([word, words]) => ({
    word,
    description: summaries.get(word) ?? words.map((each) => each.word).join(', '),
  }));
  return [{ path: '', words: top, options: globalOptions }, ...groups, ...leaves];
}

function optionOf(option: CliCommand['options'][string]): CompletionOption {
  return {
    names: option.flags.match(/--?[a-z0-9-]+/gi)?.filter((name) => name.startsWith('-')) ?? [],
    description: option.description,
    takesValue: option.flags.includes('<'),
    values: option.values ?? [],
  };
}

/** Quoted for bash, zsh and fish alike. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
