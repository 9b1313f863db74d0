// House rules that lint cannot say, over every file that is tracked or about to be.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';

import { operations } from '../../shared/api/operations.ts';
import { errorCodes } from '../../shared/errors.ts';
import { closeCodes } from '../../shared/protocol/close-codes.ts';

const project = join(import.meta.dirname, '../..');
const errorsPage = join(project, 'docs/errors.md');

type SourceFile = { readonly path: string; readonly lines: readonly string[] };

/** Not what lies outside: git follows no links, and a file that is deleted but not committed is gone already. */
const files: readonly SourceFile[] = execFileSync(
  'git',
  ['ls-files', '-z', '--cached', '--others', '--exclude-standard'],
  { cwd: project, encoding: 'utf8' },
)
  .split('\0')
  .filter((path) => path !== '' && existsSync(join(project, path)) && statSync(join(project, path)).isFile())
  .map((path) => ({ path, lines: readFileSync(join(project, path), 'utf8').split('\n') }));

const isTypeScript = (path: string): boolean => /\.[mc]?tsx?$/.test(path);
/** Files of the image as they lie in its file system; their names are Debian's and the kernel's to choose. */
const isOverlay = (path: string): boolean => /^images\/[^/]+\/overlay\//.test(path);
const isFixture = (path: string): boolean => path.startsWith('test/fixtures/');

/** `path:line` of every line that matches; one matcher would keep its place from line to line, so none is global. */
function linesWith(pattern: RegExp, isChecked: (path: string) => boolean = () => true): string[] {
  return files
    .filter(({ path }) => isChecked(path))
    .flatMap(({ path, lines }) =>
      lines.flatMap((line, index) =>
        pattern.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 120)}`] : [],
      ),
    );
}

test('there are files to look at', () => {
  expect(files.length).toBeGreaterThan(100);
  expect(files.map(({ path }) => path)).toContain('test/tidy/house.test.ts');
});

/** Files whose name or first declaration says what they own. */
function needsNoOpening(path: string): boolean {
  // A test beside the code is about that code; a command declares its summary; a tool's settings are the tool's.
  if (path.endsWith('.test.ts') && !path.startsWith('test/')) return true;
  return path.startsWith('client/cli/commands/') || /^[^/]+\.config\.ts$/.test(path);
}

test('a source file opens with a comment that says what it owns', () => {
  const without = files.filter(({ path, lines: [first = '', second = ''] }) => {
    const isScript = first.startsWith('#!');
    if (!isTypeScript(path) && !isScript && !path.endsWith('.sh')) return false;
    const opening = isScript ? second : first;
    return !/^(\/\/|#) ?\S/.test(opening) && !needsNoOpening(path);
  });
  expect(without.map(({ path }) => path)).toEqual([]);
});

test('a command of the CLI has its summary in the place of that comment', () => {
  const commands = files.filter(({ path }) => path.startsWith('client/cli/commands/') && !path.endsWith('.test.ts'));
  expect(
    commands.filter(({ lines }) => !lines.some((line) => /^\s+summary:/.test(line))).map(({ path }) => path),
  ).toEqual([]);
});

test('names are in kebab-case', () => {
  const part = /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*$/;
  // The names that readers and tools look for in a repository.
  const customary = /^([A-Z]+\.md|LICENSE)$/;
  const other = files
    .map(({ path }) => path)
    .filter((path) => !isOverlay(path) && !isFixture(path))
    .filter((path) => !path.split('/').every((name) => part.test(name) || customary.test(name)));
  expect(other).toEqual([]);
});

test('no file is named after having no owner', () => {
  const names = files.map(({ path }) => path).filter((path) => /^(utils?|helpers?|common|misc)\b/.test(basename(path)));
  expect(names).toEqual([]);
});

test('nothing is left to be done later', () => {
  // Put together, so that this file is not one of those it finds.
  const words = ['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'];
  expect(linesWith(new RegExp(`\\b(${words.join('|')})\\b`), (path) => path !== 'package-lock.json')).toEqual([]);
});

test('no path of one machine is written down', () => {
  // `/home/ops` is the account in the production image.
  const pattern = /(?<![\w$}.\])])\/(?:work|Users|home(?!\/ops\b))\/\w|\b[A-Z]:\\Users\\/;
  expect(linesWith(pattern)).toEqual([]);
});

test('packages come from wherever the machine takes them: no registry or mirror is named', () => {
  const hosts = [
    String.raw`registry\.npmjs\.org`,
    String.raw`registry\.yarnpkg\.com`,
    String.raw`npmmirror\.com`,
    String.raw`npm\.pkg\.github\.com`,
    String.raw`\b(?:deb|ftp|security|snapshot|archive|mirror)\.(?:\w+\.)?debian\.org`,
    String.raw`(?:artifactory|nexus|verdaccio)[.\d-]`,
  ];
  const pattern = new RegExp(hosts.join('|'), 'i');
  expect(linesWith(pattern, (path) => path !== 'test/tidy/house.test.ts')).toEqual([]);
  expect(files.filter(({ path }) => basename(path) === '.npmrc').map(({ path }) => path)).toEqual([]);
  expect(linesWith(/"resolved":/, (path) => path === 'package-lock.json')).toEqual([]);
});

test('every operation of the API has its own id, route and summary', () => {
  const shared = (name: string, values: readonly string[]): string[] =>
    values.filter((value, index) => values.indexOf(value) !== index).map((value) => `${name} ${value}`);
  expect([
    ...shared(
      'id',
      operations.map(({ id }) => id),
    ),
    ...shared(
      'route',
      operations.map(({ method, path }) => `${method} ${path}`),
    ),
    ...shared(
      'summary',
      operations.map(({ summary }) => summary),
    ),
    ...operations.filter(({ summary }) => summary.trim() === '').map(({ id }) => `no summary: ${id}`),
  ]).toEqual([]);
});

test.skipIf(!existsSync(errorsPage))('docs/errors.md has a row for exactly the codes that exist', () => {
  const rows = readFileSync(errorsPage, 'utf8').matchAll(/^\|\s*`?([a-z][a-z_]*|\d{4})`?\s*\|/gm);
  const documented = [...rows].map(([, code = '']) => code).filter((code) => code !== 'code');
  const existing = [...Object.keys(errorCodes), ...Object.values(closeCodes).map(({ code }) => String(code))];
  expect(documented.toSorted()).toEqual(existing.toSorted());
});
