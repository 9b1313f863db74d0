// Coming to a certificate: a key made here that never leaves this host, a request bound to what lets us in, and where there is
// a TPM its answer to the controller's challenge.
import { X509Certificate } from 'node:crypto';
import { Compile } from 'typebox/compile';

import { isErrorCode, PpecError } from '../../shared/errors.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import {
  EnrolResponse,
  TpmChallenge,
  type EnrolRequest,
  type HardwareIdentity,
  type RenewRequest,
  type TpmAnswer,
} from '../../shared/protocol/enrolment.ts';
import type { Clock } from '../../shared/clock.ts';
import { agentVersion, type AgentConfig } from '../config.ts';
import type { OpenTpm } from '../tpm/device.ts';
import { newCertificateRequest } from './certificate-request.ts';
import { postJson, type Answer, type Tls } from './https.ts';
import type { Identity } from './identity-file.ts';

const enrolResponse = Compile(EnrolResponse);
const tpmChallenge = Compile(TpmChallenge);

export type CertificateDeps = {
  readonly config: AgentConfig;
  readonly ca: string;
  readonly clock: Clock;
  readonly bootId: string;
  readonly inventory: Inventory;
  /** Opens the TPM 2.0 of this machine; undefined where it has none. */
  readonly tpm: () => Promise<OpenTpm | undefined>;
};

export function tlsOf(identity: Identity, ca: string): Tls {
  return { ca, key: identity.privateKey, cert: identity.enrolled.certificate };
}

export function hardwareOf(inventory: Inventory): HardwareIdentity {
  const { serial, uuid } = inventory.identity;
  return { serial: serial ?? '', uuid: uuid ?? '', macs: inventory.nics.map(({ mac }) => mac).slice(0, 64) };
}

/** With the one-time token. */
export function enrol(deps: CertificateDeps): Promise<Identity> {
  const { config, inventory, bootId } = deps;
  const asked = { token: config.token, ...mutable(inventory), bootId, home: config.home, agentVersion };
  return request('enrol', { boundTo: config.token, asked, tls: { ca: deps.ca } }, deps);
}

/** With the certificate in force, whose place the new one takes when it was used. */
export function renew(current: Identity, deps: CertificateDeps): Promise<Identity> {
  const boundTo = new X509Certificate(current.enrolled.certificate).serialNumber.toLowerCase();
  const asked = { ...mutable(deps.inventory), bootId: deps.bootId };
  return request('renew', { boundTo, asked, tls: tlsOf(current, deps.ca) }, deps);
}

function mutable(inventory: Inventory): { serial: string; uuid: string; macs: string[] } {
  const { macs, ...rest } = hardwareOf(inventory);
  return { ...rest, macs: [...macs] };
}

type Asking = {
  readonly boundTo: string;
  readonly asked: Omit<EnrolRequest, 'csr' | 'tpm'> | Omit<RenewRequest, 'csr' | 'tpm'>;
  readonly tls: Tls;
};

async function request(
  what: 'enrol' | 'renew',
  { boundTo, asked, tls }: Asking,
  deps: CertificateDeps,
): Promise<Identity> {
  const url = `${deps.config.controllerUrl}/agent/v1`;
  const csr = newCertificateRequest(boundTo);
  const body = { ...asked, csr: csr.der.toString('base64') };
  const given = (answer: Answer): Identity => ({
    privateKey: csr.privateKeyPem,
    enrolled: accepted(answer),
    obtainedAtMs: deps.clock.nowMs(),
  });
  const tpm = await deps.tpm().catch((error: unknown) => error);
  if (tpm === undefined) return given(await postJson(`${url}/${what}`, body, tls));
  // Not in the memory of a host that has none.
  const { openProver, unusableTpm } = await import('../tpm/proof.ts');
  await using prover = isOpen(tpm) ? await openProver(tpm) : unusableTpm(tpm);
  const answer = await postJson(`${url}/${what}`, { ...body, tpm: prover.offer }, tls);
  if (!tpmChallenge.Check(answer.body)) return given(answer);
  const { challenge } = answer.body;
  const proof: TpmAnswer = { challenge, proof: await prover.prove(answer.body, csr.der) };
  return given(await postJson(`${url}/answer`, proof, tls));
}

function isOpen(tpm: unknown): tpm is OpenTpm {
  return typeof tpm === 'object' && tpm !== null && 'exchange' in tpm;
}

function accepted({ status, body }: Answer): EnrolResponse {
  if (status === 200 && enrolResponse.Check(body)) return body;
  const { code, detail } = problemOf(body);
  throw new PpecError(code, `the controller gave this host no certificate: ${detail} (HTTP ${status})`);
}

function problemOf(body: unknown): { code: PpecError['code']; detail: string } {
  const member = (name: string): string => {
    const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
    return typeof value === 'string' ? value : '';
  };
  const code = member('code');
  return { code: isErrorCode(code) ? code : 'unavailable', detail: member('detail') || 'no reason given' };
}
