// Who an agent is, against those who want to be somebody else: borrowed tokens, copied keys, cloned disks, swapped chips. Real
// controller, real agents, real TLS; the TPM is swtpm.
import { randomUUID, X509Certificate } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { newCertificateRequest } from '../../agent/identity/certificate-request.ts';
import { postJson, type Answer } from '../../agent/identity/https.ts';
import { loadIdentity } from '../../agent/identity/identity-file.ts';
import { must } from '../../shared/assert.ts';
import type { Change } from '../../shared/api/change.ts';
import { closeCodes } from '../../shared/protocol/close-codes.ts';
import { hasSwtpm, manufacture, startSwtpm, type SoftwareTpm } from '../fixtures/swtpm.ts';
import { createMachine, inventoryOf, machineSpec, type Machine } from './machine.ts';
import { assetInState, furnish, startTestRegion, waitUntil, type Region } from './region.ts';

let region: Region;
let ca: string;
const serials = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9'];

beforeAll(async () => {
  region = await startTestRegion();
  await furnish(region, serials, machineSpec);
  ca = await (await fetch(`${region.bootUrl}/boot/ca.pem`)).text();
});
afterAll(async () => region[Symbol.asyncDispose]());

const identityOf = (asset: string) => region.client('vic').call('asset.identity', { asset });
const standing = async (asset: string): Promise<string[]> =>
  (await identityOf(asset)).certificates.filter(({ revokedAt }) => revokedAt === null).map(({ serial }) => serial);

async function alerts(asset: string): Promise<string[]> {
  const { id } = await region.client('vic').call('asset.get', { asset });
  const { items } = await region.client('vic').call('event.list', { limit: 1000 });
  return items.filter((event) => event.kind === 'alert' && event.objectId === id).map(({ text }) => text);
}
const alertOf = (asset: string, pattern: RegExp): Promise<string> =>
  waitUntil(async () => (await alerts(asset)).find((text) => pattern.test(text)) ?? false, {
    what: () => `an alert about ${asset}`,
  });

async function scriptFor(mac: string, serial: string): Promise<string> {
  return (await fetch(`${region.bootUrl}/boot/script?mac=${mac}&serial=${serial}`)).text();
}
async function bootToken(mac: string, serial: string): Promise<string> {
  return must(/ppec\.token=(\S+)/.exec(await scriptFor(mac, serial))?.[1], 'a token');
}

type Claim = { token: string; serial: string; mac: string; bootId?: string };
function claim({ token, serial, mac, bootId = randomUUID() }: Claim): Promise<Answer> {
  const csr = newCertificateRequest(token).der.toString('base64');
  const body = { token, csr, serial, uuid: '', macs: [mac], bootId, home: 'pious', agentVersion: '9' };
  return postJson(`${region.agentUrl}/agent/v1/enrol`, body, { ca });
}
function detail({ body }: Answer): string {
  const found: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'detail') : undefined;
  return typeof found === 'string' ? found : '';
}

/** The key and certificate on a machine's disk. */
async function keysOf(stateDir: string): Promise<{ key: string; cert: string; serial: string }> {
  const { current } = must(await loadIdentity(stateDir), 'an identity on disk');
  const cert = current.enrolled.certificate;
  return { key: current.privateKey, cert, serial: new X509Certificate(cert).serialNumber.toLowerCase() };
}

async function provision(serial: string): Promise<void> {
  const change: Change = await region
    .client('mia')
    .call('asset.provision', { assets: [serial], image: 'test-os', project: 'payments', reason: 'a test needs it' });
  await region.client('cho').call('change.approve', { change: change.id, payloadSha256: change.payloadSha256 });
  await assetInState(region, serial, 'BAREMETAL');
  // It is in production as soon as it was given a certificate, which is on its disk a moment later.
  await waitUntil(async () => (await region.client('vic').call('asset.get', { asset: serial })).presence === 'online');
  await waitUntil(async () => (await identityOf(serial)).certificates[0]?.usedAt !== null);
}

