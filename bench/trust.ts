// Trust: what being sure costs, each part against the bare thing in the same run. A new part is one file and one line here.
import { parseArgs } from 'node:util';

import { PpecError } from '../shared/errors.ts';
import type { Bench, Figure, Report } from './figures.ts';
import type { TrustPart } from './trust/part.ts';
import { audit } from './trust/audit.ts';
import { authorization } from './trust/authorization.ts';
import { tlsAccept } from './trust/tls-accept.ts';

const parts: readonly TrustPart[] = [tlsAccept, audit, authorization];

export const trust: Bench = {
  summary: 'what trust costs: links accepted over mutual TLS, durable audit entries, decisions of who may do what',
  usage: `[--part ${parts.map(({ name }) => name).join('|')}] [--connections N] [--rounds R]`,
  run,
};

async function run(args: readonly string[], say: (text: string) => void): Promise<Report> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      part: { type: 'string' },
      connections: { type: 'string', default: '19000' },
      rounds: { type: 'string', default: '3' },
    },
  });
  const wanted = parts.filter(({ name }) => values.part === undefined || values.part === name);
  if (wanted.length === 0) throw new PpecError('invalid_argument', `there is no part '${values.part}'`);
  const options = {
    connections: number('--connections', values.connections, { min: 2000, max: 60_000 }),
    rounds: number('--rounds', values.rounds, { min: 1, max: 20 }),
  };
  const figures: Figure[] = [];
  const notes: string[] = [];
  for (const part of wanted) {
    const report = await part.run(options, (text) => say(`${part.name}: ${text}`));
    figures.push(...report.figures);
    notes.push(...report.notes);
  }
  return { against: 'bare', figures, notes };
}

function number(option: string, text: string, { min, max }: { readonly min: number; readonly max: number }): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new PpecError('invalid_argument', `${option} is a whole number from ${min} to ${max}, not '${text}'`);
  }
  return value;
}
