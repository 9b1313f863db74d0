// The driver of mail: sends what is in its outbox, two at a time, and tries again for a day what the mail server does not
// take. Addresses are single and checked, and everything is plain text: no line of a mail comes from anybody as a header.
import { createTransport } from 'nodemailer';

import { fullJitterMs, type BackoffLimits } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Rng } from '../../shared/rng.ts';
import type { Log } from '../log.ts';
import type { Database } from '../store/schema.ts';
import { systemActor, type Store } from '../store/unit-of-work.ts';
import { createPump, type OutboxDriver } from './pump.ts';

export type Smtp = {
  readonly host: string;
  readonly port: number;
  readonly tls: 'starttls' | 'implicit' | 'none';
  readonly user: string | null;
  readonly password: string | null;
  readonly from: string;
  readonly caPem: string | undefined;
};

export type MailDriverDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
  readonly smtp: Smtp;
  readonly retry?: BackoffLimits;
};

type MailRow = Database['mail_outbox'];

const atOnceMax = 2;
const giveUpAfterMs = 86_400_000;
const defaultRetry: BackoffLimits = { baseMs: 10_000, capMs: 3_600_000 };
const endedKept = 1000;
const timeoutMs = 20_000;

export function createMailDriver(deps: MailDriverDeps): OutboxDriver {
  const { store, clock, log } = deps;
  const transport = transportOf(deps.smtp);
  const sending = new Set<string>();
  const pump = createPump({ what: 'mail', clock, log }, async ({ start }) => {
    const waiting = await store.db
      .selectFrom('mail_outbox')
      .selectAll()
      .where('state', '=', 'pending')
      .orderBy('next_at')
      .orderBy('id')
      .limit(atOnceMax + sending.size)
      .execute();
    const free = waiting.filter(({ id }) => !sending.has(id));
    const due = free.filter(({ next_at }) => next_at <= clock.nowMs());
    for (const row of due.slice(0, atOnceMax - sending.size)) {
      sending.add(row.id);
      start(
        () => deliver(deps, transport, row),
        () => sending.delete(row.id),
      );
    }
    return Math.min(...free.map(({ next_at }) => next_at).filter((ms) => ms > clock.nowMs()));
  });
  return {
    wake: pump.wake,
    stop: async () => {
      // A mail that is on its way ends first.
      await pump.stop();
      transport.close();
    },
  };
}

async function deliver(deps: MailDriverDeps, transport: ReturnType<typeof transportOf>, row: MailRow): Promise<void> {
  const error = await transport
    .sendMail({
      from: deps.smtp.from,
      to: { name: '', address: row.address },
      subject: row.subject,
      text: row.text,
      messageId: `<${row.id}@ppec>`,
      headers: { 'auto-submitted': 'auto-generated' },
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    .then(
      () => null,
      (failed: unknown) => messageOf(failed),
    );
  await note(deps, row, error);
}

function transportOf({ host, port, tls, user, password, caPem }: Smtp) {
  return createTransport({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user === null ? {} : { auth: { user, pass: password ?? '' } }),
    ...(caPem === undefined ? {} : { tls: { ca: caPem } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
  });
}

async function note(
  { store, rng, log, retry = defaultRetry }: MailDriverDeps,
  row: MailRow,
  error: string | null,
): Promise<void> {
  const attempts = row.attempts + 1;
  await store.write(systemActor('mail'), async (uow) => {
    const isGivenUp = error !== null && uow.nowMs >= row.created_at + giveUpAfterMs;
    const state = error === null ? 'sent' : isGivenUp ? 'failed' : 'pending';
    const next = {
      next_at: uow.nowMs + fullJitterMs(row.attempts, retry, rng),
      ended_at: state === 'pending' ? null : uow.nowMs,
    };
    await uow.db
      .updateTable('mail_outbox')
      .set({ state, attempts, error: error?.slice(0, 500) ?? null, ...next })
      .where('id', '=', row.id)
      .execute();
    if (error !== null) log.warn({ mail: row.id, attempts, state, error }, 'a mail was not taken');
    if (state === 'pending') return;
    const older = uow.db
      .selectFrom('mail_outbox')
      .select('id')
      .where('state', '!=', 'pending')
      .orderBy('id', 'desc')
      .limit(1)
      .offset(endedKept);
    await uow.db.deleteFrom('mail_outbox').where('state', '!=', 'pending').where('id', '<=', older).execute();
  });
}
