// Completion for fish: one line per word and option, under the condition that the words before name its node.
import { quoted, type CompletionNode, type CompletionOption } from './tree.ts';

export function fishScript(tree: readonly CompletionNode[]): string {
  const takesValue = new Set(
    tree.flatMap((node) => node.options).flatMap((each) => (each.takesValue ? each.names : [])),
  );
  const paths = tree.map((node) => node.path).filter((path) => path !== '');
  const lines = tree.flatMap((node) => {
    const condition = `-n ${quoted(`__ppec_at ${quoted(node.path)}`)}`;
    const words = node.words.map(
      (each) => `complete -c ppec ${condition} -f -a ${quoted(each.word)} -d ${quoted(each.description)}`,
    );
    return [...words, ...node.options.map((option) => `complete -c ppec ${condition} ${optionFlags(option)}`)];
  });
  return `# fish completion for ppec: ppec completion fish > ~/.config/fish/completions/ppec.fish
function __ppec_at --description 'the words so far name this command'
    set -l path ''
    set -l before ''
    for word in (commandline -opc)[2..-1]
        if contains -- "$before" ${[...takesValue].join(' ')}
            set before ''
            continue
        end
        set before $word
        string match -q -- '-*' $word; and continue
        set -l longer (string trim -- "$path $word")
        contains -- "$longer" ${paths.map(quoted).join(' ')}; and set path $longer
    end
    test "$path" = "$argv[1]"
end
complete -c ppec -e
${lines.join('\n')}
`;
}

function optionFlags({ names, description, takesValue, values }: CompletionOption): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const value = values.length > 0 ? [`-x -a ${quoted(values.join(' '))}`] : takesValue ? ['-r'] : [];
  return [...flags, ...value, `-d ${quoted(description)}`].join(' ');
}
