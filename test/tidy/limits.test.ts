// docs/limits.md against the code: every row is a constant with that value in that file, and every limit of the listeners, of the
// protocol and of what documents are read by has a row.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const project = join(import.meta.dirname, '../..');

/** Where strangers' input arrives. */
const places = [
  'controller/limits.ts', 'shared/protocol/limits.ts', 'controller/http/*.ts', 'controller/hub/*.ts', 'controller/boot/*.ts', 'controller/net/*.ts',
  'controller/domain/order/csv-table.ts', 'controller/domain/order/read-document.ts', 'controller/event-feed.ts', 'controller/ops/page.ts', 'controller/console-logs.ts',
  'controller/outbox/*.ts', 'controller/store/webhooks.ts', 'controller/store/policies.ts', 'controller/store/changes.ts', 'controller/ops/webhook-ops.ts',
  'controller/ops/change-mail.ts', 'controller/ops/may-check.ts',
]; // prettier-ignore

type Limit = { readonly name: string; readonly value: number; readonly file: string };

function limitsInCode(): Limit[] {
  const files = places
    .flatMap((place) => globSync(place, { cwd: project }))
    .filter((file) => !file.endsWith('.test.ts'));
  return files.flatMap((file) => {
    // A file of limits holds nothing else; elsewhere the name says what is one.
    const name = file.endsWith('limits.ts') ? String.raw`\w+` : String.raw`\w*(?:Max|Min)`;
    const pattern = new RegExp(String.raw`^(?:export )?const (${name}) = ([\d_ *.]+);$`, 'gm');
    return [...readFileSync(join(project, file), 'utf8').matchAll(pattern)].map(([, found = '', value = '']) => ({
      name: found,
      value: product(value),
      file,
    }));
  });
}

function product(text: string): number {
  return text.split('*').reduce((result, factor) => result * Number(factor.replaceAll('_', '').trim()), 1);
}

function limitsInDocs(): Limit[] {
  const page = readFileSync(join(project, 'docs/limits.md'), 'utf8');
  return [...page.matchAll(/^\| `(\w+)`\s*\| ([\d.]+)\s*\| `([\w./-]+)`\s*\|/gm)].map(
    ([, name = '', value = '', file = '']) => ({
      name,
      value: Number(value),
      file,
    }),
  );
}

const lines = (limits: readonly Limit[]): string[] =>
  limits.map(({ name, value, file }) => `${file} ${name} = ${value}`).toSorted();

test('docs/limits.md lists the limits that the code holds, with their values', () => {
  const code = limitsInCode();
  expect(code.length).toBeGreaterThan(50);
  expect(lines(limitsInDocs())).toEqual(lines(code));
});

test('a limit has one name in one place', () => {
  const names = limitsInCode()
    .filter(({ file }) => file.endsWith('limits.ts'))
    .map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});
