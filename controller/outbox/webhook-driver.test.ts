import { Compile } from 'typebox/compile';
import { describe, expect, it, onTestFinished } from 'vitest';

import { WebhookEvent } from '../../shared/api/webhook.ts';

import { changeRoom, type ChangeRoom } from '../../test/fixtures/change-room.ts';
import { createLog } from '../log.ts';
import { systemActor } from '../store/unit-of-work.ts';
import { strongRng } from '../strong-rng.ts';
import type { Post } from './post-webhook.ts';
import { createWebhookDriver } from './webhook-driver.ts';

const containing = (text: string): unknown => expect.stringContaining(text);

const isEvent = Compile(WebhookEvent);

type Sent = {
  readonly id: string;
  readonly type: string;
  readonly objectId: string;
  readonly text: string;
  readonly seq: number;
};
type Answer = (sent: Sent, attempt: number, url: string) => number | Promise<number>;

/** The real driver over the real outbox; what a receiver answers is the test's. */
async function driven(answer: Answer) {
  const room = await changeRoom();
  const sent: (Sent & { url: string; headers: Post['headers'] })[] = [];
  const attempts = new Map<string, number>();
  const driver = createWebhookDriver({
    store: room.store, clock: room.clock, rng: strongRng, log: createLog('silent'), region: 'r', retry: { baseMs: 1, capMs: 1 },
    post: async ({ url, headers, body }, signal) => {
      const event: unknown = JSON.parse(body);
      if (!isEvent.Check(event)) throw new Error(`${body} is no event`);
      const one = { id: event.id, type: event.type, ...event.data };
      const attempt = (attempts.get(event.id) ?? 0) + 1;
      attempts.set(event.id, attempt);
      sent.push({ ...one, url, headers });
      return Promise.race([
        Promise.resolve(answer(one, attempt, url)),
        new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped')))),
      ]);
    },
  }); // prettier-ignore
  onTestFinished(() => driver.stop());
  const tell = (kind: string, objectId: string, text: string): Promise<number> =>
    room.store.write(systemActor('test'), (uow) => uow.event(kind, objectId, text));
  const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
    await expect.poll(async () => {
      // Pauses are measured by the clock, which nobody else moves.
      room.clock.set(room.clock.nowMs() + 5);
      driver.wake();
      return isSo();
    }, { timeout: 20_000, interval: 5 }).toBe(true);
  }; // prettier-ignore
  const hook = (name: string, more: object = {}) =>
    room.call('ada', 'webhook.create', { name, url: `https://${name}.example.net/`, ...more });
  const states = async (name: string): Promise<string[]> =>
    (await room.call('ada', 'webhook.deliveries', { webhook: name })).items.map(({ state }) => state);
  return { room, driver, sent, attempts, tell, until, hook, states };
}

const deferred = (): { promise: Promise<number>; resolve: (status: number) => void } => Promise.withResolvers<number>();

