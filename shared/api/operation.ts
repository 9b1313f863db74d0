// How an operation is declared. HTTP routes, OpenAPI, SDK, CLI help and permissions derive from these declarations, so
// a new operation cannot forget audit, idempotency, maker-checker or documentation.
import type { Static, TObject, TSchema } from 'typebox';

/**
 * `read` changes nothing; `write` changes records at once; `state-change` changes what runs in production and, where the
 * policy says so, waits for a checker.
 */
export type Effect = 'read' | 'write' | 'state-change';
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export type Operation<I extends TObject = TObject, O extends TSchema = TSchema> = {
  /** `<noun>.<verb>`; also the permission's name, unless `permission` says otherwise. */
  readonly id: string;
  readonly method: Method;
  /** `:name` segments are members of the input. Other members travel in the query (GET) or the body. */
  readonly path: string;
  readonly input: I;
  readonly output: O;
  readonly permission: string;
  readonly effect: Effect;
  readonly summary: string;
  readonly example: Static<I>;
};

export type InputOf<Op> = Op extends { readonly input: infer I extends TSchema } ? Static<I> : never;
export type OutputOf<Op> = Op extends { readonly output: infer O extends TSchema } ? Static<O> : never;

export function operation<const Id extends string, I extends TObject, O extends TSchema>(
  declared: Omit<Operation<I, O>, 'permission' | 'id'> & { readonly id: Id; readonly permission?: string },
): Operation<I, O> & { readonly id: Id } {
  return { ...declared, permission: declared.permission ?? declared.id };
}
