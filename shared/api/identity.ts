// Identities of agents: the certificates that a machine was given, the TPM that it proved to hold, and what ends them.
import { Type, type Static } from 'typebox';

import { trustLevels } from '../lifecycle/trust.ts';
import { literals } from '../literals.ts';
import { ekAlgorithms } from '../tpm/templates.ts';
import { Asset } from './asset.ts';
import { Change } from './change.ts';
import { closed, Nullable, Reason, Ref, Sha256, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

export const AgentCertificate = Type.Object(
  {
    serial: Type.String({ description: 'Its serial number, hex' }),
    bootId: Type.String(),
    home: literals(['pious', 'production']),
    issuedAt: UnixMsField,
    expiresAt: UnixMsField,
    usedAt: Nullable(UnixMsField),
    replacedBy: Nullable(Type.String({ description: 'The serial number of the one that took its place' })),
    revokedAt: Nullable(UnixMsField),
    revokedWhy: Nullable(Type.String()),
  },
  closed,
);

export const AssetIdentity = Type.Object(
  {
    assetId: Type.String(),
    trust: literals(trustLevels),
    tpm: Nullable(
      Type.Object(
        {
          ekSha256: Sha256,
          algorithm: literals(ekAlgorithms),
          issuer: Nullable(Type.String({ description: 'The CA of a TPM maker that vouches for the key' })),
          pinnedAt: UnixMsField,
          provedAt: UnixMsField,
        },
        closed,
      ),
    ),
    orderedEkSha256: Nullable(Sha256),
    certificates: Type.Array(AgentCertificate, { description: 'Newest first, at most 100' }),
  },
  closed,
);
export type AssetIdentity = Static<typeof AssetIdentity>;

const withReason = Type.Object({ asset: Ref('asset'), reason: Reason }, closed);

export const identityOperations = [
  operation({
    id: 'asset.identity',
    method: 'GET',
    path: '/v1/assets/:asset/identity',
    input: Type.Object({ asset: Ref('asset') }, closed),
    output: AssetIdentity,
    effect: 'read',
    scope: ['asset'],
    permission: 'asset.get',
    summary: 'Certificates of its agent, the TPM it proved to hold, and what is proved of it',
    example: { asset: 'srv-a' },
  }),
  operation({
    id: 'asset.revoke-identity',
    method: 'POST',
    path: '/v1/assets/:asset/revoke-identity',
    input: withReason,
    output: Asset,
    effect: 'write',
    scope: ['asset'],
    summary: 'Revoke all certificates of its agent at once, and end its link',
    example: { asset: 'srv-a', reason: 'its disk was stolen' },
  }),
  operation({
    id: 'asset.reset-tpm',
    method: 'POST',
    path: '/v1/assets/:asset/reset-tpm',
    input: withReason,
    output: Change,
    effect: 'state-change',
    scope: ['asset'],
    summary: 'Ask to forget the TPM that is pinned, after a main board was replaced; a checker must approve',
    example: { asset: 'srv-a', reason: 'the main board was replaced under RMA 4711' },
  }),
] as const;
