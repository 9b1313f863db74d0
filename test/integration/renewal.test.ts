// Renewal of certificates that live for seconds: the agent goes from one to the next, killed at any moment it comes back, and
// of two certificates one is good.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Packr } from 'msgpackr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';

import { newCertificateRequest } from '../../agent/identity/certificate-request.ts';
import { renew, type CertificateDeps } from '../../agent/identity/certificate.ts';
import { loadIdentity, storeIdentity, type Identity } from '../../agent/identity/identity-file.ts';
import { postJson } from '../../agent/identity/https.ts';
import { must } from '../../shared/assert.ts';
import { systemClock } from '../../shared/clock.ts';
import { closeCodes } from '../../shared/protocol/close-codes.ts';
import { protocolVersion } from '../../shared/protocol/version.ts';
import { createMachine, machineSpec, type Machine } from './machine.ts';
import { assetInState, furnish, startTestRegion, waitUntil, type Region } from './region.ts';

let region: Region;
let ca: string;

beforeAll(async () => {
  // Long enough that nothing ends by itself while a test stops the agent and changes its disk.
  region = await startTestRegion({ agentCertificateMs: 20_000 });
  await furnish(region, ['R1', 'R2', 'R3', 'R4', 'R5', 'R6'], machineSpec);
  ca = await (await fetch(`${region.bootUrl}/boot/ca.pem`)).text();
});
afterAll(async () => region[Symbol.asyncDispose]());

const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: 'number' });
const asset = (serial: string) => region.client('vic').call('asset.get', { asset: serial });
const certificates = async (serial: string) =>
  (await region.client('vic').call('asset.identity', { asset: serial })).certificates;

/** What the agent has at hand to renew with. */
async function depsOf(machine: Machine): Promise<CertificateDeps> {
  const { bootId } = await asset(machine.serial);
  return {
    config: {
      home: 'pious',
      controllerUrl: region.agentUrl,
      ca: { pem: ca },
      token: '',
      stateDir: machine.stateDirs.pious,
      root: '/nonexistent',
    },
    ca,
    clock: systemClock,
    bootId: bootId ?? '',
    inventory: machine.inventory,
    tpm: () => Promise.resolve(undefined),
  };
}

/** Opens a link with this identity and is welcomed. */
async function hello(machine: Machine, identity: Identity, bootId: string): Promise<WebSocket> {
  const { privateKey: key, enrolled } = identity;
  const socket = new WebSocket(enrolled.linkUrl, { ca, key, cert: enrolled.certificate });
  socket.on('error', () => undefined);
  await once(socket, 'open');
  const body = {
    protocol: protocolVersion,
    agentVersion: '9',
    assetId: enrolled.assetId,
    bootId,
    sessionId: 'ses_1',
    home: 'pious',
    capabilities: [],
    inventoryHash: 'a'.repeat(64),
    verificationEnforced: true,
    commandKeySequence: 0,
    hardware: { serial: machine.serial, uuid: '', macs: [machine.mac], ekSha256s: [] },
  };
  socket.send(packr.pack(['hello', 1, body]));
  await once(socket, 'message');
  return socket;
}

describe('an agent whose certificate ends', () => {
  it('goes on with the next one, of another key, before it does, and stays online', async () => {
    await using machine = createMachine(region, 'R1');
    await machine.boot();
    await assetInState(region, 'R1', 'SPARE');
    const first = must(await loadIdentity(machine.stateDirs.pious), 'an identity');
    await waitUntil(async () => (await certificates('R1')).filter(({ usedAt }) => usedAt !== null).length >= 3, { timeoutMs: 60_000 });
    const [now, ...earlier] = (await certificates('R1')).filter(({ usedAt }) => usedAt !== null);
    expect(now?.revokedAt).toBeNull();
    expect(earlier.map(({ revokedWhy }) => revokedWhy)).toEqual(earlier.map(() => 'replaced by a newer one'));
    // Each went before its time.
    for (const { revokedAt, expiresAt } of earlier) expect(revokedAt ?? Infinity).toBeLessThan(expiresAt);
    const { current } = must(await loadIdentity(machine.stateDirs.pious), 'an identity');
    expect(current.privateKey).not.toBe(first.current.privateKey);
    const { items } = await region.client('vic').call('asset.timeline', { asset: 'R1' });
    expect(items.filter(({ event, text }) => event === 'presence' && text.endsWith('offline'))).toEqual([]);
  }); // prettier-ignore
});

