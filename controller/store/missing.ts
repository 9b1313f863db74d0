// What is said of an object that is not there. The same words are said of one that the caller may not see.
import type { ObjectKind } from '../../shared/api/operation.ts';
import { PpecError } from '../../shared/errors.ts';

const lists: Readonly<Record<Exclude<ObjectKind, 'scope'>, readonly [noun: string, command: string]>> = {
  asset: ['asset', 'ppec asset list'],
  'burn-in': ['burn-in', 'ppec burn-in list'],
  part: ['part', 'ppec part list --serial BEGINNING'],
  operation: ['operation', 'ppec operation list'],
  change: ['change', 'ppec change list'],
  team: ['team', 'ppec team list'],
  project: ['project', 'ppec project list'],
  cluster: ['cluster', 'ppec cluster list'],
  grant: ['grant', 'ppec grant list'],
  policy: ['policy', 'ppec policy list'],
};

export function missing(kind: Exclude<ObjectKind, 'scope'>, reference: string): PpecError {
  const [noun, command] = lists[kind];
  return new PpecError('not_found', `There is no ${noun} '${reference}'. List them: ${command}`);
}