async function approved(change: Change): Promise<void> {
  await region.client('cho').call('change.approve', { change: change.id, payloadSha256: change.payloadSha256 });
}

describe('a boot token', () => {
  const mac = '52:54:00:ee:00:01';

  it('is good for the serial that asked, where that is known', async () => {
    const token = await bootToken(mac, 'I1');
    const other = await claim({ token, serial: 'I2', mac });
    expect([other.status, detail(other)]).toEqual([401, 'the boot token was given to the machine with serial I1; this one says that it is I2']);
    expect(await alertOf('I1', /given to the machine with serial I1/)).toContain('it was refused');
    // It was not used up.
    expect((await claim({ token, serial: 'I1', mac })).status).toBe(200);
  }); // prettier-ignore

  it('is used once, however many use it at the same moment', async () => {
    const token = await bootToken(mac, 'N1');
    const answers = await Promise.all(Array.from({ length: 8 }, () => claim({ token, serial: 'N1', mac })));
    expect(answers.map(({ status }) => String(status)).toSorted()).toEqual(['200', ...Array<string>(7).fill('401')]);
  });

  it('is pushed out by the machine that asks again, not by another one', async () => {
    const first = await bootToken(mac, 'N2');
    const theirs = await bootToken('52:54:00:ee:00:02', 'N3');
    for (let time = 0; time < 4; time += 1) await bootToken(mac, 'N2');
    expect(detail(await claim({ token: first, serial: 'N2', mac }))).toContain('not known here');
    expect((await claim({ token: theirs, serial: 'N3', mac: '52:54:00:ee:00:02' })).status).toBe(200);
  });
});

describe('a certificate', () => {
  it('is on record with its boot, and goes when the machine boots again', async () => {
    await using machine = createMachine(region, 'I3');
    await machine.boot();
    await assetInState(region, 'I3', 'SPARE');
    const before = await keysOf(machine.stateDirs.pious);
    expect(await standing('I3')).toEqual([before.serial]);
    await machine.powerOff();
    await machine.boot();
    await waitUntil(async () => (await identityOf('I3')).certificates.length === 2);
    const [now, earlier] = (await identityOf('I3')).certificates;
    expect(earlier).toMatchObject({ serial: before.serial, home: 'pious', revokedWhy: `boot ${now?.bootId} enrolled` });
    // What was left on the disk of the earlier boot opens nothing.
    const again = await postJson(`${region.agentUrl}/agent/v1/renew`, {}, { ca, ...before });
    expect([again.status, detail(again)]).toEqual([401, `the certificate was revoked: boot ${now?.bootId} enrolled`]);
  });

  it('that is revoked opens nothing any more, over a resumed TLS session neither, and its live link ends at once', async () => {
    await using machine = createMachine(region, 'I4');
    await machine.boot();
    await assetInState(region, 'I4', 'SPARE');
    const keys = await keysOf(machine.stateDirs.pious);
    const session = await ticketOf(keys);
    // The ticket is good for a resumption, and the certificate is believed.
    const before = await resumed(session, keys);
    expect([before.isReused, before.status]).toEqual([true, 400]);
    await region.client('mia').call('asset.revoke-identity', { asset: 'I4', reason: 'the key was seen elsewhere' });
    await waitUntil(() => Promise.resolve(machine.log.some((line) => line.includes(closeCodes.identityRevoked.reason))));
    const after = await resumed(session, keys);
    expect([after.isReused, after.status]).toEqual([true, 401]);
    expect(after.text).toContain('the key was seen elsewhere');
    expect(await linkStatus(keys)).toContain('401');
    expect(await standing('I4')).toEqual([]);
    expect((await region.client('vic').call('asset.get', { asset: 'I4' })).trust).toBe('none');
    expect(await alertOf('I4', /revoked by mia/)).toContain('the key was seen elsewhere');
    await waitUntil(async () => (await region.client('vic').call('asset.get', { asset: 'I4' })).presence === 'offline');
  }); // prettier-ignore

  it('of PIOUS goes when production phones home, and its link needs it no more', async () => {
    await using machine = createMachine(region, 'I5');
    await machine.boot();
    await assetInState(region, 'I5', 'SPARE');
    const pious = await keysOf(machine.stateDirs.pious);
    await provision('I5');
    const certificates = (await identityOf('I5')).certificates;
    expect(certificates.filter(({ revokedAt }) => revokedAt === null).map(({ home }) => home)).toEqual(['production']);
    expect(await linkStatus(pious)).toContain('401');
  });
});

