// What people are written when a change waits for them, is decided, or when somebody broke the glass: plain text with what
// a person needs at night, and the commands to look and to act. Written in the transaction that it tells of.
import { toRfc3339 } from '../../shared/clock.ts';
import { newId } from '../../shared/ids.ts';
import { demandText } from '../domain/policy.ts';
import { decide, decideAll, type Where } from '../domain/rbac.ts';
import { namesWithPermission, rightsOf } from '../store/grants.ts';
import { fromJson } from '../store/json.ts';
import type { ChangeRow } from '../store/change-tables.ts';
import { changeSubjects } from '../store/subjects.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import type { Reader, StateChange } from './handler.ts';
import { candidatesFor, checkedChange, type Who } from './may-check.ts';

/** Mails that wait at most; where the mail server is away for long, the oldest ones go. */
const pendingMax = 2000;
const effectLinesMax = 60;
const subjectMax = 150;
/** People who are told of a broken glass at most. */
const overseersMax = 500;

/** To all who may check it. */
export async function tellCheckers(uow: UnitOfWork, row: ChangeRow, handler: StateChange): Promise<void> {
  if (!(await isAnybodyWritten(uow.db))) return;
  const { demands } = fromJson(row.policy);
  const at = await checkedChange(uow.db, row, { handler, nowMs: uow.nowMs });
  await mail(
    uow,
    { to: await candidatesFor(uow.db, demands, at), subjects: at.subjects },
    {
      subject: `waits for you: ${row.summary}`,
      text: [
        `A change waits for its checkers. It needs ${demands.map(demandText).join(', and ')}.`,
        '',
        ...(await factsOf(uow, row)),
        `expires   ${utc(row.expires_at)}`,
        '',
        ...effectOf(row),
        '',
        'Look at it, and approve exactly this or reject it:',
        `  ppec change get ${row.id}`,
        `  ppec change approve ${row.id} --sha256 ${row.payload_sha256}`,
        `  ppec change reject ${row.id} --reason "…"`,
      ],
    },
  );
}

/** To its maker, when it was decided. */
export async function tellMaker(uow: UnitOfWork, row: ChangeRow): Promise<void> {
  if (!(await isAnybodyWritten(uow.db))) return;
  const maker = await uow.db.selectFrom('people').selectAll().where('id', '=', row.maker_id).executeTakeFirst();
  if (maker?.active !== 1) return;
  const to = [{ name: maker.name, personId: maker.id, rights: await rightsOf(uow.db, maker.name, uow.nowMs) }];
  const approvals = fromJson(row.approvals).map(({ person, at }) => `${person} ${utc(at)}`);
  await mail(
    uow,
    { to, subjects: await changeSubjects(uow.db, row.id) },
    {
      subject: `${row.state}: ${row.summary}`,
      text: [
        `Your change is ${row.state}${row.state_reason === null ? '' : `: ${row.state_reason}`}`,
        '',
        ...(await factsOf(uow, row)),
        `approved  ${approvals.join(', ') || 'by nobody'}`,
        ...(row.runs_at === null ? [] : [`runs      ${utc(row.runs_at)}`]),
        '',
        'See what became of it:',
        `  ppec change get ${row.id}`,
        ...(row.state === 'executed' ? [`  ppec change wait ${row.id}`] : []),
      ],
    },
  );
}

/** To all who approve changes, and all admins. */
export async function tellBrokenGlass(uow: UnitOfWork, row: ChangeRow, why: string): Promise<void> {
  if (!(await isAnybodyWritten(uow.db))) return;
  const subjects = await changeSubjects(uow.db, row.id);
  const to = await overseers(uow, subjects);
  await mail(
    uow,
    { to, subjects },
    {
      subject: `BREAK-GLASS by ${uow.actor.name}: ${row.summary}`,
      text: [
        `${uow.actor.name} broke the glass: this change ran without its checkers.`,
        `because   ${oneLine(why)}`,
        `from      ${uow.actor.from ?? 'unknown'}`,
        '',
        ...(await factsOf(uow, row)),
        '',
        ...effectOf(row),
        '',
        'Somebody who is neither its maker nor broke the glass must review it:',
        `  ppec change get ${row.id}`,
        `  ppec change review ${row.id} --note "…"`,
      ],
    },
  );
}

