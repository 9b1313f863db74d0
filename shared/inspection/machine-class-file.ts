// A machine class as a YAML or JSON document: `name` and `spec`. Sizes may be written as people write them (`32GiB`,
// `3.84TB`).
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { LineCounter, parseDocument } from 'yaml';

import { PpecError } from '../errors.ts';
import { MachineClassSpec } from './machine-class.ts';
import { parseBytes } from '../units.ts';

const ClassDocument = Type.Object({ name: Type.String(), spec: MachineClassSpec }, { additionalProperties: false });
export type ClassDocument = Static<typeof ClassDocument>;

const validator = Compile(ClassDocument);
const issuesMax = 20;

/** Throws `invalid_argument` with one issue per problem; `file` is named in them. */
export function parseClassDocument(text: string, file: string): ClassDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    const issues = document.errors.slice(0, issuesMax).map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      return { path: `${file}:${line}:${col}`, message: error.message.split('\n')[0] ?? '' };
    });
    throw new PpecError('invalid_argument', `${file} is not YAML.`, { issues });
  }
  // A document may name a part and repeat it; a bounded number of times, or a small file fills the memory.
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  const sized = withByteSizes(value);
  if (validator.Check(sized)) return sized;
  const issues = validator
    .Errors(sized)
    .slice(0, issuesMax)
    .map((error) => ({ path: `${file}: ${error.instancePath || '/'}`, message: error.message }));
  throw new PpecError('invalid_argument', `${file} is not a machine class; it needs name and spec.`, { issues });
}

function withByteSizes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withByteSizes);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]: [string, unknown]) => {
    const bytes = name === 'sizeBytes' && typeof member === 'string' ? parseBytes(member) : undefined;
    return [name, bytes ?? withByteSizes(member)];
  });
  const sized: unknown = Object.fromEntries(members);
  return sized;
}
