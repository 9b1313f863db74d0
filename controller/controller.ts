// The controller put together: the only place that sees every part. Starting reads what is on disk and goes on from
// there; stopping lets what runs end. There is no other clean-up, so being killed is not special.
import { once } from 'node:events';
import { mkdir, readFile, rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';

import type { BurnInTools } from '../shared/burn-in/report.ts';
import { systemClock, type Clock } from '../shared/clock.ts';
import { messageOf, PpecError } from '../shared/errors.ts';
import type { IdSource } from '../shared/ids.ts';
import { startAudit, type Audit } from './audit/audit.ts';
import { createAuth } from './auth/auth.ts';
import { readOidc } from './auth/read-oidc.ts';
import { openBlobs } from './blobs.ts';
import { createBootServer } from './boot/boot-server.ts';
import { openToolImage, toolPath, type ToolImage } from './boot/tool-image.ts';
import type { Config } from './config.ts';
import { consoleTail } from './console-logs.ts';
import { openAuditKey } from './crypto/audit-key.ts';
import { openTpmMakers } from './crypto/ek-certificate.ts';
import { openRegionCa } from './crypto/region-ca.ts';
import { createEventFeed } from './event-feed.ts';
import { createHttpServer, type HttpDeps } from './http/server.ts';

import { agentFacts, verdictOf, type FactsDeps } from './hub/agent-facts.ts';
import { createAlertGate } from './hub/alert-gate.ts';
import { createAgentListener, type AgentListener } from './hub/agent-listener.ts';
import { createBurnInBook } from './hub/burn-in-book.ts';
import { createRegistry, type Registry } from './hub/registry.ts';
import { agentLaneMax, apiSocketConnectionsMax } from './limits.ts';
import type { Log } from './log.ts';
import { createMetrics } from './metrics.ts';
import { createOpenRequests } from './open-requests.ts';
import type { OpsDeps } from './ops/handler.ts';
import { admit } from './net/admission.ts';
import { createLane } from './net/lane.ts';
import { imageProblems } from './ops/image-ops.ts';
import { createRunner } from './ops/runner.ts';
import { burnInReconciler } from './reconcile/burn-in.ts';
import { allowedNetworks, startOutboxes } from './outbox/outboxes.ts';
import { startChangeTimer } from './reconcile/change-expiry.ts';
import { createDriver, type Driver } from './reconcile/driver.ts';
import { identityReconciler } from './reconcile/identity.ts';
import { inspectionReconciler } from './reconcile/inspection.ts';
import { presenceReconciler, type Hub, type Presence } from './reconcile/presence.ts';
import { reparseEvidence } from './reconcile/reparse.ts';
import { provisioningReconciler } from './reconcile/provisioning.ts';
import { openSigning } from './signing.ts';
import { strongRng } from './strong-rng.ts';
import { assetById } from './store/assets.ts';
import { segmentFolder } from './store/audit-archive.ts';
import { openDatabase, type Db } from './store/database.ts';
import { createStore, type Store } from './store/unit-of-work.ts';

export const controllerVersion = '0.1.0';

/** One alert about one identity in this time; the next one says how often it came meanwhile. */
const alertEveryMs = 300_000;

export type Controller = {
  /** Ports in use: the configured ones, or those the system chose where 0 was configured. */
  readonly ports: { readonly api: number; readonly agents: number; readonly boot: number };
  readonly caPem: string;
  readonly stop: () => Promise<void>;
};

/** Starts everything, in the order in which parts depend on each other. */
export async function startController(config: Config, log: Log, clock: Clock = systemClock): Promise<Controller> {
  const core = await openCore(config, log, clock);
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

type Core = Awaited<ReturnType<typeof openCore>>;

/** What everything else is built on: the store, the keys, the blobs, and who is connected. */
async function openCore(config: Config, log: Log, clock: Clock) {
  const ids: IdSource = { clock, rng: strongRng };
  const keys = join(config.dataDirectory, 'keys');
  await mkdir(keys, { recursive: true, mode: 0o700 });
  const registry = createRegistry();
  const opened = await openStore(config, { log, ids, sessions: registry.all });
  const { db, store, feed, audit } = opened;
  const ca = await openRegionCa({
    folder: keys,
    region: config.region,
    hosts: [config.publicHost, ...config.extraHosts],
    agentLifeMs: config.timing.agentCertificateMs,
    clock,
    rng: strongRng,
  });
  const urls = {
    bootUrl: `http://${config.publicHost}:${config.boot.port}`,
    agentUrl: `https://${config.publicHost}:${config.agents.port}`,
    apiUrl: `https://${config.publicHost}:${config.api.port}`,
  };
  const auth = createAuth({
    store,
    clock,
    log,
    gathered: audit.gathered,
    apiUrl: urls.apiUrl,
    oidc: await readOidc(config),
  });
  const imageKeys = await readImageKeys(config);
  const blobs = await openBlobs(join(config.dataDirectory, 'images'), config.imageBytesMax);
  const toolImage = config.burnIn.tools === null ? undefined : await openToolImage(config.burnIn.tools);
  const tools = toolImage === undefined ? null : toolsAt(urls.bootUrl, toolImage);
  const burnIns = createBurnInBook();
  const signing = await openSigning({ config, log, store, registry, keys });
  const consoleText = (serial: string): Promise<string | undefined> => consoleTail(config.consoleLogDirectory, serial);
  const ops: OpsDeps = {
    db,
    clock,
    ids,
    region: { name: config.region, version: controllerVersion, caSha256: ca.caSha256, bootUrl: urls.bootUrl },
    agentsOnline: registry.count,
    audit,
    problems: audit.problems.list,
    imageKeys,
    blobs,
    consoleText,
    burnIn: { hasTools: tools !== null, progressOf: burnIns.progressOf },
    signer: signing.signer,
    webhookRules: { allowHttp: config.webhooks.allowHttp, allowed: allowedNetworks(config.webhooks) },
    mailIsConfigured: config.smtp !== null,
    signIn: { url: urls.apiUrl, issuer: config.oidc?.issuer ?? null, passwords: auth.passwords },
    waitForEvent: feed.wait,
  };
  const agentRssBytesMax = (): number =>
    [...registry.all()].reduce((most, agent) => Math.max(most, agent.rssBytes()), 0);
  const metrics = createMetrics({ agentsOnline: registry.count, agentRssBytesMax });
  return {
    config,
    log,
    clock,
    ids,
    ...opened,
    ca,
    signing,
    ...(await openIdentities(config, clock, registry)),
    registry,
    metrics,
    urls,
    imageKeys,
    blobs,
    consoleText,
    toolImage,
    tools,
    burnIns,
    auth,
    ops,
  };
}

type StoreDeps = { readonly log: Log; readonly ids: IdSource; readonly sessions: Registry['all'] };

/** The store, and who hears of its commits: long polls, reconcilers, the audit, and requests whose right is gone. */
async function openStore(config: Config, { log, ids, sessions }: StoreDeps) {
  const db = await openDatabase(join(config.dataDirectory, 'ppec.db'));
  const newest = await db.selectFrom('events').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst();
  const feed = createEventFeed(newest?.seq ?? 0);
  // The driver reads the store and the store wakes the driver, the audit writes into the store and the store tells it what
  // was appended: the knots, tied when all are there.
  const wakes: { to: (assetId: string) => void; outboxes: () => void } = {
    to: () => undefined,
    outboxes: () => undefined,
  };
  const appended: { to: Audit['appended'] } = { to: () => undefined };
  const openRequests = createOpenRequests();
  const store = createStore({
    db,
    ids,
    cutOff: openRequests.cutOff,
    committed: (woken, seq, end) => {
      feed.committed(seq);
      for (const assetId of woken) wakes.to(assetId);
      if (seq > 0) wakes.outboxes();
      if (end !== undefined) appended.to(end);
    },
  });
  const audit = await startAudit({
    store,
    clock: ids.clock,
    log,
    signer: await openAuditKey(join(config.dataDirectory, 'keys')),
    region: config.region,
    folder: segmentFolder(config),
    rules: config.audit,
    sessions,
  });
  appended.to = audit.appended;
  return { db, store, feed, wakes, audit, openRequests };
}

/** What stands behind the identities of agents. */
async function openIdentities(config: Config, clock: Clock, registry: ReturnType<typeof createRegistry>) {
  return {
    makers: await openTpmMakers(config.tpm.caFiles),
    alerts: createAlertGate(clock, alertEveryMs),
    liveBoot: liveBootOf(registry, clock, config),
  };
}

function toolsAt(bootUrl: string, { sha256, bytes }: ToolImage): BurnInTools {
  return { url: bootUrl + toolPath(sha256), sha256, bytes };
}

function createReconciling(core: Core): { presence: Presence; driver: Driver } {
  const { config, store, clock, log, registry, urls } = core;
  const hub: Hub = {
    isConnected: (assetId) => registry.find(assetId) !== undefined,
    deliver: async (assetId) => {
      const session = registry.find(assetId);
      if (session !== undefined) await core.signing.sender.send(session);
    },
    addressOf: (assetId) => registry.find(assetId)?.address,
    askAnew: (assetId) => registry.find(assetId)?.send({ type: 'inventory-request', body: { hash: null } }),
  };
  const presence = presenceReconciler({ store, clock, hub, ...config.timing });
  const provisioning = provisioningReconciler({
    ...core,
    region: config.region,
    hub,
    imageProblems: (image) => imageProblems(image, core.ops),
    imageUrl: (sha256) => `${urls.bootUrl}/boot/images/${sha256}`,
    agentUrl: urls.agentUrl,
    caPem: core.ca.caPem,
    deadlinesMs: deadlinesOf(config),
  });
  const burnIn = burnInReconciler({
    ...core,
    region: config.region,
    hub,
    progressOf: core.burnIns.progressOf,
    extraMs: config.timing.burnInExtraMs,
    stepMs: config.timing.stepMs,
  });
  const rules = { ...config.burnIn, hasTools: core.tools !== null };
  const driver = createDriver({
    clock,
    rng: strongRng,
    log,
    ran: verdictTeller(store, registry),
    // A burn-in that has ended is judged at once.
    reconcilers: [
      presence.reconciler,
      identityReconciler({ store, findSession: registry.find }),
      burnIn,
      inspectionReconciler(store, hub, rules),
      provisioning,
    ],
  });
  return { presence, driver };
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

/** What was under way when the controller last ran goes on. */
async function resume(db: Db, driver: Driver): Promise<void> {
  const rows = await db.selectFrom('assets').select('id').where('state', 'not in', ['ORDERED', 'RETIRED']).execute();
  for (const { id } of rows) driver.wake(id);
}

function deadlinesOf({ timing }: Config) {
  return {
    reinspect: timing.stepMs,
    'reserve-address': timing.stepMs,
    'verify-image': timing.stepMs,
    'write-image': timing.writeImageMs,
    kexec: timing.kexecMs,
    'phone-home': timing.phoneHomeMs,
  };
}

/** Tells an agent what the controller thinks of its machine, when that changed. */
function verdictTeller(store: Store, registry: ReturnType<typeof createRegistry>): (assetId: string) => Promise<void> {
  const told = new WeakMap<object, string>();
  return async (assetId) => {
    const session = registry.find(assetId);
    const asset = session === undefined ? undefined : await assetById(store.db, assetId);
    if (session === undefined || asset === undefined) return;
    const body = verdictOf(asset);
    const text = JSON.stringify(body);
    if (told.get(session) === text) return;
    told.set(session, text);
    session.send({ type: 'verdict', body });
  };
}

/** The boot of a live session: one that was heard within one and a half heartbeats. */
function liveBootOf(
  registry: ReturnType<typeof createRegistry>,
  clock: Clock,
  config: Config,
): (assetId: string) => string | undefined {
  return (assetId) => {
    const session = registry.find(assetId);
    if (session === undefined) return undefined;
    return clock.nowMs() - session.lastHeardMs() < 1.5 * config.timing.heartbeatMs ? session.bootId : undefined;
  };
}

async function readImageKeys(config: Config): Promise<Record<string, string>> {
  const keys: Record<string, string> = {};
  for (const [id, file] of Object.entries(config.imageKeys)) {
    keys[id] = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new PpecError('invalid_argument', `imageKeys.${id}: ${file} cannot be read: ${messageOf(error)}`, {
        cause: error,
      });
    });
  }
  return keys;
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
