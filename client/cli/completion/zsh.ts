// Completion for zsh: the same tables as bash, with descriptions.
import { quoted, type CompletionNode } from './tree.ts';

export function zshScript(tree: readonly CompletionNode[]): string {
  const takesValue = new Set(
    tree.flatMap((node) => node.options).flatMap((each) => (each.takesValue ? each.names : [])),
  );
  const paths = tree.map((node) => node.path).filter((path) => path !== '');
  const nodes = tree.map((node) => {
    const words = node.words.map((each) => described(each.word, each.description));
    const options = node.options.flatMap((option) => option.names.map((name) => described(name, option.description)));
    return `    ${quoted(node.path)}) entries=(${[...words, ...options].join(' ')}) ;;`;
  });
  const values = tree.flatMap((node) =>
    node.options
      .filter((option) => option.values.length > 0)
      .map((option) => {
        const patterns = option.names.map((name) => quoted(`${node.path} ${name}`)).join('|');
        return `    ${patterns}) entries=(${option.values.map(quoted).join(' ')}) ;;`;
      }),
  );
  const valued = [...takesValue].join('|');
  return `#compdef ppec
# zsh completion for ppec: ppec completion zsh > a file named _ppec in a folder of $fpath
_ppec() {
  local before='' path_='' word at
  local -a entries
  for ((at = 2; at < CURRENT; at++)); do
    word="\${words[at]}"
    case "$before" in (${valued}) before=''; continue ;; esac
    before="$word"
    case "$word" in (-*) continue ;; esac
    case "\${path_:+$path_ }$word" in
    (${paths.map(quoted).join('|')}) path_="\${path_:+$path_ }$word" ;;
    esac
  done
  case "$path_ $before" in
${values.map(opened).join('\n')}
  esac
  case "$before" in
  (${valued})
    if (( \${#entries} )); then compadd -- $entries; else _files; fi
    return ;;
  esac
  case "$path_" in
${nodes.map(opened).join('\n')}
  esac
  _describe 'ppec' entries
  (( \${#entries} )) && [[ "\${words[CURRENT]}" != -* ]] && _files
}
if [ "$funcstack[1]" = _ppec ]; then _ppec "$@"; else compdef _ppec ppec; fi
`;
}

const opened = (line: string): string => line.replace(/^( *)/, '$1(');

// A colon separates the word from its description.
function described(word: string, description: string): string {
  const text = description.replaceAll(':', String.raw`\:`);
  return quoted(description === '' ? word : `${word}:${text}`);
}
