// What agents report, written down: facts only. Which state follows from them is the reconcilers' to say.
import { canonicalJson } from '../../shared/canonical-json.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import type { AgentBody, AgentMessage } from '../../shared/protocol/messages.ts';
import type { CloseName } from '../../shared/protocol/close-codes.ts';
import type { Log } from '../log.ts';
import { hardwareProblem, mayHoldIdentity } from '../domain/machine-identity.ts';
import { standingOf, useCertificate } from '../store/agent-certificates.ts';
import { assetById, callName, knownMachine, placeOf } from '../store/assets.ts';
import { keepReport } from '../store/burn-ins.ts';
import { inventoryOf, inventoryOfReport, storeInventory } from '../store/inventories.ts';
import { fromJson, toJson } from '../store/json.ts';
import { hasLostParts, trackParts } from '../store/parts.ts';
import type { AssetRow, CommandRow } from '../store/schema.ts';
import { pinOf } from '../store/tpm-pins.ts';
import { systemActor, type Store, type UnitOfWork } from '../store/unit-of-work.ts';
import { leftOutText, type AlertGate } from './alert-gate.ts';
import type { Peer, SessionEvents } from './agent-session.ts';
import type { CommandSender } from './command-sender.ts';
import type { LiveSession, Registry } from './registry.ts';

export type FactsDeps = {
  readonly store: Store;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly log: Log;
  readonly sender: Pick<CommandSender, 'send' | 'tellKeys'>;
  readonly alerts: AlertGate;
  /** The boot of a live session of this asset. */
  readonly liveBoot: (assetId: string) => string | undefined;
  /** The link ended; presence is decided after a grace period. */
  readonly linkEnded: (assetId: string, lastHeardMs: number) => void;
  /** Where the burn-in is that runs on this asset. */
  readonly burnInTold: (assetId: string, progress: AgentBody<'burn-in-progress'>) => void;
  /** The heads of the audit that this host holds. */
  readonly auditHeads: (session: LiveSession, heads: AgentBody<'audit-heads'>['heads']) => Promise<void>;
};

export function agentFacts(deps: FactsDeps): SessionEvents {
  return {
    hello: (hello, peer) => helloProblem(hello, peer, deps),
    welcomed: (session, hello) => welcomed(session, hello, deps),
    message: (session, message) => take(session, message, deps),
    ended: (session) => deps.linkEnded(session.assetId, session.lastHeardMs()),
  };
}

async function helloProblem(
  hello: AgentBody<'hello'>,
  { certificate, address }: Peer,
  deps: FactsDeps,
): Promise<CloseName | undefined> {
  const { db } = deps.store;
  // It may have been revoked since the connection was let in.
  const standing = await standingOf(db, certificate.serial, deps.clock.nowMs());
  if (standing.state !== 'good') return standing.state === 'expired' ? 'certificateExpired' : 'identityRevoked';
  const asset = await assetById(db, hello.assetId);
  if (asset === undefined || hello.home !== standing.row.home) return 'unknownAsset';
  if (!mayHoldIdentity(asset.state, hello.home)) return 'unknownAsset';
  const difference = await differenceOf(asset, hello, deps);
  if (difference !== undefined) {
    await tellOfClone(asset, `another machine has the identity of ${callName(asset)}: ${difference}`, { address, deps });
    return 'hardwareMismatch';
  }
  const live = deps.liveBoot(asset.id);
  if (live !== undefined && live !== hello.bootId) {
    const why = `the identity of ${callName(asset)} is used from another boot (${hello.bootId}), while it is alive`;
    await tellOfClone(asset, why, { address, deps });
    return 'identityInUse';
  }
  if (asset.boot_id === hello.bootId) return undefined;
  // A production host keeps its certificate over its own reboots; PIOUS enrols anew in every boot.
  return asset.home === 'production' && hello.home === 'production' ? undefined : 'unknownAsset';
} // prettier-ignore

/** Why this is not the machine that the identity was given to. */
async function differenceOf(asset: AssetRow, hello: AgentBody<'hello'>, { store }: FactsDeps): Promise<string | undefined> {
  const difference = hardwareProblem(knownMachine(asset), hello.hardware);
  if (difference !== undefined) return difference;
  const pin = await pinOf(store.db, asset.id);
  const known = pin === undefined ? [] : fromJson(pin.ek_sha256s);
  // A TPM whose keys have no certificate names none here; it proves itself at the next renewal.
  const { ekSha256s } = hello.hardware;
  const isOther = known.length > 0 && ekSha256s.length > 0 && !ekSha256s.some((sha256) => known.includes(sha256));
  return isOther ? 'it has another TPM' : undefined;
} // prettier-ignore

type Told = { readonly address: string; readonly deps: FactsDeps };