/** A TLS 1.3 session that can be resumed, by a client that then goes. */
async function ticketOf({ key, cert }: { key: string; cert: string }): Promise<Buffer> {
  const { port } = new URL(region.agentUrl);
  const socket = tlsConnect({ host: '127.0.0.1', port: Number(port), ca, key, cert });
  const session = await new Promise<Buffer>((resolve) => socket.once('session', resolve));
  socket.destroy();
  return session;
}

type Resumed = { readonly isReused: boolean; readonly status: number; readonly text: string };

/** An empty renewal over that session, with no certificate sent anew. */
async function resumed(session: Buffer, { key, cert }: { key: string; cert: string }): Promise<Resumed> {
  const { port } = new URL(region.agentUrl);
  const socket: TLSSocket = tlsConnect({ host: '127.0.0.1', port: Number(port), ca, key, cert, session });
  await once(socket, 'secureConnect');
  const isReused = socket.isSessionReused();
  return new Promise((resolve, reject) => {
    const sent = request(
      { method: 'POST', path: '/agent/v1/renew', createConnection: () => socket, headers: { 'content-length': 2 } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => {
          socket.destroy();
          resolve({ isReused, status: response.statusCode ?? 0, text });
        });
      },
    );
    sent.once('error', reject);
    sent.end('{}');
  });
}

async function linkStatus({ key, cert }: { key: string; cert: string }): Promise<string> {
  const socket = new WebSocket(`${region.agentUrl.replace('https', 'wss')}/agent/v1/link`, { ca, key, cert });
  const [error] = await once(socket, 'error').catch((thrown: unknown) => [thrown]);
  return String(error);
}

/** The same disk in another machine: its files, and what an agent does that finds them. */
async function clone(of: Machine, serial: string): Promise<Machine> {
  const copy = createMachine(region, serial);
  const from = join(of.stateDirs.production, '../../..');
  const to = join(copy.stateDirs.production, '../../..');
  mkdirSync(to, { recursive: true });
  cpSync(from, to, { recursive: true });
  await copy.runProduction();
  return copy;
}

