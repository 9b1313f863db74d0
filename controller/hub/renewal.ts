// Renewal: the holder of a certificate gets another one, of a new key, for the same machine in the same boot. The old one
// stays good until the new one is used, so that whoever is cut off in between still has one that works.
import { Compile } from 'typebox/compile';

import { PpecError } from '../../shared/errors.ts';
import { RenewRequest, type EnrolResponse } from '../../shared/protocol/enrolment.ts';
import { readCertificateRequest } from '../crypto/certificate-request.ts';
import { hardwareProblem, mayHoldIdentity } from '../domain/machine-identity.ts';
import { recordCertificate, standingOf, useCertificate } from '../store/agent-certificates.ts';
import { assetById, callName, knownMachine } from '../store/assets.ts';
import type { AgentCertificateRow } from '../store/identity-tables.ts';
import type { AssetRow } from '../store/schema.ts';
import { systemActor, type UnitOfWork } from '../store/unit-of-work.ts';
import { leftOutText } from './alert-gate.ts';
import type { ClientIdentity } from './client-identity.ts';
import { askTpm, withoutProof, type CertificateAnswer, type DeskDeps } from './ask-tpm.ts';
import { judge, keepProof, responseOf, type EnrolDeps, type TpmFacts } from './issue-certificate.ts';

/** A renewal that has everything but the proof of its TPM. */
type Renewing = {
  readonly request: RenewRequest;
  readonly certificate: AgentCertificateRow;
  readonly publicKeyPem: string;
  readonly from: string;
};

type Asking = { readonly client: ClientIdentity; readonly from: string };

const renewRequest = Compile(RenewRequest);

export async function renew(body: unknown, asking: Asking, deps: DeskDeps): Promise<CertificateAnswer> {
  const { client, from } = asking;
  if (!renewRequest.Check(body)) {
    const [first] = renewRequest.Errors(body);
    throw new PpecError('invalid_argument', `not a renewal: ${first?.instancePath ?? ''} ${first?.message ?? ''}`);
  }
  const csrDer = Buffer.from(body.csr, 'base64');
  const read = await readCertificateRequest(csrDer);
  if (read === undefined || read.boundTo !== client.certificate.serial)
    throw new PpecError('unauthenticated', 'the certificate request is not whole, or bound to another certificate');
  const { publicKeyPem } = read;
  const renewing: Renewing = { request: body, certificate: client.certificate, publicKeyPem, from };
  const { tpm } = body;
  if (tpm === undefined || 'unusable' in tpm) return finish({ ...renewing, tpm: withoutProof(tpm) }, deps);
  const asset = await assetById(deps.store.db, client.assetId);
  const asked = {
    csrDer,
    finish: async (proved: TpmFacts, answering: () => Promise<ClientIdentity>) => {
      const { certificate } = await answering();
      if (certificate.serial !== client.certificate.serial)
        throw new PpecError('unauthenticated', 'the challenge was given to another certificate');
      return finish({ ...renewing, tpm: proved }, deps);
    },
  };
  return askTpm(tpm, asset, { deps, asked });
}

type Refusal = { readonly why: string; readonly isAlert?: boolean };

async function finish(renewing: Renewing & { readonly tpm: TpmFacts }, deps: EnrolDeps): Promise<EnrolResponse> {
  const { request, certificate, tpm, from } = renewing;
  const outcome = await deps.store.write({ ...systemActor('enrolment'), from }, async (uow) => {
    const asset = await assetById(uow.db, certificate.asset_id);
    const refusal = asset === undefined ? { why: 'this asset is not known here' } : await problemOf(asset, renewing, { uow, deps });
    if (asset === undefined || refusal !== undefined) return refuse(refusal?.why ?? '', { uow, deps, asset, isAlert: refusal?.isAlert ?? false });
    const issued = await deps.ca.issueAgent(asset.id, renewing.publicKeyPem);
    await useCertificate(uow, certificate);
    await recordCertificate(uow, issued, { asset_id: asset.id, boot_id: request.bootId, home: certificate.home });
    await keepProof(uow, asset.id, tpm);
    const { trust } = await verdictOf(uow, asset, tpm);
    if (trust !== asset.trust) await uow.patchAsset(asset, { trust });
    return { assetId: asset.id, issued };
  });
  if (outcome instanceof PpecError) throw outcome;
  return responseOf(outcome.assetId, outcome.issued, deps);
} // prettier-ignore

async function verdictOf(uow: UnitOfWork, asset: AssetRow, tpm: TpmFacts): Promise<Pick<AssetRow, 'trust'>> {
  const verdict = await judge(uow, asset, tpm);
  return { trust: verdict.problem === undefined ? verdict.trust : asset.trust };
}

type Writing = { readonly uow: UnitOfWork; readonly deps: EnrolDeps };

async function problemOf(
  asset: AssetRow,
  { request, certificate, tpm }: Renewing & { readonly tpm: TpmFacts },
  { uow, deps }: Writing,
): Promise<Refusal | undefined> {
  const standing = await standingOf(uow.db, certificate.serial, uow.nowMs);
  if (standing.state === 'unknown' || standing.state === 'revoked') return { why: standing.why };
  // A production host that was off for long still holds its key; a machine in PIOUS gets a new token with its next boot.
  if (standing.state === 'expired' && asset.state !== 'BAREMETAL')
    return { why: 'the certificate has expired: boot by the network again' };
  if (!mayHoldIdentity(asset.state, certificate.home)) return { why: `${callName(asset)} is ${asset.state}` };
  if (certificate.home === 'pious' && asset.boot_id !== request.bootId)
    return { why: 'another boot has enrolled meanwhile' };
  const difference = hardwareProblem(knownMachine(asset), request);
  if (difference !== undefined)
    return { why: `another machine holds the identity of ${callName(asset)}: ${difference}`, isAlert: true };
  const live = deps.liveBoot(asset.id);
  if (live !== undefined && live !== request.bootId)
    return { why: `another host holds the identity of ${callName(asset)}, which is alive in another boot`, isAlert: true };
  const { problem } = await judge(uow, asset, tpm);
  return problem === undefined ? undefined : { why: `a machine holds the identity of ${callName(asset)}, and ${problem}`, isAlert: true };
} // prettier-ignore

type Refusing = Writing & { readonly asset: AssetRow | undefined; readonly isAlert: boolean };

async function refuse(why: string, { uow, deps, asset, isAlert }: Refusing): Promise<PpecError> {
  const error = new PpecError('unauthenticated', why);
  const leftOut = deps.alerts.pass(`renew ${asset?.id ?? ''} ${why}`);
  if (leftOut === undefined) return error;
  const message = why + leftOutText(leftOut);
  const targets = asset === undefined ? [] : [asset.id];
  await uow.audit({ operation: 'agent.renew', targets, outcome: 'refused', message });
  if (isAlert && asset !== undefined) await uow.event('alert', asset.id, `${message}; it was refused`);
  return error;
}
