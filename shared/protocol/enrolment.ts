// Enrolment and renewal: what a machine says to get a certificate, and what it is given. Over TLS whose CA the boot script
// pinned; the key is made on the host and never leaves it.
import { Type, type Static } from 'typebox';

import { KeyStatements } from './key-list.ts';

const Text = (maxLength: number) => Type.String({ minLength: 1, maxLength });
const closed = { additionalProperties: false } as const;
const Base64 = (bytesMax: number) =>
  Type.String({ pattern: '^[A-Za-z0-9+/]+={0,2}$', maxLength: Math.ceil(bytesMax / 3) * 4 });

/** Keeps the answer to a TPM challenge from being valid for anything else. */
export const tpmProofDomain = 'ppec-tpm-v1\0';

/** What a machine is, as its firmware and ports say. */
const hardware = {
  serial: Type.String({ maxLength: 120 }),
  uuid: Type.String({ maxLength: 40 }),
  macs: Type.Array(Type.String({ pattern: '^([0-9a-f]{2}:){5}[0-9a-f]{2}$' }), { minItems: 1, maxItems: 64 }),
};
export type HardwareIdentity = { readonly serial: string; readonly uuid: string; readonly macs: readonly string[] };

/** The TPM of this machine: its endorsement keys with the maker's certificates, and an attestation key beside them. */
export const TpmOffer = Type.Union([
  Type.Object(
    {
      /** TPMT_PUBLIC each, and the certificate as it lies in the TPM, where padding may follow. */
      endorsementKeys: Type.Array(
        Type.Object({ public: Base64(400), certificate: Type.Optional(Base64(8192)) }, closed),
        { minItems: 1, maxItems: 2 },
      ),
      /** TPMT_PUBLIC: the object that the challenge is bound to. */
      attestationKey: Base64(400),
    },
    closed,
  ),
  /** There is one, and it could not be used. */
  Type.Object({ unusable: Text(300) }, closed),
]);
export type TpmOffer = Static<typeof TpmOffer>;

/** PKCS#10 (RFC 2986), DER: the public key (EC P-256), and what the request is bound to as its challengePassword. */
const csr = Base64(2048);

export const EnrolRequest = Type.Object(
  {
    token: Text(120),
    /** Bound to the token. */
    csr,
    ...hardware,
    bootId: Text(40),
    home: Type.Union([Type.Literal('pious'), Type.Literal('production')]),
    agentVersion: Text(40),
    /** Left out where the machine has no TPM 2.0. */
    tpm: Type.Optional(TpmOffer),
  },
  closed,
);
export type EnrolRequest = Static<typeof EnrolRequest>;

/** Sent with the certificate in force. */
export const RenewRequest = Type.Object(
  {
    /** Of a new key, bound to the serial number of the certificate in force (hex, lower case). */
    csr,
    ...hardware,
    bootId: Text(40),
    tpm: Type.Optional(TpmOffer),
  },
  closed,
);
export type RenewRequest = Static<typeof RenewRequest>;

/** What only the TPM with this endorsement key can open (TPM 2.0 Library Part 1 §24). */
export const TpmChallenge = Type.Object(
  {
    challenge: Text(64),
    /** Which of the endorsement keys that were offered. */
    endorsementKey: Type.Integer({ minimum: 0, maximum: 1 }),
    /** TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET, each without its size. */
    credential: Base64(200),
    secret: Base64(400),
  },
  closed,
);
export type TpmChallenge = Static<typeof TpmChallenge>;

/** HMAC-SHA256, keyed with what the TPM opened, over `tpmProofDomain` + the request's DER: good for that request only. */
export const TpmAnswer = Type.Object({ challenge: Text(64), proof: Base64(32) }, closed);
export type TpmAnswer = Static<typeof TpmAnswer>;

export const EnrolResponse = Type.Object(
  {
    assetId: Text(40),
    /** Client certificate for the link, PEM, short-lived; its common name is the asset id. */
    certificate: Text(8000),
    expiresAtMs: Type.Integer(),
    /** How long it is good for, from now. */
    livesMs: Type.Integer({ minimum: 1 }),
    /** wss:// address of the link. */
    linkUrl: Text(300),
    /** Oldest first. An agent that trusts nobody yet begins with the first; one that does takes only what follows. */
    commandKeys: KeyStatements,
    /** Keys whose images are trusted: id → SubjectPublicKeyInfo PEM (Ed25519). */
    imageKeys: Type.Record(Type.String(), Text(400)),
  },
  closed,
);
export type EnrolResponse = Static<typeof EnrolResponse>;
