// Enrolment: a one-time token, a certificate request bound to it, and where there is a TPM a challenge that only this TPM
// answers, become a short-lived certificate. The token says which boot this is; the serial says which asset.
import { Compile } from 'typebox/compile';

import { PpecError } from '../../shared/errors.ts';
import { EnrolRequest, type EnrolResponse } from '../../shared/protocol/enrolment.ts';
import { readCertificateRequest } from '../crypto/certificate-request.ts';
import { serialOf } from '../domain/machine-identity.ts';
import { assetById, assetBySerial } from '../store/assets.ts';
import type { AssetRow } from '../store/schema.ts';
import { findToken, type TokenRow } from '../store/tokens.ts';
import { systemActor } from '../store/unit-of-work.ts';
import { admit, tokenProblem, type Applicant } from './admission.ts';
import { leftOutText } from './alert-gate.ts';
import { askTpm, withoutProof, type CertificateAnswer, type DeskDeps } from './ask-tpm.ts';
import { responseOf, type EnrolDeps } from './issue-certificate.ts';

const enrolRequest = Compile(EnrolRequest);

export async function enrol(body: unknown, from: string, deps: DeskDeps): Promise<CertificateAnswer> {
  if (!enrolRequest.Check(body)) {
    const [first] = enrolRequest.Errors(body);
    throw new PpecError('invalid_argument', `not an enrolment: ${first?.instancePath ?? ''} ${first?.message ?? ''}`);
  }
  // Before the token is used up: a host without a key to obey could do nothing with its certificate.
  if (deps.commandKeys().length === 0) throw new PpecError('unavailable', 'the signer is not there; try again');
  // Nothing of a stranger's is parsed before its token is known.
  const token = await findToken(deps.store.db, body.token);
  const problem = tokenProblem(token, body, deps.store.nowMs());
  if (token === undefined || problem !== undefined) throw await refused(problem ?? '', { body, from, deps });
  const csrDer = Buffer.from(body.csr, 'base64');
  const read = await readCertificateRequest(csrDer);
  if (read === undefined)
    throw await refused('the certificate request is not whole, not of a P-256 key, or not signed by it', { body, from, deps });
  if (read.boundTo !== body.token)
    throw await refused('the certificate request is bound to another token', { body, from, deps });
  const { publicKeyPem } = read;
  const offer = body.tpm;
  if (offer === undefined || 'unusable' in offer)
    return finish({ request: body, publicKeyPem, tpm: withoutProof(offer) }, from, deps);
  const asset = await claimed(token, body, deps);
  return askTpm(offer, asset, { deps, asked: { csrDer, finish: (tpm) => finish({ request: body, publicKeyPem, tpm }, from, deps) } });
} // prettier-ignore

async function claimed(token: TokenRow, request: EnrolRequest, deps: EnrolDeps): Promise<AssetRow | undefined> {
  const { db } = deps.store;
  if (token.kind === 'boot') return assetBySerial(db, serialOf(request));
  return token.asset_id === null ? undefined : assetById(db, token.asset_id);
}

async function finish(applicant: Applicant, from: string, deps: EnrolDeps): Promise<EnrolResponse> {
  const admission = await deps.store.write({ ...systemActor('enrolment'), from }, (uow) => admit(applicant, uow, deps));
  if (admission.refusal !== undefined) throw admission.refusal;
  return responseOf(admission.assetId, admission.issued, deps);
}

type Refused = { readonly body: EnrolRequest; readonly from: string; readonly deps: EnrolDeps };

/** Told at a bounded rate per address: whoever has no token can write to the audit no faster. */
async function refused(why: string, { body, from, deps }: Refused): Promise<PpecError> {
  const leftOut = deps.alerts.pass(`enrol ${from} ${why}`);
  if (leftOut !== undefined) {
    const message = why + leftOutText(leftOut);
    await deps.store.write({ ...systemActor('enrolment'), from }, (uow) =>
      uow.audit({ operation: 'agent.enrol', targets: [body.serial], outcome: 'refused', message }),
    );
  }
  return new PpecError('unauthenticated', why);
}
