// The one way to change anything: validate → authorise → policy → one transaction with rows, changelog, audit and events
// → wake. Reads go the same way up to the transaction.
import { createHash } from 'node:crypto';

import { objectMembers } from '../../shared/api/operation.ts';
import type { AnyOperation } from '../../shared/api/operations.ts';
import { assert } from '../../shared/assert.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';
import { PpecError, toPpecError } from '../../shared/errors.ts';
import type { Noted } from '../audit/gathered.ts';
import type { Store, UnitOfWork } from '../store/unit-of-work.ts';
import { authorise, checkPermission } from './authorise.ts';
import { DriftedChange } from './carry-out.ts';
import { close } from './change-ops.ts';
import { cutOffError } from './cut-off.ts';
import { fileChange, type Asked } from './file-change.ts';
import type { Caller, Handler, OpsDeps, WriteContext, Written } from './handler.ts';
import { handlerFor } from './handlers.ts';
import { accepted, validInput } from './valid-input.ts';

export type Request = {
  readonly operation: AnyOperation;
  /** As it came: path, query and body merged. Query texts are converted where the schema says number or boolean. */
  readonly input: unknown;
  readonly caller: Caller;
  /** The same key with the same input answers with the first answer and does nothing again. */
  readonly idempotencyKey?: string;
};

/** Operations whose answer holds a secret: it is shown once and stored nowhere. */
const secretAnswers: ReadonlySet<string> = new Set([
  'credential.create',
  'credential.rotate',
  'person.set-up',
  'webhook.create',
  'webhook.rotate',
]);
/** Operations whose input holds a secret: not even its hash is kept, so a repeat is carried out again. */
const secretInputs: ReadonlySet<string> = new Set(['person.set-password']);

export type Runner = (request: Request) => Promise<unknown>;

const idempotencyKeyPattern = /^[\x21-\x7e]{1,200}$/;
const idempotencyLifeMs = 86_400_000;

export function createRunner(store: Store, deps: OpsDeps): Runner {
  return async (request) => {
    const { operation, caller } = request;
    const handler = handlerFor(operation.id);
    assert(handler !== undefined, `${operation.id} has a handler`);
    await recorded(request, deps, () => checkPermission(operation, caller.rights));
    const input = await recorded(request, deps, () => validInput(operation, request.input));
    if (handler.kind === 'read') {
      const output = await recorded(request, deps, async () => {
        const asked = await authorise(deps.db, { operation, input, rights: caller.rights });
        return handler.run(accepted(asked.input), { deps, caller });
      });
      deps.audit.gathered.count({ ...noteOf(request), outcome: 'done', message: 'read' });
      return output;
    }
    try {
      const ready = await prepared(handler, { request, input, deps });
      return await store.write(caller.actor, async (uow) => {
        // The right may have been taken while the request waited for its turn.
        if (caller.signal.aborted) throw cutOffError();
        // What the caller may do is read in the transaction that does it.
        const rights = await caller.rightsNow(uow.db);
        checkPermission(operation, rights);
        const context = { uow, deps, caller: { ...caller, rights } };
        // A repeat is answered with the first answer, also where that took the object out of the caller's sight.
        return once(uow, request, async () => {
          const asked = await authorise(uow.db, { operation, input, rights });
          return apply(ready, { operation, asked }, context);
        });
      });
    } catch (thrown) {
      if (thrown instanceof DriftedChange) return refuseChange(store, request, thrown);
      const error = toPpecError(thrown);
      // A store that cannot write keeps no refusal either.
      if (error.code === 'unavailable') throw thrown;
      if (error.code === 'internal') await auditFailure(store, request);
      else await auditRefusal(store, request, error);
      throw thrown;
    }
  };
}

/** What is left when all is prepared that needs no transaction. */
type Ready = Extract<Handler, { kind: 'write' | 'state-change' }>;
type Preparing = { readonly request: Request; readonly input: object; readonly deps: OpsDeps };

/** What is left to do in the transaction. */
async function prepared(
  handler: Exclude<Handler, { kind: 'read' }>,
  { request: { operation, caller }, input, deps }: Preparing,
): Promise<Ready> {
  if (handler.kind !== 'prepared-write') return handler;
  const asked = await authorise(deps.db, { operation, input, rights: caller.rights });
  return { kind: 'write', run: await handler.prepare(accepted(asked.input), { deps, caller }) };
}

/** What refuses an input or a read is in the audit, however often somebody tries. */
async function recorded<T>(request: Request, { audit }: OpsDeps, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const error = toPpecError(thrown);
    if (error.code === 'internal') await audit.gathered.write(failed(request));
    else if (error.code !== 'unavailable') await audit.gathered.write(refused(request, error));
    throw thrown;
  }
}

function noteOf({ operation, input, caller }: Request) {
  return { actor: caller.actor, operation: operation.id, targets: namedTargets(operation, input) };
}

function refused(request: Request, error: PpecError): Noted {
  return { ...noteOf(request), outcome: 'refused', message: error.message };
}

async function apply(handler: Ready, asked: Asked, context: WriteContext): Promise<unknown> {
  const { written, outcome } = await applied(handler, asked, context);
  await context.uow.audit({
    operation: asked.operation.id,
    targets: written.targets,
    outcome,
    message: written.message,
    ...(written.changeId === undefined ? {} : { changeId: written.changeId }),
  });
  return written.output;
}

type Applied = { readonly written: Written<unknown>; readonly outcome: 'done' | 'filed' };

async function applied(handler: Ready, asked: Asked, context: WriteContext): Promise<Applied> {
  if (handler.kind === 'write') {
    return { written: await handler.run(accepted(asked.asked.input), context), outcome: 'done' };
  }
  const written = await fileChange(handler, asked, context);
  return { written, outcome: written.isDone ? 'done' : 'filed' };
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
        'This was done by the first request; its secret was shown once. Make another.',
      );
    }
    const { targets } = noteOf(request);
    await uow.audit({ operation: operation.id, targets, outcome: 'done', message: 'answered again, done once' });
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
      output: secretAnswers.has(operation.id) ? 'null' : JSON.stringify(output),
      at: uow.nowMs,
    })
    .execute();
  return output;
}

/** Refusals are part of the record: who tried what. */
async function auditRefusal(store: Store, request: Request, error: PpecError): Promise<void> {
  const { actor, ...note } = refused(request, error);
  await store.write(actor, (uow) => uow.audit(note));
}

/** A fault of ours: that it was tried is kept, what broke is in the log. */
function failed(request: Request): Noted {
  return { ...noteOf(request), outcome: 'failed', message: 'a fault inside PPEC' };
}

async function auditFailure(store: Store, request: Request): Promise<void> {
  const { actor, ...note } = failed(request);
  await store.write(actor, (uow) => uow.audit(note));
}

const targetMembers: ReadonlySet<string> = new Set([
  ...Object.keys(objectMembers),
  'image',
  'network',
  'credential',
  'role',
  'holder',
  'person',
  'session',
  'member',
  'webhook',
]);

const targetsMax = 20;

/** What an input names: the members of the path, and those that are named after a noun. */
function namedTargets(operation: AnyOperation, input: unknown): string[] {
  const inPath = [...operation.path.matchAll(/:([A-Za-z]+)/g)].map(([, name]) => name);
  const members = typeof input === 'object' && input !== null ? Object.entries(input) : [];
  return members
    .filter(([name, value]) => (inPath.includes(name) || targetMembers.has(name)) && typeof value === 'string')
    .slice(0, targetsMax)
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
