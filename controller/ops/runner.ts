// The one way to change anything: validate → authorise → policy → one transaction with rows, changelog, audit and events
// → wake. Reads go the same way up to the transaction.
import { createHash } from 'node:crypto';
import { Convert } from 'typebox/value';
import { Compile, type Validator } from 'typebox/compile';

import { operations, type AnyOperation } from '../../shared/api/operations.ts';
import type { Change } from '../../shared/api/change.ts';
import { assert } from '../../shared/assert.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';
import { PpecError, toPpecError } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import { policyFor } from '../domain/policy.ts';
import { toJson } from '../store/json.ts';
import { changeView } from '../store/records.ts';
import type { Store, UnitOfWork } from '../store/unit-of-work.ts';
import { cutOffError } from './cut-off.ts';
import { close, DriftedChange, payloadHash } from './change-ops.ts';
import type { Caller, Handler, OpsDeps, WriteContext, Written } from './handler.ts';
import { handlerFor } from './handlers.ts';

export type Request = {
  readonly operation: AnyOperation;
  /** As it came: path, query and body merged. Query texts are converted where the schema says number or boolean. */
  readonly input: unknown;
  readonly caller: Caller;
  /** The same key with the same input answers with the first answer and does nothing again. */
  readonly idempotencyKey?: string;
};

/** Operations whose answer holds a secret: it is shown once and stored nowhere. */
const secretAnswers: ReadonlySet<string> = new Set(['credential.create', 'credential.rotate', 'person.set-up']);
/** Operations whose input holds a secret: not even its hash is kept, so a repeat is carried out again. */
const secretInputs: ReadonlySet<string> = new Set(['person.set-password']);

export type Runner = (request: Request) => Promise<unknown>;

const validators = new Map<string, Validator>(operations.map((operation) => [operation.id, Compile(operation.input)]));
const idempotencyKeyPattern = /^[\x21-\x7e]{1,200}$/;
const issuesMax = 20;
const idempotencyLifeMs = 86_400_000;

export function createRunner(store: Store, deps: OpsDeps): Runner {
  return async (request) => {
    const { operation, caller } = request;
    const handler = handlerFor(operation.id);
    assert(handler !== undefined, `${operation.id} has a handler`);
    if (!caller.permissions.has(operation.permission)) {
      const refusal = new PpecError(
        'permission_denied',
        `You may not ${operation.id}: it needs the permission ${operation.permission}. Your roles: ${caller.roles.join(', ') || 'none'}.`,
      );
      if (operation.effect !== 'read') await auditRefusal(store, request, refusal);
      throw refusal;
    }
    const input = validated(operation, request.input);
    if (handler.kind === 'read') return handler.run(input, { deps, caller });
    try {
      const ready =
        handler.kind === 'prepared-write'
          ? { kind: 'write' as const, run: await handler.prepare(input, { deps, caller }) }
          : handler;
      return await store.write(caller.actor, (uow) => {
        // The right may have been taken while the request waited for its turn.
        if (caller.signal.aborted) throw cutOffError();
        return once(uow, request, () => apply(ready, { operation, input }, { uow, deps, caller }));
      });
    } catch (thrown) {
      if (thrown instanceof DriftedChange) return refuseChange(store, request, thrown);
      const error = toPpecError(thrown);
      if (error.code !== 'internal' && error.code !== 'invalid_argument') await auditRefusal(store, request, error);
      throw thrown;
    }
  };
}

// The validator of exactly this operation has accepted the value, which is what `never` stands for here: an input that
// fits whichever handler belongs to the operation.
function validated(operation: AnyOperation, raw: unknown): never {
  const validator = validators.get(operation.id);
  assert(validator !== undefined, `${operation.id} has a validator`);
  const value = operation.method === 'GET' ? Convert(operation.input, raw) : raw;
  if (validator.Check(value)) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    return value as never;
  }
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

type Asked = { readonly operation: AnyOperation; readonly input: never };

async function apply(
  handler: Extract<Handler, { kind: 'write' | 'state-change' }>,
  { operation, input }: Asked,
  context: WriteContext,
): Promise<unknown> {
  const { uow } = context;
  const written: Written<unknown> =
    handler.kind === 'write' ? await handler.run(input, context) : await file(handler, { operation, input }, context);
  await uow.audit({
    operation: operation.id,
    targets: written.targets,
    outcome: handler.kind === 'write' ? 'done' : 'filed',
    message: written.message,
    ...(written.changeId === undefined ? {} : { changeId: written.changeId }),
  });
  return written.output;
}

