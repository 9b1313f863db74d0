// The servers of the part `tls-accept`, one per process: the controller's agent listener with nothing behind it, or the
// barest server that asks for a client certificate over the same TLS.
import { once } from 'node:events';
import type { Server } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';

import { createAlertGate } from '../../controller/hub/alert-gate.ts';
import { createAgentListener, type ListenerDeps } from '../../controller/hub/agent-listener.ts';
import type { LiveSession } from '../../controller/hub/registry.ts';
import { agentLaneMax } from '../../controller/limits.ts';
import { createLane } from '../../controller/net/lane.ts';
import { openDatabase, type Db } from '../../controller/store/database.ts';
import { systemClock } from '../../shared/clock.ts';
import { serveCommands } from '../hub/worker.ts';
import { isServeCommand, type ServeCommand } from './accept-commands.ts';

serveCommands(isServeCommand, async (command) => {
  const server = command.kind === 'bare' ? bare(command) : await listener(command);
  server.listen(0, '127.0.0.1', 4096);
  await once(server, 'listening');
  const address = server.address();
  return { count: typeof address === 'object' && address !== null ? address.port : 0 };
});

function bare({ caPem, key, cert }: ServeCommand): Server {
  const held = new Set<TLSSocket>();
  return createServer(
    { key, cert, ca: caPem, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3' },
    (socket) => {
      held.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => held.delete(socket));
    },
  );
}

async function listener(command: ServeCommand): Promise<Server> {
  const { caPem, key, cert } = command;
  const never = (): Promise<never> => Promise.reject(new Error('nobody enrols here'));
  const held = new Set<LiveSession>();
  const nothing = (): void => undefined;
  const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
  const deps: ListenerDeps = {
    enrolment: {
      store: { nowMs: systemClock.nowMs, write: never, db: await databaseWith(command) },
      ids: { clock: systemClock, rng: { bytes: (count) => new Uint8Array(count) } },
      makers: { issuerOf: () => undefined },
      alerts: createAlertGate(systemClock, 1000),
      ca: { caPem, caSha256: '', server: { key, cert }, issueAgent: never },
      commandKeys: () => [],
      imageKeys: {},
      linkUrl: '',
      liveBoot: () => undefined,
    },
    session: {
      clock: systemClock,
      // Links that only stand say nothing, and are not silent for the time of a round.
      heartbeatMs: 3_600_000,
      lane: createLane(agentLaneMax),
      // Every link of the bench is of one asset, and none replaces another.
      registry: {
        find: () => undefined,
        add: (session) => void held.add(session),
        remove: (session) => held.delete(session),
        all: () => held.values(),
        count: () => held.size,
      },
      events: {
        hello: () => Promise.resolve(undefined),
        welcomed: () => Promise.resolve(),
        message: () => Promise.resolve(),
        ended: nothing,
      },
      log,
      counters: { heartbeat: nothing, closed: nothing },
    },
    log,
    enrolled: nothing,
  };
  return createAgentListener(deps).server;
}

/** In memory: what is measured is the accept, with the one question that it asks of the store. */
async function databaseWith({ assetId, certificateSerial }: ServeCommand): Promise<Db> {
  const db = await openDatabase(':memory:');
  await db
    .insertInto('agent_certificates')
    .values({
      serial: certificateSerial,
      asset_id: assetId,
      boot_id: 'bench',
      home: 'pious',
      issued_at: 0,
      expires_at: Number.MAX_SAFE_INTEGER,
      used_at: 0,
      replaced_by: null,
      revoked_at: null,
      revoked_why: null,
    })
    .execute();
  return db;
}
