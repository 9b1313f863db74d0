// Asking a TPM to prove itself before a certificate is given: the challenge goes out, and what was to be done goes on when its
// answer comes.
import type { EnrolResponse, TpmChallenge, TpmOffer } from '../../shared/protocol/enrolment.ts';
import type { AssetRow } from '../store/schema.ts';
import { orderedEk, pinOf } from '../store/tpm-pins.ts';
import type { ClientIdentity } from './client-identity.ts';
import { noTpm, type EnrolDeps, type TpmFacts } from './issue-certificate.ts';
import { chooseKey, readOffer, type Challenges } from './tpm-challenges.ts';

export type CertificateAnswer = EnrolResponse | TpmChallenge;

/** What waits for the answer of a TPM. */
export type Asked = {
  readonly csrDer: Uint8Array;
  /** `client`: who the connection is that brought the answer. */
  readonly finish: (tpm: TpmFacts, client: () => Promise<ClientIdentity>) => Promise<EnrolResponse>;
};

export type DeskDeps = EnrolDeps & { readonly challenges: Challenges<Asked> };

export function withoutProof(offer: Extract<TpmOffer, { unusable: string }> | undefined): TpmFacts {
  return offer === undefined ? noTpm : { evidence: { kind: 'unusable', reason: offer.unusable }, answered: undefined };
}

export async function askTpm(
  offer: Extract<TpmOffer, { attestationKey: string }>,
  asset: AssetRow | undefined,
  { deps, asked }: { readonly deps: DeskDeps; readonly asked: Asked },
): Promise<TpmChallenge> {
  const { store, makers, challenges } = deps;
  const read = readOffer(offer, makers, store.nowMs());
  const ordered = asset === undefined ? undefined : await orderedEk(store.db, asset.serial_key);
  const pin = asset === undefined ? undefined : await pinOf(store.db, asset.id);
  return challenges.ask(read, chooseKey(read, [ordered, pin?.ek_sha256]), asked);
}