/** Those who may approve changes there, and those who make people. */
async function overseers({ db, nowMs }: UnitOfWork, subjects: readonly Where[]): Promise<Who[]> {
  const approvers = await namesWithPermission(db, 'change.approve', nowMs);
  const names = new Set([...approvers, ...(await namesWithPermission(db, 'person.create', nowMs))]);
  const found: Who[] = [];
  for (const name of [...names].slice(0, overseersMax)) {
    const person = await db.selectFrom('people').selectAll().where('name', '=', name).executeTakeFirst();
    if (person?.active !== 1) continue;
    const rights = await rightsOf(db, name, nowMs);
    const isMeant =
      decideAll(rights, 'change.approve', subjects).allowed || decide(rights, 'person.create', 'region').allowed;
    if (isMeant) found.push({ name, personId: person.id, rights });
  }
  return found;
}

/** Nobody is looked for where nobody has told an address. */
async function isAnybodyWritten(db: Reader): Promise<boolean> {
  return (await db.selectFrom('notification_addresses').select('person_id').limit(1).executeTakeFirst()) !== undefined;
}

async function factsOf(uow: UnitOfWork, row: ChangeRow): Promise<string[]> {
  const maker = await uow.db.selectFrom('people').select('name').where('id', '=', row.maker_id).executeTakeFirst();
  return [
    `change    ${row.id}`,
    `what      ${oneLine(row.summary)}`,
    `why       ${oneLine(row.reason)}`,
    `who       ${maker?.name ?? row.maker_id}, ${utc(row.created_at)}`,
    `sha256    ${row.payload_sha256}`,
  ];
}

function effectOf(row: ChangeRow): string[] {
  const lines = fromJson(row.effect);
  const shown = lines
    .slice(0, effectLinesMax)
    .map(
      ({ target, label, text, destructive }) =>
        `${destructive ? '!' : ' '} ${oneLine(target)}  ${oneLine(label)}  ${oneLine(text)}`,
    );
  const left = lines.length - shown.length;
  return ['What will happen; "!" destroys data:', ...shown, ...(left > 0 ? [`  … and ${left} more lines`] : [])];
}

type Letter = { readonly subject: string; readonly text: readonly string[] };
type Readers = { readonly to: readonly Who[]; readonly subjects: readonly Where[] };

/** Whoever may not see the change is not written of it. */
async function mail(uow: UnitOfWork, { to, subjects }: Readers, { subject, text }: Letter): Promise<void> {
  const people = to.filter(({ rights }) => decideAll(rights, 'change.get', subjects).allowed);
  if (people.length === 0) return;
  const rows = await uow.db.selectFrom('notification_addresses').selectAll().execute();
  const addresses = new Map(rows.map(({ person_id, email }) => [person_id, email]));
  for (const { personId } of people) {
    const address = addresses.get(personId);
    if (address === undefined) continue;
    await uow.db
      .insertInto('mail_outbox')
      .values({
        id: newId('mail', uow.ids),
        person_id: personId,
        address,
        subject: `[ppec] ${oneLine(subject)}`.slice(0, subjectMax),
        text: `${text.join('\n')}\n`,
        state: 'pending',
        attempts: 0,
        error: null,
        created_at: uow.nowMs,
        next_at: uow.nowMs,
        ended_at: null,
      })
      .execute();
  }
  const oldest = uow.db
    .selectFrom('mail_outbox')
    .select('id')
    .where('state', '=', 'pending')
    .orderBy('id', 'desc')
    .limit(-1)
    .offset(pendingMax);
  await uow.db.deleteFrom('mail_outbox').where('id', 'in', oldest).execute();
}

/** No control character of any kind: what a maker wrote cannot become another line, or another header. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

/** `2026-11-23 03:04 UTC`. */
function utc(ms: number): string {
  return `${toRfc3339(ms).slice(0, 16).replace('T', ' ')} UTC`;
}
