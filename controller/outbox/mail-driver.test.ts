import { once } from 'node:events';
import { SMTPServer } from 'smtp-server';
import { text as readText } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';

import { changeRoom, type ChangeRoom } from '../../test/fixtures/change-room.ts';
import { createLog } from '../log.ts';
import { strongRng } from '../strong-rng.ts';
import { createMailDriver } from './mail-driver.ts';

type Mail = { readonly to: readonly string[]; readonly from: string; readonly text: string };

/** A real SMTP server on loopback, and the real driver. `refuse`: what the server says to a mail. */
async function posted(refuse: (count: number) => string | undefined = () => undefined) {
  const room = await changeRoom();
  const mails: Mail[] = [];
  let count = 0;
  const server = new SMTPServer({
    authOptional: false,
    allowInsecureAuth: true,
    hideSTARTTLS: true,
    disableReverseLookup: true,
    onAuth: ({ username, password }, _session, done) =>
      username === 'ppec' && password === 'secret' ? done(null, { user: 'ppec' }) : done(new Error('who?')),
    onData: (stream, session, done) => {
      readText(stream).then((text) => {
        count += 1;
        const why = refuse(count);
        if (why !== undefined) return done(new Error(why));
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          to: rcptTo.map(({ address }) => address),
          from: mailFrom === false ? '' : mailFrom.address,
          text,
        });
        return done();
      }, done);
    },
  });
  server.on('error', () => undefined);
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const address = listening.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const driver = createMailDriver({
    store: room.store, clock: room.clock, rng: strongRng, log: createLog('silent'), retry: { baseMs: 1, capMs: 1 },
    smtp: { host: '127.0.0.1', port, tls: 'none', user: 'ppec', password: 'secret', from: 'ppec@example.net', caPem: undefined },
  }); // prettier-ignore
  onTestFinished(async () => {
    await driver.stop();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
    await expect.poll(async () => {
      room.clock.set(room.clock.nowMs() + 5);
      driver.wake();
      return isSo();
    }, { timeout: 20_000, interval: 10 }).toBe(true);
  }; // prettier-ignore
  return { room, mails, until, driver };
}

const provision = { image: 'os', project: 'payments', assets: ['S1'] };
const subscribe = (room: ChangeRoom, ...names: readonly ('mia' | 'cho' | 'max' | 'vic')[]) =>
  Promise.all(names.map((name) => room.call(name, 'notification.set', { email: `${name}@example.net` })));

/** Headers unfolded, and the body decoded. */
function read({ text }: Mail): { headers: string[]; body: string } {
  const [head = '', ...rest] = text.replaceAll('\r\n', '\n').split('\n\n');
  const headers = head.replaceAll(/\n[ \t]+/g, ' ').split('\n');
  const raw = rest.join('\n\n');
  const isQuoted = headers.some((line) => /^content-transfer-encoding: quoted-printable/i.test(line));
  const bytes = raw
    .replaceAll(/=\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)));
  return { headers, body: isQuoted ? Buffer.from(bytes, 'latin1').toString() : raw };
}

it('tells those who may check what waits, with all that they need to act, and its maker what was decided', async () => {
  const { room, mails, until } = await posted();
  await subscribe(room, 'mia', 'cho', 'max', 'vic');
  const change = await room.call('mia', 'asset.provision', { ...provision, reason: 'new ledger node' });
  await until(() => mails.length === 2);
  expect(mails.map(({ to }) => to.join()).toSorted()).toEqual(['cho@example.net', 'max@example.net']);
  expect(mails[0]?.from).toBe('ppec@example.net');
  const [mail] = mails;
  const { headers, body } = read(mail ?? { to: [], from: '', text: '' });
  expect(headers).toContain(`Subject: [ppec] waits for you: ${change.summary}`);
  for (const part of [
    change.id, change.payloadSha256, 'new ledger node', 'mia, 2027-01-15 08:00 UTC', 'expires   2027-01-16 08:00 UTC',
    '! srv-1  disk  nvme0n1  SN D1  4.0 GB  will be overwritten',
    `ppec change get ${change.id}`, `ppec change approve ${change.id} --sha256 ${change.payloadSha256}`,
  ]) expect(body).toContain(part); // prettier-ignore
  await room.call('cho', 'change.approve', { change: change.id, payloadSha256: change.payloadSha256 });
  await until(() => mails.length === 3);
  expect(mails[2]?.to).toEqual(['mia@example.net']);
  expect(read(mails[2] ?? { to: [], from: '', text: '' }).body).toContain('Your change is executed');
});

it('sends nobody a header that a maker wrote', async () => {
  const { room, mails, until } = await posted();
  await subscribe(room, 'cho');
  const nasty = 'urgent\r\nBcc: evil@example.net\r\n\r\n<b>approve</b>\u2028Cc: x@example.net\u0000';
  const change = await room.call('mia', 'asset.provision', { ...provision, reason: nasty });
  await room.store.db
    .updateTable('mail_outbox')
    .set({ subject: `x\r\nBcc: evil@example.net\r\n\r\n${nasty}` })
    .execute();
  await until(() => mails.length === 1);
  const [mail] = mails;
  expect(mail?.to).toEqual(['cho@example.net']);
  const { headers, body } = read(mail ?? { to: [], from: '', text: '' });
  expect(headers.filter((line) => /^(bcc|cc):/i.test(line))).toEqual([]);
  expect(body.split('\n').filter((line) => /^(bcc|cc):/i.test(line))).toEqual([]);
  expect(body).toContain(change.id);
});

it.each([
  'x',
  'a@b@c',
  'a b@example.net',
  'a@example.net, evil@example.net',
  'a@example.net\r\nBcc: x@y',
  '"a"@example.net',
  'a@-x.net',
  '',
])('takes no address like %j', async (email) => {
  const room = await changeRoom();
  await expect(room.call('mia', 'notification.set', { email })).rejects.toMatchObject({ code: 'invalid_argument' });
});

it('tries again what the server does not take, and gives up after a day', async () => {
  const { room, mails, until } = await posted((count) => (count <= 3 ? 'come back later' : undefined));
  await subscribe(room, 'cho');
  await room.call('mia', 'asset.provision', { ...provision, reason: 'a test' });
  await until(() => mails.length === 1);
  const done = await room.store.db.selectFrom('mail_outbox').selectAll().execute();
  expect(done).toMatchObject([{ state: 'sent', attempts: 4, error: null }]);
});

it('gives up after a day', async () => {
  const { room, until } = await posted(() => 'never');
  await subscribe(room, 'cho');
  await room.call('mia', 'asset.provision', { ...provision, reason: 'a test' });
  const row = () => room.store.db.selectFrom('mail_outbox').selectAll().executeTakeFirstOrThrow();
  await until(async () => (await row()).attempts > 0);
  expect((await row()).state).toBe('pending');
  room.clock.set(room.clock.nowMs() + 86_400_000);
  await until(async () => (await row()).state === 'failed');
  expect((await row()).error).toContain('never');
});