describe('webhooks', () => {
  it('get the events they ask for, in the transaction in which they happen', async () => {
    const { room, tell, hook, states, sent, until } = await driven(() => 200);
    await hook('alerts', { kinds: ['alert'] });
    await hook('payments', { scope: 'project:payments' });
    const asset = await room.store.db
      .selectFrom('assets')
      .select('id')
      .where('serial', '=', 'S1')
      .executeTakeFirstOrThrow();
    await room.store.db.updateTable('assets').set({ project: 'payments' }).where('id', '=', asset.id).execute();
    await tell('alert', 'x', 'a'.repeat(10));
    await tell('asset', asset.id, 'of payments');
    await tell('asset', 'ast_other', 'of nobody');
    await room.store
      .write(systemActor('test'), async (uow) => {
        await uow.event('alert', 'x', 'never happened');
        throw new Error('undone');
      })
      .catch(() => undefined);
    await until(async () =>
      [...(await states('alerts')), ...(await states('payments'))].every((state) => state === 'delivered'),
    );
    expect(sent.map(({ url, text }) => `${url} ${text}`).toSorted()).toEqual([
      'https://alerts.example.net/ aaaaaaaaaa',
      'https://payments.example.net/ of payments',
    ]);
  });

  it('get a change of their project', async () => {
    const { room, hook, sent, until } = await driven(() => 200);
    await hook('payments', { scope: 'project:payments', kinds: ['change'] });
    await hook('lab', { scope: 'project:lab' });
    await room.call('mia', 'asset.provision', { image: 'os', project: 'payments', reason: 'a test', assets: ['S1'] });
    await until(() => sent.length === 1);
    expect(sent[0]).toMatchObject({ url: 'https://payments.example.net/', type: 'change' });
  });

  it('get what belongs to one object in order, under ids that stay, though attempts fail', async () => {
    const { tell, hook, sent, until, states } = await driven((one, attempt) =>
      attempt <= Number(one.text) % 3 ? 500 : 200,
    );
    await hook('all');
    for (let n = 0; n < 30; n += 1) await tell('asset', `ast_${n % 3}`, String(n));
    await until(async () => (await states('all')).filter((state) => state === 'delivered').length === 30);
    for (const object of ['ast_0', 'ast_1', 'ast_2']) {
      const seqs = sent.filter(({ objectId }) => objectId === object).map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    }
    const byText = Map.groupBy(sent, ({ text }) => text);
    for (const attempts of byText.values()) expect(new Set(attempts.map(({ id }) => id)).size).toBe(1);
    expect(byText.get('2')).toHaveLength(3);
  });

  it('that are slow delay no other, and are sent few at once', async () => {
    const slow = deferred();
    let atOnce = 0;
    let most = 0;
    const { tell, hook, sent, until } = await driven(async (_one, _attempt, url) => {
      if (!url.includes('slow')) return 200;
      atOnce += 1;
      most = Math.max(most, atOnce);
      await slow.promise;
      atOnce -= 1;
      return 200;
    });
    await hook('slow');
    await hook('quick');
    for (let n = 0; n < 50; n += 1) await tell('asset', `ast_${n}`, String(n));
    await until(() => sent.filter(({ url }) => url.includes('quick')).length === 50);
    expect(most).toBe(4);
    slow.resolve(200);
    await until(() => sent.length === 100);
  });

  it('are given up after a day, say so, and are redelivered when asked to', async () => {
    let isDown = true;
    const { room, tell, hook, sent, until, states } = await driven(() => (isDown ? 503 : 200));
    await hook('pager');
    await tell('asset', 'ast_1', 'first');
    await tell('asset', 'ast_1', 'second');
    await until(() => sent.length > 3);
    expect(new Set(sent.map(({ text }) => text))).toEqual(new Set(['first']));
    expect(await states('pager')).toEqual(['pending', 'pending']);
    room.clock.set(room.clock.nowMs() + 86_400_000);
    await until(async () => (await states('pager')).every((state) => state === 'failed'));
    expect(await room.call('ada', 'webhook.get', { webhook: 'pager' })).toMatchObject({ pending: 0, failed: 2 });
    const [delivery] = (await room.call('ada', 'webhook.deliveries', { webhook: 'pager', state: 'failed' })).items;
    expect(delivery).toMatchObject({ status: 503, error: 'answered 503', nextAt: null });
    isDown = false;
    expect(await room.call('ada', 'webhook.redeliver', { webhook: 'pager' })).toEqual({ redelivered: 2 });
    await until(async () => (await states('pager')).every((state) => state === 'delivered'));
    expect(sent.slice(-2).map(({ text }) => text)).toEqual(['first', 'second']);
  });

  it('that were being sent when the controller stopped are sent again by the next one', async () => {
    const { tell, hook, sent, states, driver, room } = await driven(() => new Promise<number>(() => undefined));
    await hook('pager');
    await tell('asset', 'ast_1', 'first');
    driver.wake();
    await expect.poll(() => sent.length).toBe(1);
    await driver.stop();
    expect(await states('pager')).toEqual(['pending']);
    expect(await room.store.db.selectFrom('webhook_outbox').select('attempts').execute()).toEqual([{ attempts: 0 }]);
  });

  it('wait no more than a limit, and what is beyond is counted', async () => {
    const { room, tell, hook } = await driven(() => 200);
    const { webhook } = await hook('full');
    const row = { webhook_id: webhook.id, kind: 'asset', object_id: 'o', text: '', state: 'pending' as const, attempts: 0, created_at: 1, give_up_at: 9e12, next_at: 9e12 };
    for (let at = 0; at < 10_000; at += 500) {
      await room.store.db.insertInto('webhook_outbox').values(Array.from({ length: 500 }, (_, n) => ({ ...row, id: `m${at + n}`, seq: at + n }))).execute();
    }
    await tell('asset', 'ast_1', 'too much');
    expect(await room.call('ada', 'webhook.get', { webhook: 'full' })).toMatchObject({ pending: 10_000, dropped: 1 });
  }); // prettier-ignore

  it('sign with two secrets while one is rotated, and with one after that', async () => {
    const { room, tell, hook, sent, until } = await driven(() => 200);
    const made = await hook('pager');
    expect(made.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const rotated = await room.call('ada', 'webhook.rotate', { webhook: 'pager', overlapHours: 1 });
    expect(rotated.secret).not.toBe(made.secret);
    expect(JSON.stringify(await room.call('ada', 'webhook.get', { webhook: 'pager' }))).not.toContain('whsec_');
    await tell('asset', 'a', 'one');
    await until(() => sent.length === 1);
    room.clock.set(room.clock.nowMs() + 3_600_000);
    await tell('asset', 'a', 'two');
    await until(() => sent.length === 2);
    expect(sent.map(({ headers }) => headers['webhook-signature']?.split(' ').length)).toEqual([2, 1]);
    const logged = await room.store.db.selectFrom('changelog').selectAll().execute();
    const audited = await room.store.db.selectFrom('audit').selectAll().execute();
    expect(JSON.stringify([logged, audited])).not.toContain('whsec_');
  });

  it('show their secret once, even where the request is repeated', async () => {
    const { room } = await driven(() => 200);
    const input = { name: 'pager', url: 'https://pager.example.net/' };
    await room.call('ada', 'webhook.create', input, { key: 'k' });
    await expect(room.call('ada', 'webhook.create', input, { key: 'k' })).rejects.toMatchObject({ message: containing('shown once') });
    expect(JSON.stringify(await room.store.db.selectFrom('idempotency').selectAll().execute())).not.toContain('whsec_');
  }); // prettier-ignore

  it.each(['ftp://x.example.net/', 'https://user:pw@x.example.net/', 'https://', 'https://x.example.net/\nhost: y'])(
    'are not made for %j',
    async (url) => {
      const { hook } = await driven(() => 200);
      await expect(hook('bad', { url })).rejects.toMatchObject({ code: 'invalid_argument' });
    },
  );

  it('are an admin’s: nobody else reads where they lead', async () => {
    const { room, hook } = await driven(() => 200);
    await hook('pager');
    for (const name of ['vic', 'mia', 'cho'] as const) {
      await expect(readAs(room, name)).rejects.toMatchObject({ code: 'permission_denied' });
    }
  });
});

const readAs = (room: ChangeRoom, name: 'vic' | 'mia' | 'cho') => room.call(name, 'webhook.list', {});
