// Enrolment: a one-time token and a proof of possession become a short-lived certificate. The token says which boot this
// is; the serial says which asset. A second claimant of a live identity is refused and told to people, never believed.
import { createPublicKey, verify } from 'node:crypto';
import { Compile } from 'typebox/compile';

import { PpecError } from '../../shared/errors.ts';
import { reported, serialKey, uuidKey } from '../../shared/hardware/identity.ts';
import type { IdSource } from '../../shared/ids.ts';
import { enrolmentDomain, EnrolRequest, type EnrolResponse } from '../../shared/protocol/enrolment.ts';
import type { KeyStatement } from '../../shared/protocol/key-list.ts';
import type { RegionCa } from '../crypto/region-ca.ts';
import { assetById, assetBySerial, callName, newAssetRow } from '../store/assets.ts';
import { toJson } from '../store/json.ts';
import type { AssetRow } from '../store/schema.ts';
import { findToken, useToken, type TokenRow } from '../store/tokens.ts';
import { systemActor, type Store, type UnitOfWork } from '../store/unit-of-work.ts';

export type EnrolDeps = {
  readonly store: Store;
  readonly ids: IdSource;
  readonly ca: RegionCa;
  /** Which command keys agents are to trust; none while the signer was never heard. */
  readonly commandKeys: () => readonly KeyStatement[];
  readonly imageKeys: Readonly<Record<string, string>>;
  readonly linkUrl: string;
  /** Whether an agent with this identity was heard a moment ago, in which boot. */
  readonly liveBoot: (assetId: string) => string | undefined;
};

const validator = Compile(EnrolRequest);

export async function enrol(body: unknown, from: string, deps: EnrolDeps): Promise<EnrolResponse> {
  if (!validator.Check(body)) {
    const [first] = validator.Errors(body);
    throw new PpecError('invalid_argument', `not an enrolment: ${first?.instancePath ?? ''} ${first?.message ?? ''}`);
  }
  // Before the token is used up: a host without a key to obey could do nothing with its certificate.
  if (deps.commandKeys().length === 0) throw new PpecError('unavailable', 'the signer is not there; try again');
  if (!holdsKey(body)) throw new PpecError('unauthenticated', 'the proof of possession does not verify');
  const outcome = await deps.store.write({ ...systemActor('enrolment'), from }, (uow) => admit(body, uow, deps));
  if (outcome.refusal !== undefined) throw outcome.refusal;
  return { ...(await issue(outcome.assetId, body.publicKey, deps)) };
}

/** A new certificate for the key of the presented one. */
export async function issue(assetId: string, publicKeyPem: string, deps: EnrolDeps): Promise<EnrolResponse> {
  const { certificate, expiresAtMs } = await deps.ca.issueAgent(assetId, publicKeyPem);
  return {
    assetId,
    certificate,
    expiresAtMs,
    linkUrl: deps.linkUrl,
    commandKeys: [...deps.commandKeys()],
    imageKeys: { ...deps.imageKeys },
  };
}

function holdsKey(request: EnrolRequest): boolean {
  try {
    const key = createPublicKey(request.publicKey);
    if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return false;
    return verify('sha256', Buffer.from(enrolmentDomain + request.token), key, Buffer.from(request.proof, 'base64'));
  } catch {
    return false;
  }
}

type Admission = { readonly assetId: string; readonly refusal?: undefined } | { readonly refusal: PpecError };

// A refusal is answered, not thrown: what it says in audit and events must be kept.
async function admit(request: EnrolRequest, uow: UnitOfWork, deps: EnrolDeps): Promise<Admission> {
  const token = await findToken(uow.db, request.token);
  const refuse = async (refusal: PpecError, targets: readonly string[] = []): Promise<Admission> => {
    await uow.audit({
      operation: 'agent.enrol',
      targets: [...targets, request.serial],
      outcome: 'refused',
      message: refusal.message,
    });
    return { refusal };
  };
  const problem = tokenProblem(token, request, uow.nowMs);
  if (token === undefined || problem !== undefined)
    return refuse(new PpecError('unauthenticated', problem ?? 'the token is not known'));
  return token.kind === 'phone-home'
    ? admitProduction(request, { token, uow, refuse })
    : admitBoot(request, { token, uow, refuse, deps });
}

function tokenProblem(token: TokenRow | undefined, request: EnrolRequest, nowMs: number): string | undefined {
  if (token === undefined) return 'the boot token is not known here: boot by the network again';
  if (token.used_at !== null) return 'the boot token was used already: boot by the network again';
  if (token.expires_at <= nowMs) return 'the boot token has expired: boot by the network again';
  if (token.kind === 'boot' && token.mac !== null && !request.macs.includes(token.mac))
    return `the boot token belongs to ${token.mac}, which this machine does not have`;
  if ((token.kind === 'boot') !== (request.home === 'pious'))
    return `the token is for ${token.kind === 'boot' ? 'PIOUS' : 'a production system'}`;
  return undefined;
}

