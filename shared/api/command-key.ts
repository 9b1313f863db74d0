// Command keys: whose commands agents obey, and how one replaces another.
import { Type, type Static } from 'typebox';

import { closed, Nullable, UnixMsField } from './fields.ts';
import { operation } from './operation.ts';

export const CommandKey = Type.Object(
  {
    keyId: Type.String(),
    publicKeyPem: Type.String({ description: 'Ed25519, SubjectPublicKeyInfo, PEM' }),
    signs: Type.Boolean({ description: 'Commands are signed with this one' }),
    notBefore: UnixMsField,
    notAfter: Nullable(UnixMsField),
  },
  closed,
);
export type CommandKey = Static<typeof CommandKey>;

export const CommandKeys = Type.Object(
  {
    sequence: Type.Integer({ minimum: 0, description: 'Of the newest list; 0 while the signer was never heard' }),
    keys: Type.Array(CommandKey),
    problem: Nullable(Type.String({ description: 'Why nothing is signed now' })),
    commandsWaiting: Type.Integer({ minimum: 0, description: 'Commands that are not signed yet' }),
    agentsBehind: Type.Integer({ minimum: 0, description: 'Assets whose agent said last that it holds an older list' }),
    behind: Type.Array(Type.String(), { description: 'The first hundred of them, by name or serial' }),
  },
  closed,
);
export type CommandKeys = Static<typeof CommandKeys>;

export const commandKeyOperations = [
  operation({
    id: 'command-key.list',
    method: 'GET',
    path: '/v1/command-keys',
    input: Type.Object({}, closed),
    output: CommandKeys,
    effect: 'read',
    scope: 'region',
    summary: 'Whose commands agents obey, and who has not heard of the newest key',
    example: {},
  }),
  operation({
    id: 'command-key.rotate',
    method: 'POST',
    path: '/v1/command-keys/rotate',
    input: Type.Object(
      {
        overlapHours: Type.Optional(
          Type.Integer({
            minimum: 0,
            maximum: 744,
            default: 48,
            description: 'How long commands that the old key has signed stay good',
          }),
        ),
      },
      closed,
    ),
    output: CommandKeys,
    effect: 'write',
    scope: 'region',
    summary: 'Replace the command key; agents are told by a statement that the old key signs',
    example: { overlapHours: 48 },
  }),
] as const;
