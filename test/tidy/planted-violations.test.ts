// The checks of `./build.sh lint` under test: each is given a mistake of every kind that it is there to find. A rule in
// the configuration without a planted mistake fails here too, so a new rule comes with its proof.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { beforeAll, describe, expect, test } from 'vitest';

import { importPlants, importTargets, plantedImports } from './import-plants.ts';
import { allowedFiles, lintPlants } from './lint-plants.ts';
import { plantedCopy, project } from './planted-copy.ts';
import { otherOptions, typePlants } from './type-plants.ts';

const target = "export type Target = { readonly name: string };\nexport const target: Target = { name: 'target' };\n";

const Rules = Type.Record(Type.String(), Type.Union([Type.String(), Type.Array(Type.Unknown())]));
const Config = Type.Object({
  categories: Type.Record(Type.String(), Type.String()),
  rules: Rules,
  overrides: Type.Array(Type.Object({ files: Type.Array(Type.String()), rules: Rules })),
});
const Named = Type.Union([
  Type.Object({ name: Type.String() }),
  Type.Object({ object: Type.String(), property: Type.String() }),
]);
const Restriction = Type.Object({
  patterns: Type.Array(Type.Object({ regex: Type.String(), message: Type.String() })),
});
const Report = Type.Object({
  diagnostics: Type.Array(
    Type.Object({
      code: Type.String(),
      filename: Type.String(),
      message: Type.String(),
      help: Type.Optional(Type.String()),
    }),
  ),
});
type Diagnostic = Static<typeof Report>['diagnostics'][number];

const configChecker = Compile(Config);
const namedChecker = Compile(Named);
const restrictionChecker = Compile(Restriction);
const reportChecker = Compile(Report);

async function lintConfig(): Promise<Static<typeof Config>> {
  const config: unknown = JSON.parse(await readFile(join(project, '.oxlintrc.json'), 'utf8'));
  if (!configChecker.Check(config)) throw new Error('.oxlintrc.json has another shape than this test reads');
  return config;
}

type Rule = { readonly name: string; readonly options: readonly unknown[] };

function rulesThatFail(rules: Static<typeof Rules>): Rule[] {
  return Object.entries(rules).flatMap(([name, setting]) => {
    const [severity, ...options] = Array.isArray(setting) ? setting : [setting];
    return severity === 'off' ? [] : [{ name, options }];
  });
}

/** A rule that forbids names has to be seen to forbid each of them. */
function requirementsOf({ name, options }: Rule): string[] {
  const names = options.flatMap((option) => {
    if (!namedChecker.Check(option)) return [];
    return 'name' in option ? [option.name] : [`${option.object}.${option.property}`];
  });
  return names.length === 0 ? [name] : names.map((each) => `${name} ${each}`);
}

/** `import/no-cycle` is `import(no-cycle)` in a report, `eqeqeq` is `eslint(eqeqeq)`. */
function codeOf(rule: string): string {
  const [name = rule, plugin = 'eslint'] = rule.split('/').toReversed();
  return `${plugin}(${name})`;
}

const asCases = <T>(values: readonly T[], name: (value: T) => string): [string, T][] =>
  values.map((value) => [name(value), value]);