describe('a cloned disk of a production host', () => {
  it('gets nothing while the original runs, nor while it is off, and is told at a bounded rate', async () => {
    await using original = createMachine(region, 'I6');
    await original.boot();
    await assetInState(region, 'I6', 'SPARE');
    await provision('I6');
    const before = await region.client('vic').call('asset.get', { asset: 'I6' });
    const keys = await standing('I6');

    await using other = await clone(original, 'CLONE-1');
    expect(await alertOf('I6', /another machine has the identity of srv-i6: its serial is CLONE-1, not I6/)).toContain('127.0.0.1');
    // With the serial of the original faked, it is the boot that gives it away.
    await using liar = createMachine(region, 'CLONE-2');
    liar.inventory = inventoryOf('I6', original.mac);
    cpSync(join(original.stateDirs.production, '../../..'), join(liar.stateDirs.production, '../../..'), { recursive: true });
    await liar.runProduction();
    await waitUntil(() => Promise.resolve(liar.log.some((line) => line.includes(closeCodes.identityInUse.reason))));

    await liar.powerOff();
    await original.powerOff();
    const refused = other.log.length;
    await waitUntil(() => Promise.resolve(other.log.slice(refused).some((line) => line.includes(closeCodes.hardwareMismatch.reason))));
    await other.powerOff();
    // Refused again and again, told once.
    expect(other.log.filter((line) => line.includes(closeCodes.hardwareMismatch.reason)).length).toBeGreaterThan(2);
    expect(await alerts('I6')).toHaveLength(1);
    expect(await standing('I6')).toEqual(keys);
    expect(await region.client('vic').call('asset.get', { asset: 'I6' })).toMatchObject({ bootId: before.bootId, state: 'BAREMETAL' });

    // The original comes back from a reboot as it was.
    await original.runProduction();
    await waitUntil(async () => {
      const asset = await region.client('vic').call('asset.get', { asset: 'I6' });
      return asset.presence === 'online' && asset.bootId !== before.bootId;
    });
  }); // prettier-ignore

  it('gets no second certificate with the key that was copied', async () => {
    await using original = createMachine(region, 'I7');
    await original.boot();
    await assetInState(region, 'I7', 'SPARE');
    await provision('I7');
    const { key, cert, serial } = await keysOf(original.stateDirs.production);
    const renew = (change: object): Promise<Answer> => {
      const csr = newCertificateRequest(serial).der.toString('base64');
      const body = { csr, serial: 'I7', uuid: '', macs: [original.mac], bootId: randomUUID(), ...change };
      return postJson(`${region.agentUrl}/agent/v1/renew`, body, { ca, key, cert });
    };
    expect(detail(await renew({}))).toContain('is alive in another boot');
    expect(detail(await renew({ macs: ['52:54:00:00:00:99'] }))).toContain('it has none of the MAC addresses');
    expect(detail(await renew({ csr: newCertificateRequest('other').der.toString('base64') }))).toContain('bound to another certificate');
    const stolenToken = await claim({ token: readAgentToken(original), serial: 'I7', mac: original.mac });
    expect(detail(stolenToken)).toContain('used already');
    expect(await standing('I7')).toEqual([serial]);
  }); // prettier-ignore
});

function readAgentToken(machine: Machine): string {
  const file: unknown = JSON.parse(
    readFileSync(join(machine.stateDirs.production, '../../../etc/ppec/agent.json'), 'utf8'),
  );
  return String(typeof file === 'object' && file !== null ? Reflect.get(file, 'token') : '');
}

describe('a stranger at the boot listener', () => {
  it('gets nothing secret, whatever it asks for', async () => {
    mkdirSync(join(region.dir, 'pious'), { recursive: true });
    for (const name of ['vmlinuz', 'initramfs.img']) writeFileSync(join(region.dir, 'pious', name), name);
    const secrets = ['ca-key.pem', 'server-key.pem', 'command-key.pem'].map((name) => {
      const path = join(region.dir, 'data/keys', name);
      expect(existsSync(path)).toBe(true);
      return readFileSync(path, 'utf8').split('\n')[1] ?? '';
    });
    const paths = [
      '/boot/ipxe', '/boot/script', '/boot/script?mac=52:54:00:ee:00:77&serial=I6', '/boot/script?mac=52:54:00:ee:00:77&serial=I1',
      '/boot/ca.pem', '/boot/pious/vmlinuz', '/boot/pious/initramfs.img', '/boot/tools', `/boot/images/${region.image.sha256}`,
      '/boot/images/../keys/ca-key.pem', '/boot/images/%2e%2e%2fkeys%2fca-key.pem', '/boot/pious/../data/keys/ca-key.pem',
      '/boot/pious/..%2f..%2fdata%2fkeys%2fca-key.pem', '/keys/ca-key.pem', '/', '/boot/', '/boot/ca-key.pem',
    ]; // prettier-ignore
    const known = await region.client('vic').call('asset.list', { limit: 1000 });
    for (const path of paths) {
      const text = await rawGet(path);
      for (const secret of secrets) expect(text, path).not.toContain(secret);
      expect(text, path).not.toMatch(/PRIVATE KEY/);
      // Neither does it tell what machines there are.
      for (const { id } of known.items) expect(text, path).not.toContain(id);
    }
  });
});

