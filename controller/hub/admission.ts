// Who is let in: a machine that shows a good token becomes the asset that it says it is, unless that contradicts what is known
// of that asset. A refusal says why in audit and events; it replaces nothing and uses nothing up.
import { PpecError } from '../../shared/errors.ts';
import { serialKey, uuidKey } from '../../shared/hardware/identity.ts';
import type { EnrolRequest } from '../../shared/protocol/enrolment.ts';
import { hardwareProblem, serialOf } from '../domain/machine-identity.ts';
import { recordCertificate, revokeCertificates } from '../store/agent-certificates.ts';
import { assetById, assetBySerial, callName, knownMachine, newAssetRow } from '../store/assets.ts';
import { toJson } from '../store/json.ts';
import type { AssetRow } from '../store/schema.ts';
import { findToken, useToken, type TokenRow } from '../store/tokens.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import type { IssuedCertificate } from '../crypto/region-ca.ts';
import { leftOutText } from './alert-gate.ts';
import { judge, keepProof, type EnrolDeps, type TpmFacts } from './issue-certificate.ts';

export type Applicant = {
  readonly request: EnrolRequest;
  readonly publicKeyPem: string;
  readonly tpm: TpmFacts;
};

export type Admission =
  | { readonly assetId: string; readonly issued: IssuedCertificate; readonly refusal?: undefined }
  | { readonly refusal: PpecError };

type Refusal = {
  readonly error: PpecError;
  readonly assetId?: string;
  /** Somebody must look at it: also an event of kind `alert`. */
  readonly isAlert?: boolean;
};

// A refusal is answered, not thrown: what it says in audit and events must be kept.
export async function admit(applicant: Applicant, uow: UnitOfWork, deps: EnrolDeps): Promise<Admission> {
  const { request, tpm } = applicant;
  const token = await findToken(uow.db, request.token);
  const problem = tokenProblem(token, request, uow.nowMs);
  if (token === undefined || problem !== undefined)
    return refuse({ error: new PpecError('unauthenticated', problem ?? 'the token is not known') }, { uow, request, deps });
  const asset = token.kind === 'phone-home' ? await productionAsset(token, uow) : await assetBySerial(uow.db, serialOf(request));
  const refusal =
    (token.kind === 'phone-home' ? productionProblem(asset, token, request) : bootProblem(asset, token, { request, deps })) ??
    (asset === undefined ? undefined : await tpmRefusal(uow, asset, tpm));
  if (refusal !== undefined) return refuse(refusal, { uow, request, deps });
  if (!(await useToken(uow.db, token.id, uow.nowMs)))
    return refuse({ error: new PpecError('unauthenticated', 'the token was used already') }, { uow, request, deps });
  const admitted =
    token.kind === 'phone-home' && asset !== undefined
      ? await phonedHome(asset, applicant, uow)
      : await booted(asset, applicant, uow);
  return certify(admitted, applicant, { uow, deps });
} // prettier-ignore

type Writing = { readonly uow: UnitOfWork; readonly deps: EnrolDeps };

/** The identity of this boot takes the place of all that went before. */
async function certify(asset: AssetRow, applicant: Applicant, { uow, deps }: Writing): Promise<Admission> {
  const { request, tpm } = applicant;
  await revokeCertificates(uow, { assetId: asset.id, why: `boot ${request.bootId} enrolled` });
  await keepProof(uow, asset.id, tpm);
  const verdict = await judge(uow, asset, tpm);
  if (verdict.problem === undefined) await uow.patchAsset(asset, { trust: verdict.trust });
  const issued = await deps.ca.issueAgent(asset.id, applicant.publicKeyPem);
  await recordCertificate(uow, issued, { asset_id: asset.id, boot_id: request.bootId, home: request.home });
  uow.wake(asset.id);
  return { assetId: asset.id, issued };
}

type Refusing = Writing & { readonly request: EnrolRequest };

async function refuse(refusal: Refusal, { uow, request, deps }: Refusing): Promise<Admission> {
  const { error, assetId, isAlert = false } = refusal;
  // Whoever tries again and again fills neither the audit nor the screen.
  const leftOut = deps.alerts.pass(`enrol ${assetId ?? uow.actor.from ?? ''} ${error.code} ${isAlert}`);
  if (leftOut === undefined) return { refusal: error };
  const message = error.message + leftOutText(leftOut);
  const targets = [...(assetId === undefined ? [] : [assetId]), request.serial];
  await uow.audit({ operation: 'agent.enrol', targets, outcome: 'refused', message });
  if (isAlert && assetId !== undefined) await uow.event('alert', assetId, `${message}; it was refused`);
  return { refusal: error };
}

/** Why this token does not let this machine in; asked before anything else of a request is read. */
export function tokenProblem(
  token: TokenRow | undefined,
  request: Pick<EnrolRequest, 'macs' | 'home' | 'serial'>,
  nowMs: number,
): string | undefined {
  if (token === undefined) return 'the boot token is not known here: boot by the network again';
  if (token.used_at !== null) return 'the boot token was used already: boot by the network again';
  if (token.expires_at <= nowMs) return 'the boot token has expired: boot by the network again';
  if (token.kind === 'boot' && token.mac !== null && !request.macs.includes(token.mac))
    return `the boot token belongs to ${token.mac}, which this machine does not have`;
  if ((token.kind === 'boot') !== (request.home === 'pious'))
    return `the token is for ${token.kind === 'boot' ? 'PIOUS' : 'a production system'}`;
  return undefined;
}