describe('lint', () => {
  let reported: ReadonlyMap<string, readonly Diagnostic[]>;

  beforeAll(async () => {
    await using copy = await plantedCopy({
      ...Object.fromEntries(importTargets.map((path) => [path, target])),
      ...Object.fromEntries(plantedImports.map(({ path, text }) => [path, text])),
      ...Object.fromEntries(lintPlants.flatMap(({ files }) => Object.entries(files))),
      ...allowedFiles,
    });
    const { output } = await copy.run('oxlint', ['--type-aware', '--format', 'json']);
    const report: unknown = JSON.parse(output);
    if (!reportChecker.Check(report)) throw new Error(`this is no report of oxlint: ${output.slice(0, 400)}`);
    reported = Map.groupBy(report.diagnostics, ({ filename }) => filename);
  }, 120_000);

  const codesAt = (path: string): string[] => [...new Set(reported.get(path)?.map(({ code }) => code))];

  test.each(asCases(lintPlants, ({ covers }) => covers))('reports %s, and nothing else', (_, { rule, files }) => {
    for (const path of Object.keys(files)) expect(codesAt(path), path).toEqual([codeOf(rule)]);
  });

  test.each(asCases(plantedImports, ({ path }) => path))('reports the import of %s', (path, { message }) => {
    expect(codesAt(path)).toEqual(['eslint(no-restricted-imports)']);
    const said = reported.get(path)?.map((each) => `${each.message} ${each.help ?? ''}`) ?? [];
    expect(said.join('\n')).toContain(message);
  });

  test.each([...importTargets, ...Object.keys(allowedFiles)])('finds nothing wrong in %s', (path) => {
    expect(codesAt(path)).toEqual([]);
  });

  test('speaks of planted files only', () => {
    const planted = [
      ...lintPlants.flatMap(({ files }) => Object.keys(files)),
      ...plantedImports.map(({ path }) => path),
    ];
    expect([...reported.keys()].toSorted()).toEqual(planted.toSorted());
  });

  test('has a planted violation of every rule that the configuration names', async () => {
    const { rules, categories } = await lintConfig();
    const required = [
      ...rulesThatFail(rules).flatMap(requirementsOf),
      ...Object.entries(categories).flatMap(([name, severity]) => (severity === 'off' ? [] : [`category ${name}`])),
    ];
    expect(lintPlants.map(({ covers }) => covers).toSorted()).toEqual(required.toSorted());
  });

  test('has a planted import for every folder and module that an override forbids', async () => {
    const { overrides } = await lintConfig();
    const missing = overrides.flatMap(({ files, rules }) =>
      rulesThatFail(rules).flatMap(({ name, options: [option] }) => {
        if (name !== 'no-restricted-imports' || !restrictionChecker.Check(option)) return [`${files.join()}: ${name}`];
        return option.patterns.flatMap(({ regex, message }) =>
          // The words of a pattern are the names it forbids.
          [...regex.matchAll(/[a-z_]{2,}/g)].flatMap(([word]) => {
            const isPlanted = importPlants.some(
              (plant) =>
                files.includes(plant.override) &&
                plant.message === message &&
                plant.specifiers.some((specifier) => specifier.includes(word)),
            );
            return isPlanted ? [] : [`${files.join()}: ${word} (${message})`];
          }),
        );
      }),
    );
    expect(missing).toEqual([]);
  });
});

test('the type checker reports one mistake per option, and has one for every option that is set', async () => {
  const fileOf = (option: string): string => `shared/${option.toLowerCase()}.ts`;
  await using copy = await plantedCopy({
    'shared/target.ts': target,
    ...Object.fromEntries(typePlants.map(({ option, text }) => [fileOf(option), `${text}\n`])),
  });
  const { output } = await copy.run('tsc', ['-p', '.', '--pretty', 'false']);
  const errors = [...output.matchAll(/^(\S+)\(\d+,\d+\): error (TS\d+):/gm)].map(([, path, code]) => `${path} ${code}`);
  expect(errors.toSorted()).toEqual(typePlants.map(({ option, error }) => `${fileOf(option)} ${error}`).toSorted());

  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(project, 'tsconfig.json'), (path) => ts.sys.readFile(path)).config,
    ts.sys,
    project,
  );
  const switches = Object.keys(options).filter((name) => typeof options[name] === 'boolean');
  expect([...typePlants.map(({ option }) => option), ...otherOptions].toSorted()).toEqual(switches.toSorted());
});

test('the formatter reports the one file that is not formatted', async () => {
  await using copy = await plantedCopy({ 'shared/target.ts': target, 'shared/planted.ts': 'export const one = "1"\n' });
  const { status, output } = await copy.run('prettier', ['--list-different', 'shared']);
  expect({ status, output }).toEqual({ status: 1, output: 'shared/planted.ts\n' });
});

test('the search for dead code reports the one file that nothing imports', async () => {
  await using copy = await plantedCopy({
    'agent/main.ts': "import { target } from './target.ts';\nprocess.exitCode = target.name.length;\n",
    'agent/target.ts': target,
    'agent/planted.ts': target,
  });
  const { status, output } = await copy.run('knip', ['--no-progress', '--no-config-hints', '--files']);
  expect(status).toBe(1);
  expect([...output.matchAll(/\S+\.ts\b/g)].map(([path]) => path)).toEqual(['agent/planted.ts']);
});

test('`./build.sh lint` runs the checks with the same settings', async () => {
  const text = await readFile(join(project, 'scripts/lint.ts'), 'utf8');
  expect(text).toContain("['oxlint', '--type-aware', '--deny-warnings']");
  expect(text).toContain("['tsc', '-p', '.']");
  expect(text).toContain("['prettier', '--check', '--log-level', 'warn', '.']");
  expect(text).toContain("['knip', '--no-progress']");
});
