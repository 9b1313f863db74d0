// The one way to change anything: validate → authorise → policy → one transaction with rows, changelog, audit and events
// → wake. Reads go the same way up to the transaction.
import { createHash } from 'node:crypto';

import type { AnyOperation } from '../../shared/api/operations.ts';
import { assert } from '../../shared/assert.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';
import { PpecError, toPpecError } from '../../shared/errors.ts';
import type { Store, UnitOfWork } from '../store/unit-of-work.ts';
import { DriftedChange } from './carry-out.ts';
import { close } from './change-ops.ts';
import { fileChange, type Asked } from './file-change.ts';
import type { Caller, Handler, OpsDeps, WriteContext, Written } from './handler.ts';
import { handlerFor } from './handlers.ts';
import { validInput } from './valid-input.ts';

export type Request = {
  readonly operation: AnyOperation;
  /** As it came: path, query and body merged. Query texts are converted where the schema says number or boolean. */
  readonly input: unknown;
  readonly caller: Caller;
  /** The same key with the same input answers with the first answer and does nothing again. */
  readonly idempotencyKey?: string;
};

export type Runner = (request: Request) => Promise<unknown>;

const idempotencyKeyPattern = /^[\x21-\x7e]{1,200}$/;
const idempotencyLifeMs = 86_400_000;
/** What these answer is shown once. */
const showsSecret = new Set(['credential.create', 'webhook.create', 'webhook.rotate']);

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
    const input = validInput(operation, request.input);
    if (handler.kind === 'read') return handler.run(input, { deps, caller });
    try {
      return await store.write(caller.actor, (uow) =>
        once(uow, request, () => apply(handler, { operation, input }, { uow, deps, caller })),
      );
    } catch (thrown) {
      if (thrown instanceof DriftedChange) return refuseChange(store, request, thrown);
      const error = toPpecError(thrown);
      if (error.code !== 'internal' && error.code !== 'invalid_argument') await auditRefusal(store, request, error);
      throw thrown;
    }
  };
}

async function apply(
  handler: Exclude<Handler, { kind: 'read' }>,
  { operation, input }: Asked,
  context: WriteContext,
): Promise<unknown> {
  const { uow } = context;
  const { written, outcome } = await applied(handler, { operation, input }, context);
  await uow.audit({
    operation: operation.id,
    targets: written.targets,
    outcome,
    message: written.message,
    ...(written.changeId === undefined ? {} : { changeId: written.changeId }),
  });
  return written.output;
}

async function applied(
  handler: Exclude<Handler, { kind: 'read' }>,
  asked: Asked,
  context: WriteContext,
): Promise<{ written: Written<unknown>; outcome: 'done' | 'filed' }> {
  if (handler.kind === 'write') return { written: await handler.run(asked.input, context), outcome: 'done' };
  const written = await fileChange(handler, asked, context);
  return { written, outcome: written.isDone ? 'done' : 'filed' };
}

async function once(uow: UnitOfWork, request: Request, work: () => Promise<unknown>): Promise<unknown> {
  const { idempotencyKey: key, operation, caller } = request;
  const credentialId = caller.actor.credentialId;
  if (key === undefined || credentialId === null) return work();
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
    if (showsSecret.has(operation.id)) {
      throw new PpecError(
        'failed_precondition',
        'This was made by the first request; its secret was shown once. Make another.',
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
      // A secret is shown once and stored nowhere.
      output: showsSecret.has(operation.id) ? 'null' : JSON.stringify(output),
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
        ['asset', 'change', 'image', 'network', 'credential', 'policy', 'webhook'].includes(name) &&
        typeof value === 'string',
    )
    .map(([, value]) => String(value).slice(0, 120));
}

async function refuseChange(
  store: Store,
  request: Request,
  { before, decided, refusal }: DriftedChange,
): Promise<unknown> {
  return store.write(request.caller.actor, (uow) =>
    once(uow, request, async () => {
      const written = await close(uow, before, { state: 'refused', reason: refusal.message, ...decided });
      await uow.audit({
        operation: request.operation.id,
        targets: written.targets,
        outcome: 'refused',
        message: written.message,
        changeId: before.id,
      });
      return written.output;
    }),
  );
}