/** Files a state change: frozen now, carried out when enough others have approved its hash. */
async function file(
  handler: Extract<Handler, { kind: 'state-change' }>,
  { operation, input }: Asked,
  context: WriteContext,
): Promise<Written<Change>> {
  const { uow, caller } = context;
  const policy = policyFor(operation);
  assert(policy.checkersNeeded > 0, `a state change needs a checker`);
  const plan = await handler.plan(input, context);
  const row = {
    id: newId('change', uow.ids),
    operation: operation.id,
    summary: plan.summary,
    reason: plan.reason,
    maker_id: caller.personId,
    state: 'open' as const,
    state_reason: null,
    payload: canonicalJson(plan.payload),
    payload_sha256: payloadHash(operation.id, plan),
    effect: toJson([...plan.effect]),
    targets: toJson([...plan.targets]),
    checkers_needed: policy.checkersNeeded,
    approvals: toJson([]),
    operation_ids: toJson([]),
    created_at: uow.nowMs,
    expires_at: uow.nowMs + policy.openForMs,
    revision: 1,
  };
  await uow.db.insertInto('changes').values(row).execute();
  await uow.event('change', row.id, `${row.id} filed by ${uow.actor.name}: ${plan.summary}`);
  return {
    output: await changeView(uow.db, row),
    targets: [row.id, ...plan.targets],
    message: plan.summary,
    changeId: row.id,
  };
}

async function once(uow: UnitOfWork, request: Request, work: () => Promise<unknown>): Promise<unknown> {
  const { idempotencyKey: key, operation, caller } = request;
  const credentialId = caller.actor.credentialId;
  if (key === undefined || credentialId === null || secretInputs.has(operation.id)) return work();
  if (!idempotencyKeyPattern.test(key))
    throw new PpecError('invalid_argument', 'idempotency-key: 1 to 200 printable characters without spaces.');
  const inputSha256 = createHash('sha256')
    .update(canonicalJson(request.input ?? null))
    .digest('hex');
  const known = await uow.db
    .selectFrom('idempotency')
    .selectAll()
    .where('credential_id', '=', credentialId)
    .where('key', '=', key)
    .executeTakeFirst();
  if (known !== undefined) {
    if (known.operation !== operation.id || known.input_sha256 !== inputSha256) {
      throw new PpecError('invalid_argument', 'This idempotency-key was used for another request. Make a new one.');
    }
    if (secretAnswers.has(operation.id)) {
      throw new PpecError(
        'failed_precondition',
        'The first request with this key was carried out; its secret was shown once. Make another.',
      );
    }
    return JSON.parse(known.output);
  }
  const output = await work();
  await uow.db
    .deleteFrom('idempotency')
    .where('at', '<', uow.nowMs - idempotencyLifeMs)
    .execute();
  await uow.db
    .insertInto('idempotency')
    .values({
      credential_id: credentialId,
      key,
      operation: operation.id,
      input_sha256: inputSha256,
      output: secretAnswers.has(operation.id) ? 'null' : JSON.stringify(output),
      at: uow.nowMs,
    })
    .execute();
  return output;
}

/** Refusals are part of the record: who tried what. */
async function auditRefusal(store: Store, { operation, input, caller }: Request, error: PpecError): Promise<void> {
  await store.write(caller.actor, (uow) =>
    uow.audit({ operation: operation.id, targets: namedTargets(input), outcome: 'refused', message: error.message }),
  );
}

function namedTargets(input: unknown): string[] {
  const members = typeof input === 'object' && input !== null ? Object.entries(input) : [];
  return members
    .filter(
      ([name, value]) =>
        ['asset', 'change', 'image', 'network', 'credential', 'person', 'session'].includes(name) &&
        typeof value === 'string',
    )
    .map(([, value]) => String(value).slice(0, 120));
}

async function refuseChange(store: Store, request: Request, { row, refusal }: DriftedChange): Promise<unknown> {
  return store.write(request.caller.actor, async (uow) => {
    const written = await close(uow, row, { state: 'refused', reason: refusal.message });
    await uow.audit({
      operation: request.operation.id,
      targets: written.targets,
      outcome: 'refused',
      message: written.message,
      changeId: row.id,
    });
    return written.output;
  });
}
