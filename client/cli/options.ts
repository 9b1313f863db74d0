// What a command takes: arguments and options as data, typed by what reading them gives.
import { PpecError } from '../../shared/errors.ts';

export type Parameter<T> = {
  /** Options: as commander reads them, `--image <image>`. Arguments: the name alone, `asset`. */
  readonly flags: string;
  readonly description: string;
  readonly isRequired: boolean;
  /** May be given several times. */
  readonly isMany: boolean;
  /** The only values it takes; completion offers them. */
  readonly values: readonly string[] | undefined;
  /** Throws `invalid_argument` where the text is no such value. */
  readonly read: (given: unknown) => T;
};
export type Parameters = Readonly<Record<string, Parameter<unknown>>>;
export type ValuesOf<P extends Parameters> = {
  readonly [K in keyof P]: P[K] extends Parameter<infer T> ? T : never;
};

const plain = { isRequired: false, isMany: false, values: undefined } as const;

export function required(flags: string, description: string): Parameter<string> {
  return { ...plain, flags, description, isRequired: true, read: textOf };
}

export function optional(flags: string, description: string): Parameter<string | undefined> {
  return { ...plain, flags, description, read: (given) => (given === undefined ? undefined : textOf(given)) };
}

export function flag(flags: string, description: string): Parameter<boolean> {
  return { ...plain, flags, description, read: (given) => given === true };
}

export function many(flags: string, description: string): Parameter<readonly string[]> {
  return { ...plain, flags, description, isMany: true, read: textsOf };
}

export function choice<const T extends string>(
  flags: string,
  values: readonly T[],
  description: string,
): Parameter<T | undefined> {
  const read = (given: unknown): T | undefined => (given === undefined ? undefined : oneOf(values, textOf(given)));
  return { ...plain, flags, description: `${description}: ${values.join(', ')}`, values, read };
}

export function requiredChoice<const T extends string>(
  flags: string,
  values: readonly T[],
  description: string,
): Parameter<T> {
  const read = (given: unknown): T => oneOf(values, textOf(given));
  return { ...plain, flags, description: `${description}: ${values.join(', ')}`, values, isRequired: true, read };
}

export function manyChoices<const T extends string>(
  flags: string,
  values: readonly T[],
  description: string,
): Parameter<readonly T[]> {
  const read = (given: unknown): readonly T[] => textsOf(given).map((text) => oneOf(values, text));
  return { ...plain, flags, description: `${description}: ${values.join(', ')}`, values, isMany: true, read };
}

/** A point in time, in milliseconds; `parse` says what a day without a time stands for. */
export function instant(
  flags: string,
  parse: (text: string) => number | undefined,
  description: string,
): Parameter<number | undefined> {
  const read = (given: unknown): number | undefined => {
    if (given === undefined) return undefined;
    const text = textOf(given);
    const ms = parse(text);
    if (ms !== undefined) return ms;
    throw new PpecError('invalid_argument', `${JSON.stringify(text)} is no day (2026-01-31) and no RFC 3339 time`);
  };
  return { ...plain, flags, description, read };
}

export type Range = { readonly min: number; readonly max: number };

export function integer(flags: string, range: Range, description: string): Parameter<number | undefined> {
  const read = (given: unknown): number | undefined =>
    given === undefined ? undefined : integerOf(textOf(given), range);
  return { ...plain, flags, description, read };
}

function textOf(given: unknown): string {
  if (typeof given !== 'string' || given === '') throw new PpecError('invalid_argument', 'it needs a value');
  return given;
}

function textsOf(given: unknown): readonly string[] {
  return Array.isArray(given) ? given.map(textOf) : [];
}

function oneOf<T extends string>(values: readonly T[], text: string): T {
  const value = values.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
  if (value === undefined) {
    throw new PpecError('invalid_argument', `${JSON.stringify(text)} is none of: ${values.join(', ')}`);
  }
  return value;
}

function integerOf(text: string, { min, max }: Range): number {
  const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new PpecError('invalid_argument', `${JSON.stringify(text)} is no whole number from ${min} to ${max}`);
  }
  return value;
}

type Defined<T> = { -readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** The members that have a value: the contract tells an absent member from an undefined one. */
export function defined<T extends object>(members: T): Defined<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- fromEntries forgets the names it keeps
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Defined<T>;
}