/** Refused, and told to people at a bounded rate; the identity stays with who has it. */
async function tellOfClone(asset: AssetRow, why: string, { address, deps }: Told): Promise<void> {
  const leftOut = deps.alerts.pass(`link ${asset.id}`);
  if (leftOut === undefined) return;
  const message = `${why}; its link from ${address} was refused${leftOutText(leftOut)}`;
  await deps.store.write({ ...systemActor('agent'), from: address }, async (uow) => {
    await uow.audit({ operation: 'agent.link', targets: [asset.id], outcome: 'refused', message });
    await uow.event('alert', asset.id, message);
  });
}

async function welcomed(session: LiveSession, hello: AgentBody<'hello'>, deps: FactsDeps): Promise<void> {
  await deps.store.write(systemActor('agent'), async (uow) => {
    const asset = await assetById(uow.db, session.assetId);
    if (asset === undefined) return;
    const standing = await standingOf(uow.db, session.certificateSerial, uow.nowMs);
    if (standing.state === 'good') await useCertificate(uow, standing.row);
    // Revoked meanwhile: its reconciler ends the link.
    uow.wake(asset.id);
    if (asset.presence !== 'online') await uow.event('asset', asset.id, `${callName(asset)} is online`);
    await uow.patchAsset(asset, {
      presence: 'online',
      home: hello.home,
      boot_id: hello.bootId,
      agent_version: hello.agentVersion,
      verification_enforced: hello.verificationEnforced ? 1 : 0,
      command_key_sequence: hello.commandKeySequence,
    });
    if (!hello.verificationEnforced && asset.verification_enforced !== 0) {
      await uow.event('alert', asset.id, `${callName(asset)}: its agent does not refuse commands that it must refuse`);
    }
  });
  const asset = await assetById(deps.store.db, session.assetId);
  if (asset === undefined) return;
  const isKnown = asset.inventory_hash === hello.inventoryHash && asset.inventory_boot_id === hello.bootId;
  if (!isKnown || (await hasLostParts(deps.store.db, asset.id))) {
    session.send({ type: 'inventory-request', body: { hash: hello.inventoryHash } });
  }
  session.send({ type: 'verdict', body: verdictOf(asset) });
  deps.sender.tellKeys(session, hello.commandKeySequence);
  await deps.sender.send(session);
}

export function verdictOf(asset: AssetRow): { name: string; state: string; place: string; findings: string[] } {
  return {
    name: callName(asset).slice(0, 80),
    state: asset.state,
    place: placeOf(asset).slice(0, 80),
    findings: fromJson(asset.findings)
      .map((finding) => finding.sentence)
      .slice(0, 32),
  };
}

async function take(session: LiveSession, message: AgentMessage, deps: FactsDeps): Promise<void> {
  switch (message.type) {
    case 'health':
      return health(session, message.body, deps);
    case 'inventory-offer':
      return session.send({ type: 'inventory-request', body: { hash: message.body.hash } });
    case 'inventory':
      return takeInventory(session, message.body, deps);
    case 'command-accepted':
      return ofCommand(session, message.body.commandId, { deps, change: () => ({ state: 'accepted' as const }) });
    case 'command-refused':
      return commandRefused(session, message.body, deps);
    case 'command-keys-held':
      return keysHeld(session, message.body.sequence, deps);
    case 'command-progress':
      return progress(session, message.body, deps);
    case 'burn-in-progress':
      return deps.burnInTold(session.assetId, message.body);
    case 'audit-heads':
      return deps.auditHeads(session, message.body.heads);
    case 'command-result':
      return result(session, message.body, deps);
    case 'hello':
    case 'heartbeat':
      return undefined;
  }
}

async function health(session: LiveSession, report: AgentBody<'health'>, { store }: FactsDeps): Promise<void> {
  await store.write(systemActor('agent'), async (uow) => {
    const asset = await assetById(uow.db, session.assetId);
    if (asset === undefined) return;
    const row = { asset_id: asset.id, report: toJson(report), at: uow.nowMs };
    await uow.db
      .insertInto('health_reports')
      .values(row)
      .onConflict((conflict) => conflict.column('asset_id').doUpdateSet(row))
      .execute();
    if (asset.health === report.state) return;
    await uow.patchAsset(asset, { health: report.state });
    const what = report.findings.find((finding) => finding.state === report.state)?.message;
    await uow.event(
      'asset',
      asset.id,
      `${callName(asset)} health ${report.state}${what === undefined ? '' : `: ${what}`}`,
    );
    uow.wake(asset.id);
  });
}

