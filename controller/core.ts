// What every part of the controller is built on: the store, the keys, the blobs, who is connected, and what operations reach.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BurnInTools } from '../shared/burn-in/report.ts';
import { type Clock } from '../shared/clock.ts';
import { messageOf, PpecError } from '../shared/errors.ts';
import type { IdSource } from '../shared/ids.ts';
import { startAudit, type Audit } from './audit/audit.ts';
import { createAuth } from './auth/auth.ts';
import { readOidc } from './auth/read-oidc.ts';
import { openBlobs } from './blobs.ts';
import { openToolImage, toolPath, type ToolImage } from './boot/tool-image.ts';
import type { Config } from './config.ts';
import { consoleTail } from './console-logs.ts';
import { openAuditKey } from './crypto/audit-key.ts';
import { openTpmMakers } from './crypto/ek-certificate.ts';
import { openRegionCa } from './crypto/region-ca.ts';
import { createEventFeed } from './event-feed.ts';
import { createAlertGate } from './hub/alert-gate.ts';
import { createBurnInBook } from './hub/burn-in-book.ts';
import { createRegistry, type Registry } from './hub/registry.ts';
import type { Log } from './log.ts';
import { createMetrics } from './metrics.ts';
import { createOpenRequests } from './open-requests.ts';
import type { OpsDeps } from './ops/handler.ts';
import { allowedNetworks } from './outbox/outboxes.ts';
import { openSigning } from './signing.ts';
import { strongRng } from './strong-rng.ts';
import { segmentFolder } from './store/audit-archive.ts';
import { openDatabase } from './store/database.ts';
import { createStore } from './store/unit-of-work.ts';
import { controllerVersion } from './version.ts';

/** One alert about one identity in this time; the next one says how often it came meanwhile. */
const alertEveryMs = 300_000;

export type Core = Awaited<ReturnType<typeof openCore>>;

export type CoreDeps = {
  readonly config: Config;
  readonly log: Log;
  readonly clock: Clock;
  /** The file that runs as the controller; the signer's is beside it. */
  readonly program: string;
};

/** What everything else is built on: the store, the keys, the blobs, and who is connected. */
export async function openCore({ config, log, clock, program }: CoreDeps) {
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
  const signing = await openSigning({ config, log, store, registry, keys, program });
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
