// What the production programs are built of: every package with its version and licence, pinned and allowed, and what is known
// to be wrong with them. `node scripts/dependencies.ts [--write]` checks, and writes docs/licences.md.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

const project = join(import.meta.dirname, '..');
export const licencesPage = join(project, 'docs/licences.md');

/** Licences that ask for nothing but to be named, of everything that is delivered. */
const allowed = new Set([
  'MIT', 'MIT-0', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', '0BSD', 'BlueOak-1.0.0', 'Unlicense', 'CC0-1.0', 'Python-2.0',
]); // prettier-ignore

const Names = Type.Record(Type.String(), Type.String());
const Manifest = Type.Object({
  name: Type.String(),
  version: Type.String(),
  license: Type.Optional(Type.Union([Type.String(), Type.Object({ type: Type.String() })])),
  licenses: Type.Optional(Type.Array(Type.Object({ type: Type.String() }))),
  dependencies: Type.Optional(Names),
  optionalDependencies: Type.Optional(Names),
  devDependencies: Type.Optional(Names),
});
type Manifest = Static<typeof Manifest>;
const manifests = Compile(Manifest);

export type Package = { readonly name: string; readonly version: string; readonly licence: string };
export type Dependencies = { readonly packages: readonly Package[]; readonly problems: readonly string[] };

function manifestAt(folder: string): Manifest {
  const value: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (!manifests.Check(value)) throw new Error(`${folder}/package.json is not what npm writes`);
  return value;
}

/** Everything that the declared production dependencies bring, as it is installed. */
export function productionPackages(): Dependencies {
  const own = manifestAt(project);
  const found = new Map<string, Package>();
  const problems = Object.entries({ ...own.dependencies, ...own.devDependencies })
    .filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))
    .map(([name, version]) => `${name} is not pinned: '${version}' is no exact version`);
  const visit = (name: string, from: string): void => {
    const folder = installed(name, from);
    if (folder === undefined) {
      problems.push(`${name} is not installed`);
      return;
    }
    const manifest = manifestAt(folder);
    const key = `${manifest.name}@${manifest.version}`;
    if (found.has(key)) return;
    const licence = licenceOf(manifest);
    found.set(key, { name: manifest.name, version: manifest.version, licence });
    if (!isAllowed(licence)) problems.push(`${key}: the licence '${licence}' is not on the list of allowed ones`);
    for (const dependency of Object.keys(manifest.dependencies ?? {})) visit(dependency, folder);
    // Which of these are there depends on the machine; those that are, are delivered.
    for (const dependency of Object.keys(manifest.optionalDependencies ?? {}))
      if (installed(dependency, folder) !== undefined) visit(dependency, folder);
  };
  for (const name of Object.keys(own.dependencies ?? {})) visit(name, project);
  const packages = [...found.values()].toSorted((a, b) => (a.name + a.version < b.name + b.version ? -1 : 1));
  return { packages, problems };
}

/** As Node looks for it: beside the package that asks, then further up. */
function installed(name: string, from: string): string | undefined {
  const modules = realpathSync(join(project, 'node_modules'));
  const inside = realpathSync(from);
  const beside = inside.startsWith(modules) ? ancestors(inside, modules) : [];
  return [...beside, modules]
    .map((folder) => join(folder, name))
    .find((folder) => existsSync(join(folder, 'package.json')));
}

function ancestors(folder: string, modules: string): string[] {
  const parts = folder.slice(modules.length).split('/node_modules/');
  return parts.map((_part, index) =>
    join(modules + parts.slice(0, parts.length - index).join('/node_modules/'), 'node_modules'),
  );
}

function licenceOf({ license, licenses }: Manifest): string {
  if (typeof license === 'string') return license;
  return license?.type ?? licenses?.map(({ type }) => type).join(' OR ') ?? 'unknown';
}

/** Of a choice, one must be allowed (SPDX expression `A OR B`); of a sum, all (`A AND B`). */
function isAllowed(licence: string): boolean {
  const plain = licence.replaceAll(/[()]/g, '');
  return plain.split(' OR ').some((choice) => choice.split(' AND ').every((part) => allowed.has(part.trim())));
}

