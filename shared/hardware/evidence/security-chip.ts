// The TPM as the agent read it. Pure.
import { Type, type Static } from 'typebox';

import type { Tpm } from '../inventory.ts';
import { factText } from './fact-text.ts';

export const TpmEvidence = Type.Object({
  version: Type.Union([Type.Integer(), Type.String()]),
  properties: Type.Optional(Type.Record(Type.String(), Type.String())),
  ekCertificates: Type.Optional(Type.Record(Type.String(), Type.String())),
  /** Of each certificate's key, SHA-256 over its SubjectPublicKeyInfo. */
  ekPublicSha256s: Type.Optional(Type.Array(Type.String({ pattern: '^[0-9a-f]{64}$' }), { maxItems: 8 })),
});

export function tpmOf(evidence: Static<typeof TpmEvidence>): Tpm {
  return {
    version: factText(String(evidence.version)),
    manufacturer: factText(evidence.properties?.['manufacturer']),
    firmware: factText(evidence.properties?.['firmware']),
    ekSha256s: evidence.ekPublicSha256s ?? [],
  };
}
