// The verifier tried on itself: at start the agent signs commands with keys of its own making, one that must be accepted
// and one per check that must be refused. What it reports as "verification enforced" is what came of that.
import { generateKeyPairSync, sign } from 'node:crypto';

import { encodeCommand, signedBytesOf } from '../../shared/protocol/command-bytes.ts';
import type { Command } from '../../shared/protocol/command.ts';
import type { HealthFinding } from '../../shared/health/finding.ts';
import type { ControllerBody } from '../../shared/protocol/messages.ts';
import { verifyCommand, type CommandCheck, type CommandTarget, type Verified } from './verify-command.ts';

type Envelope = ControllerBody<'command'>;
type Verify = (envelope: Envelope, target: CommandTarget) => Verified;

const keyId = 'self-test';
const approval = { changeId: 'self-test', payloadSha256: '0'.repeat(64), makerId: 'a', checkerIds: ['b'] };
const kexec: Command = {
  id: 'self-test',
  region: 'self-test',
  assetId: 'self-test',
  assetSerial: 'SELF-TEST-1',
  bootId: 'self-test',
  generation: 2,
  notBeforeMs: 10,
  expiresAtMs: 20,
  approval,
  name: 'kexec',
  args: { provisionCommandId: 'self-test', appendCmdline: '' },
};

/** Which checks the verifier does not make; none where verification is enforced. */
export function unenforcedChecks(verify: Verify = verifyCommand): string[] {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const target: CommandTarget = {
    region: 'self-test',
    assetId: 'self-test',
    serial: 'SELF-TEST-1',
    bootId: 'self-test',
    nowMs: 15,
    highestGeneration: 1,
    commandKeys: [{ keyId, publicKeyPem, notBeforeMs: 0, notAfterMs: null }],
  };
  const signed = (bytes: Uint8Array): Envelope => ({
    bytes,
    signature: sign(null, signedBytesOf(keyId, bytes), privateKey),
    keyId,
  });
  const good = signed(encodeCommand(kexec));
  const bad: Readonly<Record<CommandCheck, readonly [Envelope, Partial<CommandTarget>]>> = {
    key: [{ ...good, keyId: 'another' }, {}],
    signature: [{ ...good, signature: flipped(good.signature) }, {}],
    // The same value, and a byte after it.
    encoding: [signed(Buffer.concat([good.bytes, Buffer.from([0xc0])])), {}],
    region: [good, { region: 'another' }],
    asset: [good, { assetId: 'another' }],
    serial: [good, { serial: 'another' }],
    boot: [good, { bootId: 'another' }],
    'not-before': [good, { nowMs: 9 }],
    expiry: [good, { nowMs: 21 }],
    generation: [good, { highestGeneration: 2 }],
    approval: [signed(encodeCommand({ ...kexec, approval: { ...approval, checkerIds: ['a'] } })), {}],
  };
  const unenforced = Object.entries(bad).flatMap(([check, [envelope, change]]) => {
    const verified = verify(envelope, { ...target, ...change });
    return !verified.ok && verified.check === check ? [] : [check];
  });
  // One that refuses everything enforces nothing: it is broken.
  return verify(good, target).ok ? unenforced : ['acceptance', ...unenforced];
}

export function verificationFindings(unenforced: readonly string[]): HealthFinding[] {
  if (unenforced.length === 0) return [];
  const message = `The agent does not check commands as it must (${unenforced.join(', ')}): it is broken or was tampered with. Boot the machine again from PIOUS, or install the agent anew.`;
  return [{ check: 'command-verification', component: 'agent', state: 'failed', message: message.slice(0, 500) }];
}

function flipped(signature: Uint8Array): Uint8Array {
  return signature.map((byte, at) => (at === 0 ? byte ^ 1 : byte));
}