export function licencesText({ packages }: Dependencies): string {
  const counts = new Map<string, number>();
  for (const { licence } of packages) counts.set(licence, (counts.get(licence) ?? 0) + 1);
  const sums = [...counts].toSorted(([, a], [, b]) => b - a).map(([licence, count]) => `${licence}: ${count}`);
  const width = (pick: (each: Package) => string, head: string): number =>
    Math.max(head.length, ...packages.map((each) => pick(each).length));
  const widths = [
    width(({ name }) => name, 'package'),
    width(({ version }) => version, 'version'),
    width(({ licence }) => licence, 'licence'),
  ];
  const row = (cells: readonly string[]): string =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`;
  return [
    '# Licences',
    '',
    'What the agent, the controller and the client are built of, with the licence that each package declares. Written by',
    '`node scripts/dependencies.ts --write`; `./build.sh lint` refuses a licence that is not allowed, and a version that is not exact.',
    '',
    `${packages.length} packages. ${sums.join(', ')}.`,
    '',
    row(['package', 'version', 'licence']),
    `| ${widths.map((count) => '-'.repeat(count)).join(' | ')} |`,
    ...packages.map(({ name, version, licence }) => row([name, version, licence])),
    '',
    'The operating system images bring packages of Debian; their lists are made with the images',
    '(`packages.json`, an SBOM, beside each image).',
    '',
  ].join('\n');
}

const Advisories = Type.Object({
  metadata: Type.Object({
    vulnerabilities: Type.Object({
      high: Type.Number(),
      critical: Type.Number(),
      moderate: Type.Number(),
      low: Type.Number(),
    }),
  }),
});
const advisories = Compile(Advisories);

export type Audit =
  | { readonly kind: 'asked'; readonly grave: number; readonly other: number; readonly text: string }
  | { readonly kind: 'not-asked'; readonly why: string };

/** What the registry knows of these versions. Not every registry answers that, and not every machine has one. */
export async function audit(): Promise<Audit> {
  const args = ['audit', '--omit=dev', '--json', '--package-lock-only'];
  const { stdout, stderr } = await promisify(execFile)('npm', args, { cwd: project, timeout: 60_000 }).catch(outputOf);
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    value = undefined;
  }
  if (!advisories.Check(value)) {
    const why =
      /audit (\d{3} [A-Z][\w ]+)/.exec(stderr)?.[1] ?? /npm (?:error|warn) (.{1,120})/.exec(stderr)?.[1] ?? 'no answer';
    return { kind: 'not-asked', why };
  }
  const { high, critical, moderate, low } = value.metadata.vulnerabilities;
  return { kind: 'asked', grave: high + critical, other: moderate + low, text: stdout };
}

/** npm ends with 1 where it knows something, and writes it all the same. */
function outputOf(error: unknown): { stdout: string; stderr: string } {
  const text = (name: string): string => {
    const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
    return typeof value === 'string' ? value : '';
  };
  return { stdout: text('stdout'), stderr: text('stderr') || text('message') };
}

/** Whether all is well; says what is not. */
export async function checkDependencies(say: (text: string) => void): Promise<boolean> {
  const dependencies = productionPackages();
  for (const problem of dependencies.problems) say(problem);
  const isCurrent = existsSync(licencesPage) && readFileSync(licencesPage, 'utf8') === licencesText(dependencies);
  if (!isCurrent) say('docs/licences.md is not what is installed: node scripts/dependencies.ts --write');
  const known = await audit();
  if (known.kind === 'not-asked')
    say(`advisories: the registry could not be asked (${known.why}); nothing is known of them here`);
  else {
    say(`advisories: ${known.grave} high or critical, ${known.other} others`);
    if (known.grave > 0) say(known.text);
  }
  return dependencies.problems.length === 0 && isCurrent && (known.kind === 'not-asked' || known.grave === 0);
}

if (import.meta.main) {
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  if (process.argv.includes('--write')) writeFileSync(licencesPage, licencesText(productionPackages()));
  process.exitCode = (await checkDependencies(say)) ? 0 : 1;
}
