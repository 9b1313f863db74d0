// Identity of this host: a key made here that never leaves it, and the certificate the controller gives for it.
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import type { Clock } from '../../shared/clock.ts';
import { isErrorCode, PpecError } from '../../shared/errors.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import { EnrolResponse, enrolmentDomain, type EnrolRequest } from '../../shared/protocol/enrolment.ts';
import { agentVersion, type AgentConfig } from '../config.ts';
import { readIfThere, writeDurably } from '../files.ts';
import type { KeyRing } from './key-ring.ts';
import { postJson, type Answer, type Tls } from './https.ts';

const IdentityFile = Type.Object({ privateKey: Type.String(), enrolled: EnrolResponse });
export type Identity = Static<typeof IdentityFile>;
const identityFile = Compile(IdentityFile);
const enrolResponse = Compile(EnrolResponse);

/** A certificate is renewed when this much of its life is left. */
const renewBeforeMs = 8 * 3_600_000;

/** How long a link may stand before its certificate wants renewing; half of what is left where that is little. */
export function renewInMs(identity: Identity, nowMs: number): number {
  const leftMs = Math.max(0, identity.enrolled.expiresAtMs - nowMs);
  return leftMs > renewBeforeMs ? leftMs - renewBeforeMs : leftMs / 2;
}

export type EnrolDeps = {
  readonly config: AgentConfig;
  readonly ca: string;
  readonly clock: Clock;
  readonly bootId: string;
  readonly inventory: Inventory;
  readonly keyRing: KeyRing;
  readonly log: (text: string) => void;
};

/** The stored identity if it still holds, a renewed one if it ends soon, else a new enrolment with the token. */
export async function obtainIdentity(deps: EnrolDeps): Promise<Identity> {
  const path = join(deps.config.stateDir, 'identity.json');
  const stored = parseIdentity(await readIfThere(path));
  const leftMs = stored === undefined ? 0 : stored.enrolled.expiresAtMs - deps.clock.nowMs();
  if (stored !== undefined && leftMs > renewBeforeMs) return stored;
  // A production host has one token in its life: after a long time off it comes back by the key it holds.
  const isRenewable = stored !== undefined && (leftMs > 0 || deps.config.home === 'production');
  const identity = isRenewable ? await renew(stored, deps) : await enrol(deps);
  // Keys that the controller names are no reason to trust them, except to a host that trusts none yet.
  const disbelieved = await deps.keyRing.take(identity.enrolled.commandKeys);
  for (const reason of disbelieved) deps.log(`command keys not taken: ${reason}`);
  await writeDurably(path, JSON.stringify(identity));
  return identity;
}

export function tlsOf(identity: Identity, ca: string): Tls {
  return { ca, key: identity.privateKey, cert: identity.enrolled.certificate };
}

async function enrol(deps: EnrolDeps): Promise<Identity> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { inventory, config } = deps;
  const request: EnrolRequest = {
    token: config.token,
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    proof: sign('sha256', Buffer.from(enrolmentDomain + config.token), privateKey).toString('base64'),
    serial: inventory.identity.serial ?? '',
    uuid: inventory.identity.uuid ?? '',
    macs: inventory.nics.map((nic) => nic.mac),
    bootId: deps.bootId,
    home: config.home,
    agentVersion,
  };
  const answer = await postJson(`${config.controllerUrl}/agent/v1/enrol`, request, { ca: deps.ca });
  return { privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), enrolled: accepted(answer) };
}

async function renew(stored: Identity, deps: EnrolDeps): Promise<Identity> {
  const answer = await postJson(`${deps.config.controllerUrl}/agent/v1/renew`, {}, tlsOf(stored, deps.ca));
  return {
    privateKey: createPrivateKey(stored.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
    enrolled: accepted(answer),
  };
}

function accepted({ status, body }: Answer): EnrolResponse {
  if (status === 200 && enrolResponse.Check(body)) return body;
  const { code, detail } = problemOf(body);
  throw new PpecError(code, `the controller refused to enrol this host: ${detail} (HTTP ${status})`);
}

function problemOf(body: unknown): { code: PpecError['code']; detail: string } {
  const member = (name: string): string => {
    const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
    return typeof value === 'string' ? value : '';
  };
  const code = member('code');
  return { code: isErrorCode(code) ? code : 'unavailable', detail: member('detail') || 'no reason given' };
}

function parseIdentity(text: string | undefined): Identity | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return identityFile.Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
