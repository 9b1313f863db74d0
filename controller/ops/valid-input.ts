// The input of an operation, checked against the contract.
import { Compile, type Validator } from 'typebox/compile';
import { Convert } from 'typebox/value';

import { operations, type AnyOperation } from '../../shared/api/operations.ts';
import { assert } from '../../shared/assert.ts';
import { PpecError } from '../../shared/errors.ts';

const validators = new Map<string, Validator>(operations.map((operation) => [operation.id, Compile(operation.input)]));
const issuesMax = 20;

export function validInput(operation: AnyOperation, raw: unknown): object {
  const validator = validators.get(operation.id);
  assert(validator !== undefined, `${operation.id} has a validator`);
  const value = operation.method === 'GET' ? Convert(operation.input, raw) : raw;
  if (validator.Check(value) && typeof value === 'object' && value !== null) return value;
  const issues = [...validator.Errors(value)]
    .slice(0, issuesMax)
    .map((error) => ({ path: error.instancePath || '/', message: error.message }));
  const first = issues[0];
  throw new PpecError(
    'invalid_argument',
    `The input of ${operation.id} is not valid: ${first?.path ?? ''} ${first?.message ?? ''}.`,
    { issues },
  );
}

/**
 * The validator of exactly this operation has accepted the value, and ids have taken the place of names in it: that is
 * what `never` stands for here, an input that fits whichever handler belongs to the operation.
 */
export function accepted(input: object): never {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return input as never;
}
