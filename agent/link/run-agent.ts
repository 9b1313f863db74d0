// The agent's life: inventory, identity, link, and again. Every failure ends in a later attempt with full jitter, and
// what was the matter is on the console.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { fullJitterMs } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import { capabilities } from '../../shared/protocol/capabilities.ts';
import { closeCodes } from '../../shared/protocol/close-codes.ts';
import type { AgentBody, AgentMessage, ControllerMessage, HealthReport } from '../../shared/protocol/messages.ts';
import { protocolVersion } from '../../shared/protocol/version.ts';
import { reportOf, type HealthFinding } from '../../shared/health/finding.ts';
import type { CollectedInventory } from '../collect/inventory.ts';
import { probeTarget } from '../burn-in/probe-target.ts';
import { agentVersion, type AgentConfig } from '../config.ts';
import { openHeadKeeper, type HeadKeeper } from '../audit-heads.ts';
import type { Platform } from '../handlers/platform.ts';
import { unenforcedChecks, verificationFindings } from '../handlers/verifier-self-test.ts';
import { hardwareOf, tlsOf, type CertificateDeps } from '../identity/certificate.ts';
import { obtainIdentity, renewInMs, type ChosenIdentity } from '../identity/identity.ts';
import type { Identity } from '../identity/identity-file.ts';
import { regionCa } from '../identity/https.ts';
import { openKeyRing, type KeyRing } from '../identity/key-ring.ts';
import { openJournal, type Journal } from '../journal.ts';
import { commandRunner, type CommandRunner } from './commands.ts';
import { keyUpkeep, type KeyUpkeep } from './key-upkeep.ts';
import { healthReporter, inventoryKeeper, type FactsDeps, type InventoryKeeper } from './facts.ts';
import { openSession, type Session } from './session.ts';
import { initialStatus, saveStatus, type AgentStatus } from './status.ts';

export type AgentDeps = {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly bootId: string;
  readonly platform: Platform;
  readonly collect: () => Promise<CollectedInventory>;
  readonly health: FactsDeps['health'];
  readonly tpm: CertificateDeps['tpm'];
  readonly onStatus: (status: AgentStatus) => void;
  readonly log: (text: string) => void;
  readonly reconnect?: { readonly baseMs: number; readonly capMs: number };
};

const rng = { bytes: (count: number): Uint8Array => randomBytes(count) };
const defaultReconnect = { baseMs: 500, capMs: 30_000 };
const steadyLinkMs = 30_000;

/** Runs until `signal` aborts. */
export async function runAgent(deps: AgentDeps, signal: AbortSignal): Promise<void> {
  const journal = await openJournal(join(deps.config.stateDir, 'journal'));
  const keyRing = await openKeyRing(deps.config.stateDir);
  const unenforced = unenforcedChecks();
  for (const problem of [...unenforced, ...journal.damage(), keyRing.damage() ?? []].flat()) deps.log(problem);
  const trust: Trust = { keyRing, unenforced, findings: trustFindings(unenforced, journal, keyRing) };
  let status = initialStatus;
  let saving: Promise<void> = Promise.resolve();
  const show = (patch: Partial<AgentStatus>): void => {
    status = { ...status, ...patch };
    deps.onStatus(status);
    const shown = status;
    saving = saving
      .then(() => saveStatus(deps.config.stateDir, shown))
      .catch((error: unknown) => deps.log(`status not saved: ${messageOf(error)}`));
  };
  const heads = await openHeadKeeper(deps.config.stateDir, deps.log);
  const link: Link = { current: undefined };
  // One runner for all sessions: a command outlives the session that brought it, its result goes to the session that is
  // open by then, and the next command waits for it whichever session brings that one.
  const runner = linkRunner({ deps, journal, link, keyRing });
  let attempt = 0;
  while (!signal.aborted) {
    try {
      show({ link: 'enrolling' });
      const collected = await deps.collect();
      const ca = await regionCa(deps.config.ca);
      const chosen = await obtainIdentity({ ...deps, ca, inventory: collected.inventory, keyRing });
      show({ link: `connecting to ${chosen.identity.enrolled.linkUrl}` });
      const startedMs = deps.clock.nowMs();
      const wasWelcome = await runSession({ deps, runner, heads, link, chosen, ca, collected, show, trust }, signal);
      // A link that breaks as soon as it stands is not a success: it must not be tried without pause.
      if (wasWelcome && deps.clock.nowMs() - startedMs >= steadyLinkMs) attempt = 0;
    } catch (error) {
      deps.log(messageOf(error));
      show({ link: `not connected: ${messageOf(error)}` });
    }
    const waitMs = fullJitterMs(attempt, deps.reconnect ?? defaultReconnect, rng);
    attempt += 1;
    await pause(waitMs, signal);
  }
  await runner.stop();
  await heads.saved();
  await saving;
}

