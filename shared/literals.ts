// A schema for one of a few texts, typed as exactly those.
import { Type } from 'typebox';

export const literals = <const T extends readonly string[]>(values: T) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values] });
