// Which machine holds an identity: whether what it reports and what its TPM proved fit what is known of it. Pure.
import { macKey, reported, serialKey, uuidKey } from '../../shared/hardware/identity.ts';
import type { HardwareIdentity } from '../../shared/protocol/enrolment.ts';
import type { TrustLevel } from '../../shared/lifecycle/trust.ts';

/** Its serial; a machine without one is kept under its first MAC, and inspection says that it has none. */
export function serialOf({ serial, macs }: HardwareIdentity): string {
  return reported(serial) ?? `NO-SERIAL-${(macs.toSorted()[0] ?? '').replaceAll(':', '').toUpperCase()}`;
}

export type KnownMachine = {
  readonly serial: string;
  readonly serialKey: string;
  readonly uuid: string | null;
  readonly macs: readonly string[];
};

/** Why this cannot be the machine that is known, as the end of a sentence; undefined where it can. A port may be replaced. */
export function hardwareProblem(known: KnownMachine, found: HardwareIdentity): string | undefined {
  const serial = serialOf(found);
  const key = serialKey(serial) || serial;
  if (key !== known.serialKey) return `its serial is ${serial}, not ${known.serial}`;
  const uuid = uuidKey(found.uuid);
  if (known.uuid !== null && uuid !== '' && uuid !== known.uuid) return `its UUID is ${uuid}, not ${known.uuid}`;
  const macs = new Set(found.macs.map((mac) => macKey(mac) ?? mac));
  if (known.macs.length > 0 && !known.macs.some((mac) => macs.has(mac)))
    return `it has none of the MAC addresses ${known.macs.slice(0, 8).join(' ')}`;
  return undefined;
}

/** What credential activation has shown, or why it could not. */
export type TpmEvidence =
  | { readonly kind: 'proved'; readonly ekSha256: string; readonly issuer: string | null }
  | { readonly kind: 'unusable'; readonly reason: string }
  | { readonly kind: 'none' };

export type ExpectedTpm = { readonly ordered: string | undefined; readonly pinned: string | undefined };

export type TpmVerdict = { readonly trust: TrustLevel; readonly problem?: undefined } | { readonly problem: string };

/** What is proved of a machine, or what contradicts what was known of its TPM, as the end of a sentence. */
export function judgeTpm({ ordered, pinned }: ExpectedTpm, found: TpmEvidence): TpmVerdict {
  // The order goes before what was seen first: it says which machine was bought.
  const wanted = ordered ?? pinned;
  if (found.kind !== 'proved') {
    if (wanted === undefined) return { trust: 'token' };
    const which = ordered === undefined ? 'was pinned' : 'its order names';
    const what = found.kind === 'none' ? 'it has no TPM' : `its TPM cannot be used (${found.reason})`;
    return { problem: `${what}; the endorsement key ${short(wanted)} ${which}` };
  }
  if (wanted !== undefined && found.ekSha256 !== wanted) {
    const which = ordered === undefined ? 'was pinned' : 'is the one its order names';
    return { problem: `its TPM is another one: the endorsement key ${short(wanted)} ${which}, it has ${short(found.ekSha256)}` };
  }
  if (ordered !== undefined) return { trust: 'ordered-ek' };
  return { trust: found.issuer === null ? 'pinned-ek' : 'certified-ek' };
} // prettier-ignore

const short = (digest: string): string => `${digest.slice(0, 16)}…`;

/** Whether an asset in this state may have an agent in this home. */
export function mayHoldIdentity(state: string, home: 'pious' | 'production'): boolean {
  if (state === 'RETIRED') return false;
  return home === 'pious' || state === 'PROVISIONING' || state === 'BAREMETAL' || state === 'RELEASING';
}
