// Enrolment: what a booted machine says to get an identity, and what it is given. Over TLS whose CA the boot script
// pinned; the key is made on the host and never leaves it.
import { Type, type Static } from 'typebox';

import { KeyStatements } from './key-list.ts';

const Text = (maxLength: number) => Type.String({ minLength: 1, maxLength });
const closed = { additionalProperties: false } as const;

/** Keeps the proof of possession from being valid for anything else that is ever signed. */
export const enrolmentDomain = 'ppec-enrol-v1\0';

export const EnrolRequest = Type.Object(
  {
    token: Text(120),
    /** SubjectPublicKeyInfo, PEM, of the key made on this host (EC P-256). */
    publicKey: Text(1000),
    /** Signature by that key over `enrolmentDomain` + token: proof that the asker holds it. base64. */
    proof: Text(400),
    serial: Type.String({ maxLength: 120 }),
    uuid: Type.String({ maxLength: 40 }),
    macs: Type.Array(Type.String({ pattern: '^([0-9a-f]{2}:){5}[0-9a-f]{2}$' }), { minItems: 1, maxItems: 64 }),
    bootId: Text(40),
    home: Type.Union([Type.Literal('pious'), Type.Literal('production')]),
    agentVersion: Text(40),
  },
  closed,
);
export type EnrolRequest = Static<typeof EnrolRequest>;

export const EnrolResponse = Type.Object(
  {
    assetId: Text(40),
    /** Client certificate for the link, PEM, short-lived; its common name is the asset id. */
    certificate: Text(8000),
    expiresAtMs: Type.Integer(),
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
