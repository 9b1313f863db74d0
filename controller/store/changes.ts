// Changes as the API shows them, with what was said about them.
import type { Kysely } from 'kysely';

import type { Change, ChangeDetail } from '../../shared/api/change.ts';
import { PpecError } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import { fromJson } from './json.ts';
import { missing } from './missing.ts';
import type { ChangeRow } from './change-tables.ts';
import type { Database } from './schema.ts';
import type { UnitOfWork } from './unit-of-work.ts';

type Db = Kysely<Database>;
type NoteRow = Database['change_notes'];

const notesShown = 500;
/** Comments of one change; more is not a conversation. */
const commentsMax = 1000;

export async function findChange(db: Db, id: string): Promise<ChangeRow> {
  const row = await db.selectFrom('changes').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw missing('change', id);
  return row;
}

/** `waitsFor`: whose approval is still missing, in words, where it waits for one. */
export async function changeView(db: Db, row: ChangeRow, waitsFor: readonly string[] = []): Promise<Change> {
  const maker = await db.selectFrom('people').select('name').where('id', '=', row.maker_id).executeTakeFirst();
  return {
    id: row.id,
    operation: row.operation,
    summary: row.summary,
    reason: row.reason,
    maker: maker?.name ?? row.maker_id,
    makerId: row.maker_id,
    state: row.state,
    stateReason: row.state_reason,
    payloadSha256: row.payload_sha256,
    effect: fromJson(row.effect),
    targets: fromJson(row.targets),
    policy: fromJson(row.policy),
    checkersNeeded: row.checkers_needed,
    // Those of older versions did not note from where.
    approvals: fromJson(row.approvals).map((approval) => ({ ...fromNowhere, ...approval })),
    missing: [...waitsFor],
    operationIds: fromJson(row.operation_ids),
    edits: row.edits,
    breakGlass: row.break_glass === null ? null : fromJson(row.break_glass),
    review: row.review === null ? null : fromJson(row.review),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    runsAt: row.runs_at,
    revision: row.revision,
  };
}

const fromNowhere = { credentialId: null, from: null } as const;

export async function changeDetail(db: Db, row: ChangeRow, waitsFor: readonly string[] = []): Promise<ChangeDetail> {
  const notes = await db
    .selectFrom('change_notes')
    .selectAll()
    .where('change_id', '=', row.id)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(notesShown)
    .execute();
  const input: unknown = JSON.parse(row.input);
  const payload: unknown = JSON.parse(row.payload);
  return {
    ...(await changeView(db, row, waitsFor)),
    input,
    payload,
    notes: notes
      .toReversed()
      .map(({ at, kind, person, from_address, text }) => ({ at, kind, person, from: from_address, text })),
  };
}

export async function addNote(uow: UnitOfWork, change: ChangeRow, note: Pick<NoteRow, 'kind' | 'text'>): Promise<void> {
  if (note.kind === 'comment') await checkRoom(uow, change);
  await uow.db
    .insertInto('change_notes')
    .values({
      id: newId('note', uow.ids),
      change_id: change.id,
      at: uow.nowMs,
      kind: note.kind,
      person: uow.actor.name,
      person_id: uow.actor.id,
      from_address: uow.actor.from,
      text: note.text,
    })
    .execute();
}

async function checkRoom(uow: UnitOfWork, change: ChangeRow): Promise<void> {
  const { count } = await uow.db
    .selectFrom('change_notes')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('change_id', '=', change.id)
    .executeTakeFirstOrThrow();
  if (count >= commentsMax)
    throw new PpecError('resource_exhausted', `${change.id} has ${count} notes; it takes no more comments.`);
}