/** The newest session and what it came with; it stays here after its end, until the next one. */
type Link = {
  current:
    { session: Session; identity: Identity; facts: InventoryKeeper; serverOffsetMs: number; ca: string } | undefined;
};

/** What this agent found of its own means to refuse a command. */
type Trust = {
  readonly keyRing: KeyRing;
  readonly unenforced: readonly string[];
  readonly findings: readonly HealthFinding[];
};

function trustFindings(unenforced: readonly string[], journal: Journal, keyRing: KeyRing): HealthFinding[] {
  const damage = [...journal.damage(), ...[keyRing.damage() ?? []].flat()];
  return [
    ...verificationFindings(unenforced),
    ...damage.map((message) => ({
      check: 'command-records',
      component: 'agent',
      state: 'degraded' as const,
      message: `${message}.`.slice(0, 500),
    })),
  ];
}

type LinkRunner = {
  readonly deps: AgentDeps;
  readonly journal: Journal;
  readonly link: Link;
  readonly keyRing: KeyRing;
};

function linkRunner({ deps, journal, link, keyRing }: LinkRunner): CommandRunner {
  return commandRunner({
    journal,
    platform: deps.platform,
    home: deps.config.home,
    burnIn: {
      root: deps.config.root,
      inventory: async () => (await deps.collect()).inventory,
      findDisk: deps.platform.findDisk,
      controller: probeTarget(deps.config),
      ca: () => link.current?.ca,
      folder: join(deps.config.stateDir, 'burn-in'),
    },
    stateDir: deps.config.stateDir,
    clock: deps.clock,
    imageKeys: () => link.current?.identity.enrolled.imageKeys ?? {},
    target: () => ({
      assetId: link.current?.identity.enrolled.assetId ?? '',
      serial: link.current?.facts.current().inventory.identity.serial ?? null,
      bootId: deps.bootId,
      // The machine's own clock may be anything; the controller's came over the pinned link.
      nowMs: deps.clock.nowMs() + (link.current?.serverOffsetMs ?? 0),
      region: keyRing.region(),
      commandKeys: keyRing.keys(),
    }),
    send: (message) => link.current?.session.send(message),
    log: deps.log,
  });
}

type Connected = {
  readonly deps: AgentDeps;
  readonly runner: CommandRunner;
  readonly heads: HeadKeeper;
  readonly link: Link;
  readonly chosen: ChosenIdentity;
  readonly ca: string;
  readonly collected: CollectedInventory;
  readonly show: (patch: Partial<AgentStatus>) => void;
  readonly trust: Trust;
};

