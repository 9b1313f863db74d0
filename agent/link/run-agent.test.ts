// The agent against a scripted controller over real TLS: enrolment, reconnecting, and commands that outlive a session.
import { once } from 'node:events';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { Compile } from 'typebox/compile';
import { expect, it, onTestFinished } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';

import { readCertificateRequest } from '../../controller/crypto/certificate-request.ts';
import { openRegionCa } from '../../controller/crypto/region-ca.ts';
import { systemClock } from '../../shared/clock.ts';
import { inventoryFromEvidence } from '../../shared/hardware/evidence/inventory-from-evidence.ts';
import type { Command } from '../../shared/protocol/command.ts';
import { EnrolRequest } from '../../shared/protocol/enrolment.ts';
import { decodeAgentMessage, encodeControllerMessage } from '../../shared/protocol/codec.ts';
import type { AgentMessage, ControllerMessage } from '../../shared/protocol/messages.ts';
import { protocolVersion } from '../../shared/protocol/version.ts';
import { seededRng } from '../../shared/rng.ts';
import { diskSerial, fileMachine, manifestOf, packedImage, serve } from '../../test/fixtures/file-machine.ts';
import { newSigner, stateKeys } from '../../test/fixtures/signed-command.ts';
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import { runAgent } from './run-agent.ts';
import { loadStatus } from './status.ts';

const enrolRequest = Compile(EnrolRequest);
const region = newSigner('command-1');
const imageKey = newSigner('image-1');
const manifest = JSON.stringify(manifestOf(packedImage));

const provision = (generation: number, imageUrl: string, serial: string): Command => ({
  id: `cmd_${generation}`,
  region: 'test-1',
  assetId: 'ast_1',
  assetSerial: 'SN-1',
  bootId: 'boot-1',
  generation,
  notBeforeMs: 0,
  expiresAtMs: 8_000_000_000_000,
  approval: { changeId: 'chg_1', payloadSha256: 'a'.repeat(64), makerId: 'per_1', checkerIds: ['per_2'] },
  name: 'provision',
  args: {
    imageUrl,
    manifest,
    manifestSignature: imageKey.signRaw(manifest),
    imageKeyId: imageKey.keyId,
    diskSerial: serial,
    diskBytesMin: 1,
    seed: { metaData: '', userData: '', networkConfig: '' },
  },
});

/** One session as the controller sees it. */
type Peer = {
  readonly got: AgentMessage[];
  readonly send: (message: ControllerMessage) => void;
  readonly cut: () => void;
};

function peerOf(socket: WebSocket): Peer {
  const got: AgentMessage[] = [];
  let seq = 0;
  const send = (message: ControllerMessage): void => socket.send(encodeControllerMessage((seq += 1), message));
  socket.on('message', (data: Buffer) => {
    const decoded = decodeAgentMessage(data);
    if (!decoded.ok) throw new Error(decoded.why);
    got.push(decoded.message);
    if (decoded.message.type !== 'hello') return;
    send({
      type: 'welcome',
      body: { protocol: protocolVersion, heartbeatMs: 10_000, serverTimeMs: systemClock.nowMs() },
    });
  });
  return { got, send, cut: () => socket.terminate() };
}

type Bench = {
  readonly peers: Peer[];
  readonly calls: string[];
  readonly enrolments: () => number;
  readonly stateDir: string;
  readonly stop: () => Promise<void>;
  readonly running: Promise<void>;
};