async function takeInventory(
  session: LiveSession,
  report: AgentBody<'inventory'>,
  { store, log }: FactsDeps,
): Promise<void> {
  let inventory: Inventory;
  try {
    inventory = inventoryOfReport(report);
  } catch (error) {
    log.warn({ assetId: session.assetId, hash: report.hash, why: messageOf(error) }, 'inventory not taken');
    return session.close('malformedFrame', messageOf(error));
  }
  await store.write(systemActor('agent'), async (uow) => {
    const asset = await assetById(uow.db, session.assetId);
    if (asset === undefined) return;
    const before = await inventoryOf(uow.db, asset.id);
    await storeInventory(uow, { assetId: asset.id, bootId: session.bootId, report, inventory });
    // That its ports were listened to for longer can only make a finding firmer. A SPARE has none to make firmer: its
    // inspection stands, and so does what somebody has been asked to approve.
    const isKnown =
      before !== undefined &&
      asset.state === 'SPARE' &&
      asset.inventory_boot_id === session.bootId &&
      factsText(before) === factsText(inventory);
    const inventory_hash = isKnown ? asset.inventory_hash : report.hash;
    const reported = { inventory_hash, inventory_boot_id: session.bootId };
    await trackParts(uow, await uow.patchAsset(asset, reported), inventory);
    uow.wake(asset.id);
  });
}

/** What an inventory says of the machine itself. */
function factsText(inventory: Inventory): string {
  return canonicalJson({ ...inventory, evidence: {}, neighboursComplete: true });
}

/** Alerts of one session are no flood: people look after the first one. */
const refusalEveryMs = 60_000;
const refusalsTold = new WeakMap<LiveSession, number>();

/** Somebody sent it what the region did not sign, or its keys are others: in both cases people must know. */
async function commandRefused(
  session: LiveSession,
  { check, keyId, reason }: AgentBody<'command-refused'>,
  { store }: FactsDeps,
): Promise<void> {
  const nowMs = store.nowMs();
  if (nowMs - (refusalsTold.get(session) ?? -Infinity) < refusalEveryMs) return;
  refusalsTold.set(session, nowMs);
  await store.write(systemActor('agent'), async (uow) => {
    const asset = await assetById(uow.db, session.assetId);
    if (asset === undefined) return;
    const message = `${callName(asset)} refused a command of key ${keyId} (${check}): ${reason}`;
    await uow.audit({ operation: 'command.verify', targets: [asset.id], outcome: 'refused', message });
    await uow.event('alert', asset.id, message);
  });
}

async function keysHeld(session: LiveSession, sequence: number, { store }: FactsDeps): Promise<void> {
  await store.write(systemActor('agent'), async (uow) => {
    const asset = await assetById(uow.db, session.assetId);
    if (asset !== undefined) await uow.patchAsset(asset, { command_key_sequence: sequence });
  });
}

async function progress(
  session: LiveSession,
  body: AgentBody<'command-progress'>,
  { store }: FactsDeps,
): Promise<void> {
  await store.write(systemActor('agent'), async (uow) => {
    const command = await ownCommand(uow, session, body.commandId);
    if (command === undefined) return;
    const operation = await uow.db
      .selectFrom('operations')
      .selectAll()
      .where('id', '=', command.operation_id)
      .executeTakeFirst();
    if (operation?.state !== 'running') return;
    await uow.patchOperation(operation, { progress_percent: body.percent });
    await uow.event('operation', operation.id, `${body.message} ${Math.round(body.percent)} %`);
  });
}

async function result(session: LiveSession, body: AgentBody<'command-result'>, deps: FactsDeps): Promise<void> {
  await ofCommand(session, body.commandId, {
    deps,
    with: (uow, command) => keepReport(uow, command, body.report),
    change: (uow) => ({
      state: 'ended' as const,
      outcome: body.outcome,
      code: body.code ?? null,
      message: body.message,
      ended_at: uow.nowMs,
    }),
  });
  // Only now, that it is on disk, may the agent forget it.
  session.send({ type: 'result-ack', body: { commandId: body.commandId } });
}

type CommandUpdate = {
  readonly deps: FactsDeps;
  readonly change: (uow: UnitOfWork) => Partial<CommandRow>;
  /** What is kept in the same transaction. */
  readonly with?: (uow: UnitOfWork, command: CommandRow) => Promise<void>;
};

async function ofCommand(session: LiveSession, commandId: string, update: CommandUpdate): Promise<void> {
  const { deps, change } = update;
  await deps.store.write(systemActor('agent'), async (uow) => {
    const command = await ownCommand(uow, session, commandId);
    // A result told twice is the same result.
    if (command === undefined || command.state === 'ended') return;
    await uow.db.updateTable('commands').set(change(uow)).where('id', '=', command.id).execute();
    await update.with?.(uow, command);
    uow.wake(session.assetId);
  });
}

async function ownCommand(uow: UnitOfWork, session: LiveSession, commandId: string): Promise<CommandRow | undefined> {
  return uow.db
    .selectFrom('commands')
    .selectAll()
    .where('id', '=', commandId)
    .where('asset_id', '=', session.assetId)
    .executeTakeFirst();
}