/** The path as it stands: a client that tidies it up would ask for something else. */
async function rawGet(path: string): Promise<string> {
  const { hostname, port } = new URL(region.bootUrl);
  const { get } = await import('node:http');
  return new Promise((resolve, reject) => {
    get({ hostname, port, path }, (response) => {
      let text = '';
      response.setEncoding('latin1').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(text));
    }).once('error', reject);
  });
}

describe.skipIf(!hasSwtpm)('a machine with a TPM', () => {
  async function chip(name: string, certified = false): Promise<SoftwareTpm> {
    const folder = join(region.dir, name);
    manufacture(folder, certified);
    return startSwtpm(folder);
  }

  it('is pinned to it, in production too, and refused with another one or none until a person resets it', async () => {
    await using own = await chip('tpm-own');
    await using other = await chip('tpm-other');
    await using machine = createMachine(region, 'I8');
    machine.tpm = () => own.open();
    await machine.boot();
    const spare = await assetInState(region, 'I8', 'SPARE');
    expect(spare.trust).toBe('pinned-ek');
    const pinned = must((await identityOf('I8')).tpm, 'a pin').ekSha256;

    machine.tpm = () => other.open();
    await machine.powerOff();
    await machine.boot();
    expect(await alertOf('I8', /its TPM is another one/)).toContain(pinned.slice(0, 16));
    await machine.powerOff();
    machine.tpm = () => Promise.resolve(undefined);
    await machine.boot();
    await waitUntil(() => Promise.resolve(machine.log.some((line) => line.includes('it has no TPM'))));
    machine.tpm = () => Promise.reject(new Error('it is broken'));
    await machine.powerOff();
    await machine.boot();
    await waitUntil(() => Promise.resolve(machine.log.some((line) => line.includes('its TPM cannot be used (it is broken)'))));
    expect((await identityOf('I8')).tpm?.ekSha256).toBe(pinned);

    machine.tpm = () => own.open();
    await machine.powerOff();
    await machine.boot();
    await waitUntil(async () => {
      const asset = await region.client('vic').call('asset.get', { asset: 'I8' });
      return asset.state === 'SPARE' && asset.stateSince > spare.stateSince;
    });
    await provision('I8');
    expect(await region.client('vic').call('asset.get', { asset: 'I8' })).toMatchObject({ home: 'production', trust: 'pinned-ek' });

    await approved(await region.client('mia').call('asset.reset-tpm', { asset: 'I8', reason: 'the main board was replaced' }));
    expect((await identityOf('I8')).tpm).toBeNull();
  }); // prettier-ignore

  it('must have the one that its order names', async () => {
    await using tpm = await chip('tpm-ordered');
    await using machine = createMachine(region, 'I9');
    machine.tpm = () => tpm.open();
    await machine.boot();
    await assetInState(region, 'I9', 'SPARE');
    const { ekSha256 } = must((await identityOf('I9')).tpm, 'a pin');
    const order = async (ek: string): Promise<void> => {
      const { revision } = await region.client('vic').call('po.get', { po: 'PO-1' });
      const { text } = await region.client('vic').call('po.export', { po: 'PO-1', format: 'yaml' });
      const amended = text.replaceAll(/\n *ekSha256: \w+/g, '').replace(/- serial: I9(\n *)/, `- serial: I9$1ekSha256: ${ek}$1`);
      await region.client('ada').call('po.amend', { po: 'PO-1', revision, reason: 'keys from the maker', fileName: 'po.yaml', text: amended });
    };
    await order('ab'.repeat(32));
    await machine.powerOff();
    await machine.boot();
    expect(await alertOf('I9', /is the one its order names/)).toContain(ekSha256.slice(0, 16));
    await order(ekSha256);
    await machine.powerOff();
    await machine.boot();
    await waitUntil(async () => (await region.client('vic').call('asset.get', { asset: 'I9' })).trust === 'ordered-ek');
    expect(await identityOf('I9')).toMatchObject({ orderedEkSha256: ekSha256, tpm: { ekSha256 } });
  }); // prettier-ignore
});