type Refuse = (refusal: PpecError, targets?: readonly string[]) => Promise<Admission>;

async function admitBoot(
  request: EnrolRequest,
  { token, uow, refuse, deps }: { token: TokenRow; uow: UnitOfWork; refuse: Refuse; deps: EnrolDeps },
): Promise<Admission> {
  const serial = serialOf(request);
  const known = await assetBySerial(uow.db, serial);
  if (known !== undefined) {
    const live = deps.liveBoot(known.id);
    if (live !== undefined && live !== request.bootId) {
      const message = `another host claims to be ${callName(known)} (${serial}), which is alive in another boot`;
      // The token stays good: a machine that was just reset is believed as soon as its old link is silent.
      await uow.event('alert', known.id, `${message}; it was refused`);
      return refuse(new PpecError('conflict', message), [known.id]);
    }
    if (known.state === 'BAREMETAL' || known.state === 'RETIRED') {
      return refuse(
        new PpecError(
          'failed_precondition',
          `${callName(known)} is ${known.state}; its agent enrols from its production system`,
        ),
        [known.id],
      );
    }
  }
  await useToken(uow.db, token.id, uow.nowMs);
  const asset = known ?? (await discovered(request, serial, uow));
  // What an earlier boot said of its health says nothing about this one.
  if (asset.boot_id !== request.bootId) {
    await uow.db.deleteFrom('health_reports').where('asset_id', '=', asset.id).execute();
  }
  const booted = await uow.patchAsset(asset, {
    ...facts(request),
    ...(asset.state === 'ORDERED'
      ? { state: 'DISCOVERED' as const, state_reason: 'its agent enrolled from PIOUS' }
      : {}),
    home: 'pious',
    ...(asset.boot_id === request.bootId ? {} : { health: 'unknown' as const }),
  });
  await uow.audit({
    operation: 'agent.enrol',
    targets: [booted.id],
    outcome: 'done',
    message: `${callName(booted)} booted PIOUS and enrolled`,
  });
  if (asset.boot_id !== request.bootId) await uow.event('asset', booted.id, `${callName(booted)} booted PIOUS`);
  uow.wake(booted.id);
  return { assetId: booted.id };
}

/** A machine that is on no order: never lost, never trusted. */
async function discovered(request: EnrolRequest, serial: string, uow: UnitOfWork): Promise<AssetRow> {
  const row = newAssetRow(
    { serial, state: 'DISCOVERED', state_reason: 'unknown: it is on no purchase order', ...facts(request) },
    uow.ids,
  );
  await uow.db.insertInto('assets').values(row).execute();
  await uow.event('asset', row.id, `unknown machine ${serial} discovered`);
  return row;
}

async function admitProduction(
  request: EnrolRequest,
  { token, uow, refuse }: { token: TokenRow; uow: UnitOfWork; refuse: Refuse },
): Promise<Admission> {
  const asset = token.asset_id === null ? undefined : await assetById(uow.db, token.asset_id);
  if (asset === undefined) return refuse(new PpecError('unauthenticated', 'the token belongs to no asset'));
  if (serialKey(request.serial) !== asset.serial_key) {
    return refuse(
      new PpecError(
        'unauthenticated',
        `the token belongs to ${asset.serial}, this machine is ${request.serial || 'without a serial'}`,
      ),
      [asset.id],
    );
  }
  if (asset.operation_id !== token.operation_id || asset.state !== 'PROVISIONING') {
    return refuse(
      new PpecError('failed_precondition', `${callName(asset)} is ${asset.state}; its provisioning has ended`),
      [asset.id],
    );
  }
  await useToken(uow.db, token.id, uow.nowMs);
  const home = await uow.patchAsset(asset, { ...facts(request), home: 'production', production_ran: 'yes' });
  await uow.audit({
    operation: 'agent.enrol',
    targets: [asset.id],
    outcome: 'done',
    message: `${callName(home)} phoned home from its production system`,
  });
  await uow.event('asset', asset.id, `${callName(home)} phoned home`);
  uow.wake(asset.id);
  return { assetId: asset.id };
}

function facts(request: EnrolRequest): Pick<AssetRow, 'uuid' | 'macs' | 'boot_id' | 'agent_version'> {
  return {
    uuid: uuidKey(request.uuid) || null,
    macs: toJson(request.macs.toSorted()),
    boot_id: request.bootId,
    agent_version: request.agentVersion,
  };
}

/** Its serial; a machine without one is kept under its first MAC, and inspection says that it has none. */
function serialOf(request: EnrolRequest): string {
  return (
    reported(request.serial) ?? `NO-SERIAL-${(request.macs.toSorted()[0] ?? '').replaceAll(':', '').toUpperCase()}`
  );
}
