// How an operation is declared. HTTP routes, OpenAPI, SDK, CLI help and permissions derive from these declarations, so
// a new operation cannot forget audit, idempotency, maker-checker, documentation, or whose right it needs.
import type { Static, TObject, TSchema } from 'typebox';

/**
 * `read` changes nothing; `write` changes records at once; `state-change` changes what runs in production, or who may do
 * what, and waits for a checker.
 */
export type Effect = 'read' | 'write' | 'state-change';
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** What members of an input name, by their names: the runner finds the object, and whether the caller may see it. */
export const objectMembers = {
  asset: 'asset',
  peer: 'asset',
  assets: 'asset',
  burnIn: 'burn-in',
  part: 'part',
  operation: 'operation',
  change: 'change',
  team: 'team',
  project: 'project',
  cluster: 'cluster',
  grant: 'grant',
  policy: 'policy',
  scope: 'scope',
} as const;
export type ObjectMember = keyof typeof objectMembers;
export type ObjectKind = (typeof objectMembers)[ObjectMember];

/**
 * Where a right must hold for an operation:
 * - `region`: it is about the region as a whole, and needs a grant at `region`;
 * - `catalogue`: what everybody who works here needs: a grant with the permission at any scope;
 * - `visible`: a list; a grant at any scope will do, and the list has only what the caller may see;
 * - `own`: about the caller alone;
 * - otherwise the members of the input that name what it is about: the right must cover every one of them.
 */
export type About = 'region' | 'catalogue' | 'visible' | 'own' | readonly [ObjectMember, ...ObjectMember[]];

export type Operation<I extends TObject = TObject, O extends TSchema = TSchema> = {
  /** `<noun>.<verb>`; also the permission's name, unless `permission` says otherwise. */
  readonly id: string;
  readonly method: Method;
  /** `:name` segments are members of the input. Other members travel in the query (GET) or the body. */
  readonly path: string;
  readonly input: I;
  readonly output: O;
  readonly permission: string;
  readonly scope: About;
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