/** One session; answers whether the controller welcomed it. */
async function runSession(connected: Connected, signal: AbortSignal): Promise<boolean> {
  const { deps, runner, heads, link, chosen, ca, collected, show } = connected;
  const { identity } = chosen;
  const send = (message: AgentMessage): void => session.send(message);
  const keys = keysOf(connected);
  let clockAheadMs = (): number | undefined => undefined;
  const facts = inventoryKeeper(deps, collected, { send, onRead: () => reporter.tell() });
  const reporter = healthReporter(deps, () => healthOf(connected, facts.current(), clockAheadMs()), send);
  const onMessage = (message: ControllerMessage): void => {
    switch (message.type) {
      case 'welcome':
        clockAheadMs = aheadOf(deps.clock, message.body.serverTimeMs);
        link.current = {
          session,
          identity,
          facts,
          serverOffsetMs: message.body.serverTimeMs - deps.clock.nowMs(),
          ca,
        };
        keys.expire();
        show({ link: 'connected' });
        send({ type: 'audit-heads', body: { heads: heads.held() } });
        // Killed before this is on disk, the agent tries the same one first.
        chosen.welcomed().catch((error: unknown) => deps.log(messageOf(error)));
        runner.resendResults();
        reporter.start();
        facts.start();
        break;
      case 'inventory-request':
        if (message.body.hash === null) void facts.tellAnew(reporter.tellAnew);
        else send({ type: 'inventory', body: facts.current().report });
        break;
      case 'command':
        show({ lastTold: 'a command' });
        // A key whose time is over is dropped before it is asked.
        keys.expire();
        keys.inForce(() => void runner.receive(message.body));
        break;
      case 'command-keys':
        keys.take(message.body.statements);
        break;
      case 'result-ack':
        runner.acknowledge(message.body.commandId).catch((error: unknown) => deps.log(messageOf(error)));
        break;
      case 'verdict':
        show({ ...message.body });
        break;
      case 'audit-head':
        heads.keep(message.body);
        break;
    }
  };
  const session = openSession({
    url: identity.enrolled.linkUrl,
    tls: tlsOf(identity, ca),
    clock: deps.clock,
    onMessage,
    hello: helloOf(connected),
  });
  const stop = (): void => session.close();
  signal.addEventListener('abort', stop, { once: true });
  // Asked to stop while it enrolled: the event is over and will not come again.
  if (signal.aborted) stop();
  // The next link begins with a renewed certificate.
  const renewal = setTimeout(stop, renewInMs(identity, deps.clock.nowMs()));
  const end = await session.ended;
  clearTimeout(renewal);
  signal.removeEventListener('abort', stop);
  reporter.stop();
  facts.stop();
  const meaning = end.close === undefined ? '' : ` (${closeCodes[end.close].reason})`;
  deps.log(`link closed: ${end.why}${meaning}`);
  if (end.isIdentityRefused) await chosen.refused();
  show({ link: `not connected: ${end.why}` });
  return end.wasWelcome;
}

async function healthOf(
  { deps, trust }: Connected,
  collected: CollectedInventory,
  clockAheadMs: number | undefined,
): Promise<HealthReport> {
  const health = await deps.health(collected, clockAheadMs);
  return trust.findings.length === 0 ? health : reportOf([...trust.findings, ...health.findings], health.readings);
}

function keysOf({ deps, link, trust: { keyRing } }: Connected): KeyUpkeep {
  return keyUpkeep({
    keyRing,
    nowMs: () => deps.clock.nowMs() + (link.current?.serverOffsetMs ?? 0),
    held: (sequence) => link.current?.session.send({ type: 'command-keys-held', body: { sequence } }),
    log: deps.log,
  });
}

function helloOf({ deps, chosen, collected, trust }: Connected): AgentBody<'hello'> {
  const { macs, ...rest } = hardwareOf(collected.inventory);
  return {
    protocol: protocolVersion,
    agentVersion,
    assetId: chosen.identity.enrolled.assetId,
    bootId: deps.bootId,
    sessionId: newId('session', { clock: deps.clock, rng }),
    home: deps.config.home,
    capabilities: [...capabilities],
    inventoryHash: collected.hash,
    verificationEnforced: trust.unenforced.length === 0,
    commandKeySequence: trust.keyRing.sequence(),
    hardware: { ...rest, macs: [...macs], ekSha256s: collected.inventory.tpm?.ekSha256s ?? [] },
  };
}

/** Goes on from the controller's time as it was told: a clock that is set right meanwhile is right. */
function aheadOf(clock: Clock, serverTimeMs: number): () => number {
  const toldAtMs = performance.now();
  return () => Math.round(clock.nowMs() - (serverTimeMs + performance.now() - toldAtMs));
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}
