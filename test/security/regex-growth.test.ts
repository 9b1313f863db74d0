// No regular expression of ours, on whatever text, takes longer than its length allows. All of them are taken from the sources,
// those of schemas too, and given texts made of their own characters. What is judged is growth, not time: on four times the
// text, a linear expression takes four times as long, a quadratic one sixteen times.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';

const project = join(import.meta.dirname, '../..');

type Found = { readonly at: string; readonly pattern: RegExp };

function found(): Found[] {
  const files = globSync('{shared,controller,agent}/**/*.ts', { cwd: project }).filter(
    (file) => !file.endsWith('.test.ts'),
  );
  return files.flatMap((file) => {
    const source = ts.createSourceFile(file, readFileSync(join(project, file), 'utf8'), ts.ScriptTarget.Latest, true);
    const list: Found[] = [];
    const add = (node: ts.Node, body: string, flags: string): void => {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      // Neither `g` nor `y`: a matcher that keeps its place would begin where the last text ended.
      list.push({
        at: `${file}:${line + 1} /${body}/${flags}`,
        pattern: new RegExp(body, flags.replaceAll(/[gy]/g, '')),
      });
    };
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) {
        const end = node.text.lastIndexOf('/');
        add(node, node.text.slice(1, end), node.text.slice(end + 1));
      } else if (
        ts.isPropertyAssignment(node) &&
        node.name.getText() === 'pattern' &&
        ts.isStringLiteralLike(node.initializer)
      ) {
        add(node, node.initializer.text, '');
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return list;
  });
}

/** Pieces to make texts of: what the expression speaks of, and what most of them do. */
function pieces({ source }: RegExp): string[] {
  const literal = source
    .replaceAll(/\\[a-zA-Z]|[\\^$*+?()[\]{}|]/g, ' ')
    .split(/\s+/)
    .filter((piece) => piece !== '');
  const common = [
    ' ',
    'a',
    '0',
    'A',
    '\n',
    '-',
    '.',
    ',',
    '"',
    '/',
    ':',
    '=',
    '\t',
    'a ',
    '0.',
    'a:',
    ' \n',
    'aA0',
    '%41',
    '""',
  ];
  return [
    ...new Set([
      ...common,
      ...literal.slice(0, 6),
      ...literal.slice(0, 3).flatMap((a) => literal.slice(0, 3).map((b) => a + b)),
    ]),
  ];
}

/** Of texts that we have written ourselves, with a length of their own: an amount has at most some twenty digits. */
const bounded = [String.raw`/\B(?=(\d{3})+$)/g`];

const lengths = { short: 26, middle: 1000, long: 4000 };
/** Below this a time says nothing. */
const tellingMs = 1;
const tooLongMs = 100;

function costMs(pattern: RegExp, text: string): number {
  let least = Infinity;
  for (let times = 0; times < 3; times += 1) {
    const startMs = performance.now();
    pattern.test(text);
    least = Math.min(least, performance.now() - startMs);
    if (least > tooLongMs) break;
  }
  return least;
}

/** The text that makes it grow faster than its length; undefined where none does. */
function culprit(pattern: RegExp): string | undefined {
  for (const piece of pieces(pattern)) {
    for (const start of ['', '\0']) {
      const cost = (length: number): number => costMs(pattern, `${start + piece.repeat(length / piece.length)}\0`);
      // What is exponential is seen on short texts and never ends on long ones; so with what is cubic.
      if (cost(lengths.short) > tooLongMs || cost(lengths.middle) > tooLongMs)
        return `${JSON.stringify(piece)}, at once`;
      const growth = (): number => {
        const more = cost(lengths.long);
        return more < tellingMs ? 0 : more / Math.max(0.02, cost(lengths.middle));
      };
      // Twice, since a machine is busy at times.
      if (growth() > 9 && growth() > 9) return `${JSON.stringify(piece)}: more than nine times for four times the text`;
    }
  }
  return undefined;
}

it('knows a bad one when it sees it', () => {
  expect([/^(a+)+$/, /\s+$/, /a.*a.*1/].map((pattern) => culprit(pattern) !== undefined)).toEqual([true, true, true]);
  expect([/^a+$/, /[0-9a-f]{64}/, /^\s*(.*)/].map(culprit)).toEqual([undefined, undefined, undefined]);
});

it('finds none among ours', () => {
  const all = found();
  expect(all.length).toBeGreaterThan(100);
  const bad = all.flatMap(({ at, pattern }) => {
    if (bounded.some((known) => at.endsWith(known))) return [];
    const why = culprit(pattern);
    return why === undefined ? [] : [`${at} grows on ${why}`];
  });
  expect(bad).toEqual([]);
});
