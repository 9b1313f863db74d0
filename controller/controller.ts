// The controller put together: the only place that sees every part. Starting reads what is on disk and goes on from
// there; stopping lets what runs end. There is no other clean-up, so being killed is not special.
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { systemClock } from '../shared/clock.ts';
import { createBootServer } from './boot/boot-server.ts';
import type { Config } from './config.ts';
import { createHttpServer, type HttpDeps } from './http/server.ts';
import { agentFacts, type FactsDeps } from './hub/agent-facts.ts';
import { createAgentListener, type AgentListener } from './hub/agent-listener.ts';
import { agentLaneMax, apiSocketConnectionsMax } from './limits.ts';
import type { Log } from './log.ts';
import { admit } from './net/admission.ts';
import { createLane } from './net/lane.ts';
import { createRunner } from './ops/runner.ts';
import { startOutboxes } from './outbox/outboxes.ts';
import { startChangeTimer } from './reconcile/change-expiry.ts';
import { reparseEvidence } from './reconcile/reparse.ts';
import { strongRng } from './strong-rng.ts';
import { openCore, type Core, type CoreDeps } from './core.ts';
import { createReconciling, resume } from './reconciling.ts';
import { controllerVersion } from './version.ts';

export type Controller = {
  /** Ports in use: the configured ones, or those the system chose where 0 was configured. */
  readonly ports: { readonly api: number; readonly agents: number; readonly boot: number };
  readonly caPem: string;
  readonly stop: () => Promise<void>;
};

export type StartOptions = Partial<Pick<CoreDeps, 'clock' | 'program'>>;

/** Starts everything, in the order in which parts depend on each other. */
export async function startController(
  config: Config,
  log: Log,
  { clock = systemClock, program = process.argv[1] ?? '' }: StartOptions = {},
): Promise<Controller> {
  const core = await openCore({ config, log, clock, program });
  const { presence, driver } = createReconciling(core);
  core.wakes.to = driver.wake;
  const agents = createAgents(core, {
    linkEnded: (assetId, lastHeardMs) => {
      presence.linkEnded(assetId, lastHeardMs);
      driver.wake(assetId);
    },
    burnInTold: (assetId, progress) => {
      if (core.burnIns.told(assetId, progress)) driver.wake(assetId);
    },
  });
  const boot = createBootServer({
    ...core,
    ...core.urls,
    caPem: core.ca.caPem,
    caSha256: core.ca.caSha256,
    piousDirectory: config.piousDirectory,
    piousCmdline: config.piousCmdline,
    tokenLivesMs: config.timing.bootTokenMs,
    scriptsPerAddressPerMinute: config.admission.bootScriptsPerAddressPerMinute,
    tokensPerAddress: config.admission.bootTokensPerAddress,
  });
  const http = httpDeps(core);
  const api = await createHttpServer(http, { tls: core.ca.server });
  const localApi = config.apiSocket === null ? undefined : await createHttpServer(http, {});
  admit(
    { api: api.server, agents: agents.server, boot },
    { ...config.admission, clock, refused: core.metrics.connectionRefused },
  );
  if (localApi !== undefined) localApi.server.maxConnections = apiSocketConnectionsMax;
  const ports = {
    api: await listenFastify(api, config.api),
    agents: await listen(agents.server, config.agents),
    boot: await listen(boot, config.boot),
  };
  if (localApi !== undefined && config.apiSocket !== null) {
    await rm(config.apiSocket, { force: true });
    await localApi.listen({ path: config.apiSocket });
  }
  const outboxes = await startOutboxes(config, { ...core, rng: strongRng });
  core.wakes.outboxes = outboxes.wake;
  const stopExpiry = startChangeTimer(core.store, core.ops, log);
  await reparseEvidence(core.store, log);
  await resume(core.db, driver);
  log.info({ region: config.region, ...ports, publicHost: config.publicHost }, 'controller started');
  return {
    ports,
    caPem: core.ca.caPem,
    stop: async () => {
      log.info('controller stopping');
      await stopExpiry();
      core.feed.stop();
      core.signing.stop();
      agents.closeLinks();
      agents.server.close();
      agents.server.closeAllConnections();
      boot.close();
      boot.closeAllConnections();
      await api.close();
      await localApi?.close();
      await driver.stop();
      await outboxes.stop();
      await core.audit.stop();
      await core.db.destroy();
      log.info('controller stopped');
    },
  };
}

function createAgents(core: Core, told: Pick<FactsDeps, 'linkEnded' | 'burnInTold'>): AgentListener {
  const { config, metrics, urls } = core;
  return createAgentListener({
    enrolment: {
      ...core,
      commandKeys: core.signing.signer.statements,
      linkUrl: `${urls.agentUrl.replace('https:', 'wss:')}/agent/v1/link`,
    },
    session: {
      ...core,
      heartbeatMs: config.timing.heartbeatMs,
      events: agentFacts({ ...core, ...told, auditHeads: core.audit.held, sender: core.signing.sender }),
      lane: createLane(agentLaneMax),
      counters: { heartbeat: metrics.heartbeat, closed: metrics.linkClosed },
    },
    log: core.log,
    enrolled: metrics.enrolled,
  });
}

function httpDeps(core: Core): HttpDeps {
  return {
    run: createRunner(core.store, core.ops),
    auth: core.auth,
    openRequests: core.openRequests,
    apiUrl: core.urls.apiUrl,
    region: core.config.region,
    putBlob: async (caller, sha256, content) => {
      const stored = await core.blobs.put(sha256, content);
      const message = stored.created ? `${stored.bytes} bytes of image content stored` : 'stored already';
      await core.store.write(caller.actor, (uow) =>
        uow.audit({ operation: 'blob.put', targets: [sha256], outcome: 'done', message }),
      );
      return stored;
    },
    auditAttempt: core.audit.attempt,
    notReady: () =>
      core.db
        .selectFrom('people')
        .select('id')
        .limit(1)
        .execute()
        .then(
          () => core.signing.notReady(),
          () => 'the database does not answer',
        ),
    metricsText: core.metrics.text,
    counted: core.metrics.request,
    version: controllerVersion,
    clock: core.clock,
    log: core.log,
  };
}

async function listenFastify(
  app: FastifyInstance,
  at: { readonly host: string; readonly port: number },
): Promise<number> {
  await app.listen(at);
  return portOf(app.server, at.port);
}

async function listen(server: Server, at: { readonly host: string; readonly port: number }): Promise<number> {
  server.listen(at.port, at.host);
  await once(server, 'listening');
  return portOf(server, at.port);
}

function portOf(server: Server, configured: number): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : configured;
}