function bootProblem(
  asset: AssetRow | undefined,
  token: TokenRow,
  { request, deps }: { readonly request: EnrolRequest; readonly deps: EnrolDeps },
): Refusal | undefined {
  const serial = serialOf(request);
  if (token.serial !== null && token.serial !== (serialKey(serial) || serial)) {
    const message = `the boot token was given to the machine with serial ${token.serial}; this one says that it is ${serial}`;
    const claimed = token.asset_id === null ? {} : { assetId: token.asset_id };
    return { error: new PpecError('unauthenticated', message), ...claimed, isAlert: true };
  }
  if (asset === undefined) return undefined;
  const live = deps.liveBoot(asset.id);
  if (live !== undefined && live !== request.bootId) {
    // The token stays good: a machine that was just reset is believed as soon as its old link is silent.
    const message = `another host claims to be ${callName(asset)} (${serial}), which is alive in another boot`;
    return { error: new PpecError('conflict', message), assetId: asset.id, isAlert: true };
  }
  if (asset.state === 'BAREMETAL' || asset.state === 'RETIRED') {
    const message = `${callName(asset)} is ${asset.state}; its agent enrols from its production system`;
    return { error: new PpecError('failed_precondition', message), assetId: asset.id };
  }
  return undefined;
}

async function productionAsset(token: TokenRow, uow: UnitOfWork): Promise<AssetRow | undefined> {
  return token.asset_id === null ? undefined : assetById(uow.db, token.asset_id);
}

function productionProblem(asset: AssetRow | undefined, token: TokenRow, request: EnrolRequest): Refusal | undefined {
  if (asset === undefined) return { error: new PpecError('unauthenticated', 'the token belongs to no asset') };
  if (asset.operation_id !== token.operation_id || asset.state !== 'PROVISIONING') {
    const message = `${callName(asset)} is ${asset.state}; its provisioning has ended`;
    return { error: new PpecError('failed_precondition', message), assetId: asset.id };
  }
  const difference = hardwareProblem(knownMachine(asset), request);
  if (difference === undefined) return undefined;
  // The disk was read, or is in another machine.
  const message = `the token belongs to ${callName(asset)} (${asset.serial}), and this is another machine: ${difference}`;
  return { error: new PpecError('unauthenticated', message), assetId: asset.id, isAlert: true };
}

async function tpmRefusal(uow: UnitOfWork, asset: AssetRow, tpm: TpmFacts): Promise<Refusal | undefined> {
  const { problem } = await judge(uow, asset, tpm);
  if (problem === undefined) return undefined;
  const message = `a machine claims to be ${callName(asset)} (${asset.serial}), and ${problem}`;
  return { error: new PpecError('unauthenticated', message), assetId: asset.id, isAlert: true };
}

async function booted(known: AssetRow | undefined, { request }: Applicant, uow: UnitOfWork): Promise<AssetRow> {
  const asset = known ?? (await discovered(request, uow));
  const isNewBoot = asset.boot_id !== request.bootId;
  // What an earlier boot said of its health says nothing about this one.
  if (isNewBoot) await uow.db.deleteFrom('health_reports').where('asset_id', '=', asset.id).execute();
  const row = await uow.patchAsset(asset, {
    ...factsOf(request),
    ...(asset.state === 'ORDERED'
      ? { state: 'DISCOVERED' as const, state_reason: 'its agent enrolled from PIOUS' }
      : {}),
    home: 'pious',
    ...(isNewBoot ? { health: 'unknown' as const } : {}),
  });
  await uow.audit({
    operation: 'agent.enrol',
    targets: [row.id],
    outcome: 'done',
    message: `${callName(row)} booted PIOUS and enrolled`,
  });
  if (isNewBoot) await uow.event('asset', row.id, `${callName(row)} booted PIOUS`);
  return row;
}

/** A machine that is on no order: never lost, never trusted. */
async function discovered(request: EnrolRequest, uow: UnitOfWork): Promise<AssetRow> {
  const serial = serialOf(request);
  const row = newAssetRow(
    { serial, state: 'DISCOVERED', state_reason: 'unknown: it is on no purchase order', ...factsOf(request) },
    uow.ids,
  );
  await uow.db.insertInto('assets').values(row).execute();
  await uow.event('asset', row.id, `unknown machine ${serial} discovered`);
  return row;
}

async function phonedHome(asset: AssetRow, { request }: Applicant, uow: UnitOfWork): Promise<AssetRow> {
  const row = await uow.patchAsset(asset, { ...factsOf(request), home: 'production', production_ran: 'yes' });
  await uow.audit({
    operation: 'agent.enrol',
    targets: [asset.id],
    outcome: 'done',
    message: `${callName(row)} phoned home from its production system`,
  });
  await uow.event('asset', asset.id, `${callName(row)} phoned home`);
  return row;
}

function factsOf(request: EnrolRequest): Pick<AssetRow, 'uuid' | 'macs' | 'boot_id' | 'agent_version'> {
  return {
    uuid: uuidKey(request.uuid) || null,
    macs: toJson(request.macs.toSorted()),
    boot_id: request.bootId,
    agent_version: request.agentVersion,
  };
}
