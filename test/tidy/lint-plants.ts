// One violation of each lint rule, as the files that hold it. `covers` names what the configuration asks for: a rule, a
// rule with the name it forbids, or a category.

export type LintPlant = {
  readonly covers: string;
  /** The rule that is expected to speak; `covers` itself where that is a rule. */
  readonly rule: string;
  readonly files: Readonly<Record<string, string>>;
};

const folder = 'controller/planted';

function plant(covers: string, text: string): LintPlant {
  const [rule = covers] = covers.split(' ');
  const name = covers.toLowerCase().replaceAll(/[^a-z]+/g, '-');
  return { covers, rule, files: { [`${folder}/${name}.ts`]: `${text}\n` } };
}

function repeated(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join('\n');
}

export const lintPlants: readonly LintPlant[] = [
  {
    covers: 'category correctness',
    rule: 'no-debugger',
    files: { [`${folder}/category.ts`]: 'export function stop(): void {\n  debugger;\n}\n' },
  },
  {
    covers: 'import/no-cycle',
    rule: 'import/no-cycle',
    files: {
      [`${folder}/cycle-a.ts`]: "import { b } from './cycle-b.ts';\nexport const a = (): unknown => b;\n",
      [`${folder}/cycle-b.ts`]: "import { a } from './cycle-a.ts';\nexport const b = (): unknown => a;\n",
    },
  },
  {
    covers: 'unicorn/filename-case',
    rule: 'unicorn/filename-case',
    files: { [`${folder}/camelCase.ts`]: 'export const one = 1;\n' },
  },
  plant('import/no-default-export', 'export default 1;'),
  plant('oxc/no-barrel-file', "export * from '../target.ts';"),
  plant(
    'max-lines',
    repeated(401, (index) => `export const n${index} = ${index};`),
  ),
  plant(
    'max-lines-per-function',
    `export function long(log: (n: number) => void): void {\n${repeated(81, (index) => `log(${index});`)}\n}`,
  ),
  plant('max-params', 'export const sum = (a: number, b: number, c: number, d: number): number => a + b + c + d;'),
  plant(
    'complexity',
    `export function which(n: number): string {\n${repeated(16, (n) => `if (n === ${n}) return '${n}';`)}\nreturn '';\n}`,
  ),
  plant('eqeqeq', 'export const same = (a: number, b: number): boolean => a == b;'),
  plant('no-console', "console.log('said');"),
  plant('no-param-reassign', 'export function next(n: number): number {\n  n = n + 1;\n  return n;\n}'),
  plant('no-restricted-globals Date', 'export const now = (): number => Date.now();'),
  plant('no-restricted-properties Math.random', 'export const dice = (): number => Math.random();'),
  plant('no-restricted-properties process.env', 'export const env = (): unknown => process.env;'),
  plant(
    'preserve-caught-error',
    'export function parse(text: string): unknown {\n  try {\n    return JSON.parse(text);\n  } catch (error) {\n    throw new Error(String(error));\n  }\n}',
  ),
  plant(
    'typescript/consistent-type-imports',
    "import { Target } from '../target.ts';\nexport const one: Target = { name: 'one' };",
  ),
  plant('typescript/no-explicit-any', 'export const name = (value: any): unknown => value;'),
  plant(
    'typescript/no-unsafe-assignment',
    'export const parsed = (text: string): void => {\n  const value = JSON.parse(text);\n  void value;\n};',
  ),
  plant('typescript/no-unsafe-member-access', 'export const name = (text: string): unknown => JSON.parse(text).name;'),
  plant('typescript/no-unsafe-return', 'export const parsed = (text: string): string => JSON.parse(text);'),
  plant('typescript/no-unsafe-call', 'export const called = (text: string): unknown => JSON.parse(text)();'),
  plant(
    'typescript/no-unsafe-argument',
    'export const parsed = (text: string): number => Number.parseInt(JSON.parse(text));',
  ),
  plant('typescript/no-unsafe-type-assertion', 'export const text = (value: unknown): string => value as string;'),
  plant('typescript/no-non-null-assertion', 'export const sure = (text: string | undefined): string => text!;'),
  plant('typescript/no-floating-promises', 'export function go(work: () => Promise<void>): void {\n  work();\n}'),
  plant(
    'typescript/no-misused-promises',
    'export function go(work: () => Promise<void>): void {\n  [1].forEach(work);\n}',
  ),
  plant(
    'typescript/switch-exhaustiveness-check',
    "export function say(state: 'on' | 'off'): string {\n  switch (state) {\n    case 'on':\n      return 'yes';\n  }\n  return 'no';\n}",
  ),
  plant('typescript/only-throw-error', "export function fail(): never {\n  throw 'text';\n}"),
];

/** What the overrides allow, and lint has to pass over in silence. */
export const allowedFiles: Readonly<Record<string, string>> = {
  'controller/allowed.test.ts': `import { target } from '../agent/target.ts';\nexport const at = [target, Date.now()];\n`,
  'test/allowed.ts': `import { target } from '../controller/target.ts';\nexport const at = [target, Date.now()];\n`,
  'test/allowed-long.ts': `${repeated(401, (index) => `export const n${index} = ${index};`)}\n`,
  'allowed.config.ts': 'export default {};\n',
};
