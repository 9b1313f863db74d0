// Completion for bash 4 and later.
import { quoted, type CompletionNode, type CompletionOption } from './tree.ts';

/** The words typed so far name a node; its words and options are offered. Values of an option come first. */
export function bashScript(tree: readonly CompletionNode[]): string {
  const options = tree.flatMap((node) => node.options);
  const takesValue = unique(options.filter((option) => option.takesValue).flatMap((option) => option.names));
  const nodes = tree.map((node) => {
    const words = [...node.words.map((each) => each.word), ...node.options.flatMap((option) => option.names)];
    return `    ${quoted(node.path)}) words=${quoted(unique(words).join(' '))} ;;`;
  });
  const paths = tree.map((node) => node.path).filter((path) => path !== '');
  return `# bash completion for ppec: source <(ppec completion bash)
_ppec() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before='' path='' word words='' at
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${COMP_WORDS[at]}"
    case "$before" in ${takesValue.join('|')}) before=''; continue ;; esac
    before="$word"
    case "$word" in -*) continue ;; esac
    case "\${path:+$path }$word" in
    ${paths.map(quoted).join('|')}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path $before" in
${valueCases(tree).join('\n')}
  esac
  case "$before" in
  ${takesValue.join('|')})
    if [ -n "$words" ]; then COMPREPLY=($(compgen -W "$words" -- "$current")); else COMPREPLY=($(compgen -f -- "$current")); fi
    return ;;
  esac
  case "$path" in
${nodes.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o bashdefault -o default -F _ppec ppec
`;
}

function valueCases(tree: readonly CompletionNode[]): readonly string[] {
  return tree.flatMap((node) =>
    node.options
      .filter((option) => option.values.length > 0)
      .map((option) => `  ${pathPatterns(node, option)}) words=${quoted(option.values.join(' '))} ;;`),
  );
}

function pathPatterns(node: CompletionNode, option: CompletionOption): string {
  return option.names.map((name) => quoted(`${node.path} ${name}`)).join('|');
}

function unique(words: readonly string[]): readonly string[] {
  return [...new Set(words)];
}
