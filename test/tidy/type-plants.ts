// One mistake per option of the type checker, with the error that only this option makes of it.

export type TypePlant = { readonly option: string; readonly error: string; readonly text: string };

export const typePlants: readonly TypePlant[] = [
  { option: 'strict', error: 'TS7006', text: 'export const same = (value) => value;' },
  {
    option: 'exactOptionalPropertyTypes',
    error: 'TS2375',
    text: 'export const one: { readonly name?: string } = { name: undefined };',
  },
  {
    option: 'noUncheckedIndexedAccess',
    error: 'TS2322',
    text: 'export const first = (list: readonly string[]): string => list[0];',
  },
  {
    option: 'noPropertyAccessFromIndexSignature',
    error: 'TS4111',
    text: 'export const name = (of: Readonly<Record<string, string>>): unknown => of.name;',
  },
  {
    option: 'noImplicitOverride',
    error: 'TS4114',
    text: 'class A {\n  go(): void {}\n}\nexport class B extends A {\n  go(): void {}\n}',
  },
  {
    option: 'noImplicitReturns',
    error: 'TS7030',
    text: 'export function sign(n: number): unknown {\n  if (n < 0) return -1;\n}',
  },
  {
    option: 'noFallthroughCasesInSwitch',
    error: 'TS7029',
    text: 'export function go(n: number, log: () => void): void {\n  switch (n) {\n    case 1:\n      log();\n    case 2:\n      log();\n  }\n}',
  },
  { option: 'noUnusedLocals', error: 'TS6133', text: 'const unused = 1;\nexport const used = 2;' },
  { option: 'noUnusedParameters', error: 'TS6133', text: 'export const two = (unused: number): number => 2;' },
  {
    option: 'allowUnreachableCode',
    error: 'TS7027',
    text: 'export function go(log: () => void): void {\n  return;\n  log();\n}',
  },
  {
    option: 'allowUnusedLabels',
    error: 'TS7028',
    text: 'export function go(log: () => void): void {\n  label: log();\n}',
  },
  { option: 'noUncheckedSideEffectImports', error: 'TS2882', text: "import './is-not-there.ts';" },
  { option: 'erasableSyntaxOnly', error: 'TS1294', text: 'export enum State {\n  On,\n}' },
  {
    option: 'verbatimModuleSyntax',
    error: 'TS1484',
    text: "import { Target } from './target.ts';\nexport const one: Target = { name: 'one' };",
  },
  {
    option: 'isolatedModules',
    error: 'TS2748',
    text: 'declare const enum Level {\n  High = 1,\n}\nexport const level: number = Level.High;',
  },
];

/** Options that say how files are read, not what is a mistake. */
export const otherOptions: readonly string[] = ['noEmit', 'allowImportingTsExtensions', 'skipLibCheck'];
