// Giving an agent a certificate: made by the region's CA, and written down before it is told.
import type { IdSource } from '../../shared/ids.ts';
import type { EnrolResponse } from '../../shared/protocol/enrolment.ts';
import type { KeyStatement } from '../../shared/protocol/key-list.ts';
import type { TpmMakers } from '../crypto/ek-certificate.ts';
import type { IssuedCertificate, RegionCa } from '../crypto/region-ca.ts';
import { toJson } from '../store/json.ts';
import type { AssetRow } from '../store/schema.ts';
import { keepPin, orderedEk, pinOf } from '../store/tpm-pins.ts';
import type { Store, UnitOfWork } from '../store/unit-of-work.ts';
import { judgeTpm, type TpmEvidence, type TpmVerdict } from '../domain/machine-identity.ts';
import type { AlertGate } from './alert-gate.ts';
import type { Answered } from './tpm-challenges.ts';

export type EnrolDeps = {
  readonly store: Store;
  readonly ids: IdSource;
  readonly ca: RegionCa;
  readonly makers: TpmMakers;
  readonly alerts: AlertGate;
  /** Which command keys agents are to trust; none while the signer was never heard. */
  readonly commandKeys: () => readonly KeyStatement[];
  readonly imageKeys: Readonly<Record<string, string>>;
  readonly linkUrl: string;
  /** Whether an agent with this identity was heard a moment ago, in which boot. */
  readonly liveBoot: (assetId: string) => string | undefined;
};

/** What credential activation has shown of the machine that asks. */
export type TpmFacts = {
  readonly evidence: TpmEvidence;
  readonly answered: Pick<Answered<unknown>, 'key' | 'offered'> | undefined;
};

export const noTpm: TpmFacts = { evidence: { kind: 'none' }, answered: undefined };

export function factsOf({ key, offered }: Answered<unknown>): TpmFacts {
  return { evidence: { kind: 'proved', ekSha256: key.sha256, issuer: key.issuer }, answered: { key, offered } };
}

export async function judge(uow: UnitOfWork, asset: AssetRow, { evidence }: TpmFacts): Promise<TpmVerdict> {
  const pin = await pinOf(uow.db, asset.id);
  return judgeTpm({ ordered: await orderedEk(uow.db, asset.serial_key), pinned: pin?.ek_sha256 }, evidence);
}

/** Pins what was proved first; says again when it was proved last. */
export async function keepProof(uow: UnitOfWork, assetId: string, { answered }: TpmFacts): Promise<void> {
  if (answered === undefined) return;
  const { key, offered } = answered;
  const pin = await pinOf(uow.db, assetId);
  const isSame = pin?.ek_sha256 === key.sha256;
  if (!isSame) await uow.event('asset', assetId, `its TPM is pinned: endorsement key ${key.sha256.slice(0, 16)}…`);
  await keepPin(uow, {
    asset_id: assetId,
    ek_sha256: key.sha256,
    algorithm: key.key.kind,
    ek_sha256s: toJson([...offered]),
    issuer: key.issuer,
    pinned_at: isSame ? pin.pinned_at : uow.nowMs,
    proved_at: uow.nowMs,
  });
}

export function responseOf(assetId: string, issued: IssuedCertificate, deps: EnrolDeps): EnrolResponse {
  return {
    assetId,
    certificate: issued.certificate,
    expiresAtMs: issued.expiresAtMs,
    livesMs: issued.expiresAtMs - issued.issuedAtMs,
    linkUrl: deps.linkUrl,
    commandKeys: [...deps.commandKeys()],
    imageKeys: { ...deps.imageKeys },
  };
}