type Kill = (machine: Machine, deps: CertificateDeps, current: Identity) => Promise<void>;

describe('an agent that is killed in a renewal', () => {
  it.each<[string, string, Kill]>([
    ['before it stored what it was given', 'R2', async (_machine, deps, current) => void (await renew(current, deps))],
    [
      'with the new one stored and not tried',
      'R3',
      async (machine, deps, current) =>
        storeIdentity(machine.stateDirs.pious, { current, candidate: await renew(current, deps) }),
    ],
    [
      'after the controller welcomed the new one, before it knew',
      'R4',
      async (machine, deps, current) => {
        const candidate = await renew(current, deps);
        await storeIdentity(machine.stateDirs.pious, { current, candidate });
        (await hello(machine, candidate, deps.bootId)).terminate();
      },
    ],
    [
      'with one stored that the controller does not take',
      'R5',
      async (machine, deps, current) => {
        const stale = await renew(current, deps);
        // Given and never used: the next one takes its place.
        await renew(current, deps);
        await storeIdentity(machine.stateDirs.pious, { current, candidate: stale });
      },
    ],
  ])('%s comes back by itself, and one certificate is good', async (_when, serial, kill) => {
    await using machine = createMachine(region, serial);
    await machine.boot();
    await assetInState(region, serial, 'SPARE');
    await machine.powerOff();
    const deps = await depsOf(machine);
    const { current, candidate } = must(await loadIdentity(machine.stateDirs.pious), 'an identity');
    await kill(machine, deps, candidate ?? current);
    await waitUntil(async () => (await asset(serial)).presence === 'offline');
    await machine.restartAgent();
    await waitUntil(async () => (await asset(serial)).presence === 'online', { what: () => machine.log.join('\n') });
    await waitUntil(async () => (await loadIdentity(machine.stateDirs.pious))?.candidate === undefined);
    await machine.powerOff();
    const after = await certificates(serial);
    expect(after.filter(({ usedAt, revokedAt }) => usedAt !== null && revokedAt === null)).toHaveLength(1);
  }); // prettier-ignore
});

describe('a link', () => {
  it('ends with its certificate, whoever keeps it busy', async () => {
    const mac = '52:54:00:ef:00:01';
    const script = await (await fetch(`${region.bootUrl}/boot/script?mac=${mac}&serial=R6`)).text();
    const token = must(/ppec\.token=(\S+)/.exec(script)?.[1], 'a token');
    const request = newCertificateRequest(token);
    const bootId = randomUUID();
    const startedMs = systemClock.nowMs();
    const answer = await postJson(
      `${region.agentUrl}/agent/v1/enrol`,
      { token, csr: request.der.toString('base64'), serial: 'R6', uuid: '', macs: [mac], bootId, home: 'pious', agentVersion: '9' },
      { ca },
    );
    expect(answer.status).toBe(200);
    const body: unknown = answer.body;
    const text = (name: string): string => String(typeof body === 'object' && body !== null ? Reflect.get(body, name) : '');
    const socket = new WebSocket(text('linkUrl'), { ca, key: request.privateKeyPem, cert: text('certificate') });
    await once(socket, 'open');
    const hardware = { serial: 'R6', uuid: '', macs: [mac], ekSha256s: [] };
    socket.send(packr.pack(['hello', 1, { protocol: protocolVersion, agentVersion: '9', assetId: text('assetId'), bootId, sessionId: 's', home: 'pious', capabilities: [], inventoryHash: 'a'.repeat(64), verificationEnforced: true, commandKeySequence: 0, hardware }]));
    let seq = 1;
    const beating = setInterval(() => socket.send(packr.pack(['heartbeat', (seq += 1), { uptimeMs: 1, rssBytes: 1 }])), 300);
    const code = await new Promise<number>((resolve) => socket.once('close', resolve));
    clearInterval(beating);
    expect(code).toBe(closeCodes.certificateExpired.code);
    expect(systemClock.nowMs() - startedMs).toBeGreaterThanOrEqual(19_000);
    expect((await asset('R6')).home).toBe('pious');
  }); // prettier-ignore
});