async function bench(isStoppedWhileEnrolling = false): Promise<Bench> {
  const stopping = new AbortController();
  const folder = await temporaryFolder();
  const rng = seededRng(7);
  const options = { folder: join(folder, 'ca'), region: 'test', hosts: ['127.0.0.1'], agentLifeMs: 86_400_000 };
  const ca = await openRegionCa({ ...options, clock: systemClock, rng });
  const peers: Peer[] = [];
  let enrolments = 0;
  let port = 0;
  const server = createServer({ ...ca.server, ca: ca.caPem, requestCert: true, rejectUnauthorized: false });
  server.on('request', (request, response) => {
    void (async () => {
      enrolments += 1;
      if (isStoppedWhileEnrolling) stopping.abort();
      const asked: unknown = await json(request);
      if (!enrolRequest.Check(asked)) throw new Error('the agent asks for something else');
      const read = await readCertificateRequest(Buffer.from(asked.csr, 'base64'));
      if (read?.boundTo !== 'token') throw new Error('the request is not bound to the token');
      const { certificate, issuedAtMs, expiresAtMs } = await ca.issueAgent('ast_1', read.publicKeyPem);
      const issued = { certificate, expiresAtMs, livesMs: expiresAtMs - issuedAtMs };
      const linkUrl = `wss://127.0.0.1:${port}/agent/v1/link`;
      const keys = {
        commandKeys: [stateKeys(region, region)],
        imageKeys: { [imageKey.keyId]: imageKey.publicKeyPem },
      };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ assetId: 'ast_1', ...issued, linkUrl, ...keys }));
    })();
  });
  new WebSocketServer({ server }).on('connection', (socket) => peers.push(peerOf(socket)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;

  const { platform, calls } = await fileMachine(folder);
  const stateDir = join(folder, 'state');
  const evidence = JSON.stringify({ eth0: { address: '52:54:00:aa:00:01', device: '0000:01:00.0' } });
  const inventory = inventoryFromEvidence([
    { source: 'net.json', bytes: Buffer.from(evidence), sha256: '0'.repeat(64) },
  ]);
  const running = runAgent(
    {
      config: {
        home: 'pious',
        controllerUrl: `https://127.0.0.1:${port}`,
        ca: { pem: ca.caPem },
        token: 'token',
        stateDir,
        root: folder,
      },
      clock: systemClock,
      bootId: 'boot-1',
      platform,
      collect: () =>
        Promise.resolve({
          inventory: { ...inventory, identity: { ...inventory.identity, serial: 'SN-1' } },
          hash: '0'.repeat(64),
          report: { hash: '0'.repeat(64), evidence: [], absent: [], unread: [] },
          findings: [],
        }),
      health: () => Promise.resolve({ state: 'ok', findings: [], readings: {} }),
      onStatus: () => undefined,
      log: () => undefined,
      tpm: () => Promise.resolve(undefined),
      reconnect: { baseMs: 1, capMs: 20 },
    },
    stopping.signal,
  );
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  onTestFinished(async () => {
    await stop();
    server.closeAllConnections();
    server.close();
  });
  return { peers, calls, enrolments: () => enrolments, stateDir, stop, running };
}

async function peerAt(peers: readonly Peer[], index: number): Promise<Peer> {
  await expect.poll(() => peers[index]?.got.map(({ type }) => type), { timeout: 10_000 }).toContain('health');
  const peer = peers[index];
  if (peer === undefined) throw new Error(`no session ${index}`);
  return peer;
}
const resultsOf = (peer: Peer): string[] =>
  peer.got.flatMap(({ type, body }) => (type === 'command-result' ? [`${body.commandId} ${body.outcome}`] : []));
const typesOf = (peer: Peer): string[] => peer.got.map(({ type }) => type);

it('enrols once, says hello first, and comes back with the same identity after a cut', async () => {
  const { peers, enrolments } = await bench();
  const first = await peerAt(peers, 0);
  expect(first.got[0]).toMatchObject({ type: 'hello', body: { assetId: 'ast_1', bootId: 'boot-1', home: 'pious' } });
  first.cut();
  const second = await peerAt(peers, 1);
  expect(second.got[0]).toMatchObject({ type: 'hello', body: { assetId: 'ast_1' } });
  expect(enrolments()).toBe(1);
});

it('ends when it is asked to while it enrols', async () => {
  const { enrolments, running } = await bench(true);
  await running;
  expect(enrolments()).toBe(1);
});

it('tells the result of a command to the session that is open when it ends', async () => {
  const { peers } = await bench();
  let finish = (): void => undefined;
  const imageUrl = await serve((_, response) => (finish = () => response.end(packedImage)));
  const first = await peerAt(peers, 0);
  first.send({ type: 'command', body: region.signCommand(provision(1, imageUrl, diskSerial)) });
  await expect.poll(() => typesOf(first)).toContain('command-accepted');
  first.cut();
  const second = await peerAt(peers, 1);
  finish();
  await expect.poll(() => resultsOf(second)).toEqual(['cmd_1 succeeded']);
});

it('runs no command of a new session while one of an older session still runs', async () => {
  const { peers, calls } = await bench();
  let finish = (): void => undefined;
  const imageUrl = await serve((_, response) => (finish = () => response.end(packedImage)));
  const first = await peerAt(peers, 0);
  first.send({ type: 'command', body: region.signCommand(provision(1, imageUrl, diskSerial)) });
  await expect.poll(() => calls).toEqual(['find DISK-1']);
  first.cut();
  const second = await peerAt(peers, 1);
  second.send({ type: 'command', body: region.signCommand(provision(1, imageUrl, diskSerial)) });
  second.send({ type: 'command', body: region.signCommand(provision(2, imageUrl, 'DISK-2')) });
  // The answer to a later message shows that the commands before it have arrived.
  second.send({ type: 'inventory-request', body: { hash: '0'.repeat(64) } });
  await expect.poll(() => typesOf(second)).toContain('inventory');
  expect(calls).toEqual(['find DISK-1']);
  finish();
  await expect.poll(() => resultsOf(second)).toContain('cmd_2 failed');
  expect(calls).toEqual(['find DISK-1', 'mount 3', 'unmount', 'find DISK-2']);
  expect(new Set(resultsOf(second))).toEqual(new Set(['cmd_1 succeeded', 'cmd_2 failed']));
});

it('tells a result again in every session until it is acknowledged', async () => {
  const { peers } = await bench();
  const first = await peerAt(peers, 0);
  first.send({ type: 'command', body: region.signCommand(provision(1, 'http://127.0.0.1:1/', 'DISK-2')) });
  await expect.poll(() => resultsOf(first)).toEqual(['cmd_1 failed']);
  first.cut();
  const second = await peerAt(peers, 1);
  await expect.poll(() => resultsOf(second)).toEqual(['cmd_1 failed']);
  second.send({ type: 'result-ack', body: { commandId: 'cmd_1' } });
  // Acknowledging is in the journal before the next command is.
  second.send({ type: 'command', body: region.signCommand(provision(2, 'http://127.0.0.1:1/', 'DISK-2')) });
  await expect.poll(() => resultsOf(second)).toEqual(['cmd_1 failed', 'cmd_2 failed']);
  second.cut();
  const third = await peerAt(peers, 2);
  await expect.poll(() => resultsOf(third)).toEqual(['cmd_2 failed']);
});

it('leaves a readable status behind, the last one it showed', async () => {
  const { peers, stateDir, stop } = await bench();
  const verdict = { name: 'srv-a', state: 'SPARE', place: 'r1/u1', findings: ['one'] };
  const first = await peerAt(peers, 0);
  for (const name of ['a', 'b', 'srv-a']) first.send({ type: 'verdict', body: { ...verdict, name } });
  first.send({ type: 'inventory-request', body: { hash: '0'.repeat(64) } });
  await expect.poll(() => typesOf(first)).toContain('inventory');
  await stop();
  const status = await loadStatus(stateDir);
  expect(status).toMatchObject(verdict);
  expect(status.link).toMatch(/^not connected/);
});

it('goes on with a burn-in when the link is cut, tells the next session where it is, and ends it from there', async () => {
  const { peers } = await bench();
  const { approval: _, name: __, args: ___, ...common } = provision(1, '', '');
  const burnIn: Command = {
    ...common,
    approval: null,
    name: 'burn-in',
    args: { profile: 'intake', tools: null, writeDiskSerials: [] },
  };
  const first = await peerAt(peers, 0);
  first.send({ type: 'command', body: region.signCommand(burnIn) });
  await expect.poll(() => typesOf(first)).toContain('burn-in-progress');
  first.cut();
  const second = await peerAt(peers, 1);
  await expect.poll(() => typesOf(second)).toContain('burn-in-progress');
  expect(resultsOf(second)).toEqual([]);
  // All commands that have not ended come again: the one that runs must not keep its own end waiting.
  second.send({ type: 'command', body: region.signCommand(burnIn) });
  const cancel: Command = { ...burnIn, id: 'cmd_2', generation: 2, name: 'burn-in-cancel', args: { burnInCommandId: 'cmd_1' } };
  second.send({ type: 'command', body: region.signCommand(cancel) });
  await expect.poll(() => new Set(resultsOf(second)), { timeout: 10_000 }).toEqual(new Set(['cmd_1 failed', 'cmd_2 succeeded']));
  const report = second.got.flatMap(({ type, body }) => (type === 'command-result' && body.report !== undefined ? [body.report] : []));
  expect(report[0]?.results.some(({ outcome }) => outcome === 'cancelled')).toBe(true);
}); // prettier-ignore
