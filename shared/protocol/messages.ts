// Every message of the agent link, with its schema; both ends validate what they receive.
// On the wire a message is the MessagePack array [type, seq, body]: seq counts from 1 in each direction of a session.
import { Type, type Static } from 'typebox';

import { SignedHead } from '../audit/head.ts';
import { BurnInProgress, BurnInReport } from '../burn-in/report.ts';
import { literals } from '../literals.ts';
import { healthStates } from '../lifecycle/asset.ts';
import { KeyStatements } from './key-list.ts';

const Text = (maxLength: number) => Type.String({ maxLength });
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Ms = Type.Integer({ minimum: 0 });
const closed = { additionalProperties: false } as const;

/** Where an agent runs. */
export const homes = ['pious', 'production'] as const;
export type Home = (typeof homes)[number];
const HomeSchema = Type.Union([Type.Literal('pious'), Type.Literal('production')]);

export const HealthFinding = Type.Object(
  {
    check: Text(80),
    component: Text(120),
    state: literals(healthStates),
    message: Text(500),
  },
  closed,
);

/** Results of the agent's checks; `state` is the worst of them. Readings are plain numbers, unit in the name. */
export const HealthReport = Type.Object(
  {
    state: literals(healthStates),
    findings: Type.Array(HealthFinding, { maxItems: 256 }),
    readings: Type.Record(Text(80), Type.Number(), { maxProperties: 256 }),
  },
  closed,
);
export type HealthReport = Static<typeof HealthReport>;

/** Heads of the audit that a host keeps. */
export const auditHeadsKept = 16;

export const commandOutcomes = ['succeeded', 'failed', 'refused', 'indeterminate'] as const;
export type CommandOutcome = (typeof commandOutcomes)[number];

/** Agent → controller. */
export const agentMessages = {
  /** First message of a session: who speaks, in which boot, and what it can do. */
  hello: Type.Object(
    {
      protocol: Type.Integer({ minimum: 1 }),
      agentVersion: Text(40),
      assetId: Text(40),
      bootId: Text(40),
      sessionId: Text(40),
      home: HomeSchema,
      capabilities: Type.Array(Text(40), { maxItems: 64 }),
      inventoryHash: Sha256,
      /** What the agent found when it tried its own verifier: whether it refuses what it must. */
      verificationEnforced: Type.Boolean(),
      /** Of the newest list of command keys that it holds; 0 with none. */
      commandKeySequence: Type.Integer({ minimum: 0 }),
      /** Which machine this is, so that an identity that was copied to another one is noticed. */
      hardware: Type.Object(
        {
          serial: Text(120),
          uuid: Text(40),
          macs: Type.Array(Text(17), { maxItems: 64 }),
          /** SHA-256 of the endorsement keys whose certificates its TPM holds. */
          ekSha256s: Type.Array(Sha256, { maxItems: 8 }),
        },
        closed,
      ),
    },
    closed,
  ),
  /** Liveness. Any frame counts; this one is sent when there is nothing else to say. */
  heartbeat: Type.Object({ uptimeMs: Ms, rssBytes: Type.Integer({ minimum: 0 }) }, closed),
  /** Latest wins. */
  health: HealthReport,
  /** The inventory of this boot changed; the controller asks for the body when it does not have this hash. */
  'inventory-offer': Type.Object({ hash: Sha256 }, closed),
  /** Raw evidence, which the controller parses: an agent of any version tells the same facts. */
  inventory: Type.Object(
    {
      /** The agent's name for these facts; another one where a fact has changed. */
      hash: Sha256,
      evidence: Type.Array(
        // The digest is of the bytes before gzip (RFC 1952).
        Type.Object({ source: Text(120), sha256: Sha256, gzip: Type.Unsafe<Uint8Array>({}) }, closed),
        { maxItems: 256 },
      ),
      /** Sources this machine has no use for, and sources that could not be read, with why. */
      absent: Type.Array(Type.Object({ source: Text(120), reason: Text(500) }, closed), { maxItems: 256 }),
      unread: Type.Array(Type.Object({ source: Text(120), reason: Text(500) }, closed), { maxItems: 256 }),
    },
    closed,
  ),
  /** The command is in the journal (fsynced) and starts now; from here it runs at most once. */
  'command-accepted': Type.Object({ commandId: Text(40) }, closed),
  /** A command came that cannot be said to be from the region: `check` is the first one it failed. It was not run. */
  'command-refused': Type.Object({ keyId: Text(64), check: Text(40), reason: Text(500) }, closed),
  /** Of the newest list of command keys that it holds now, durably. */
  'command-keys-held': Type.Object({ sequence: Type.Integer({ minimum: 0 }) }, closed),
  'command-progress': Type.Object(
    { commandId: Text(40), percent: Type.Number({ minimum: 0, maximum: 100 }), message: Text(200) },
    closed,
  ),
  /** Latest wins: where the burn-in is that runs now, told at most every few seconds and after every welcome. */
  'burn-in-progress': BurnInProgress,
  /** Sent until acknowledged; a replayed command is answered with the stored result. */
  'command-result': Type.Object(
    {
      commandId: Text(40),
      outcome: literals(commandOutcomes),
      message: Text(1000),
      code: Type.Optional(Text(60)),
      durationMs: Ms,
      /** Of a burn-in: what it found, as far as it came. */
      report: Type.Optional(BurnInReport),
    },
    closed,
  ),
  /** The heads of the region's audit that this host was given, after every welcome: the controller compares. */
  'audit-heads': Type.Object({ heads: Type.Array(SignedHead, { maxItems: auditHeadsKept }) }, closed),
} as const;

/** Controller → agent. */
export const controllerMessages = {
  welcome: Type.Object(
    { protocol: Type.Integer({ minimum: 1 }), heartbeatMs: Type.Integer({ minimum: 100 }), serverTimeMs: Ms },
    closed,
  ),
  /** The inventory with this hash; with null, one that is collected anew, and the health with it. */
  'inventory-request': Type.Object({ hash: Type.Union([Sha256, Type.Null()]) }, closed),
  /** The exact bytes that were signed, and the signature over them. See command-bytes.ts. */
  command: Type.Object(
    { bytes: Type.Unsafe<Uint8Array>({}), signature: Type.Unsafe<Uint8Array>({}), keyId: Text(64) },
    closed,
  ),
  /** Whose commands to obey from now on; oldest first. See key-list.ts. */
  'command-keys': Type.Object({ statements: KeyStatements }, closed),
  'result-ack': Type.Object({ commandId: Text(40) }, closed),
  /** What the controller thinks of this machine; shown on its console, never acted on. */
  verdict: Type.Object(
    {
      name: Text(80),
      state: Text(20),
      place: Text(80),
      findings: Type.Array(Text(300), { maxItems: 32 }),
    },
    closed,
  ),
  /** Where the region's audit ends now, signed. Kept by the host, so that history cannot be rewritten unseen. */
  'audit-head': SignedHead,
} as const;

export type AgentMessageType = keyof typeof agentMessages;
export type ControllerMessageType = keyof typeof controllerMessages;
export type AgentBody<T extends AgentMessageType> = Static<(typeof agentMessages)[T]>;
export type ControllerBody<T extends ControllerMessageType> = Static<(typeof controllerMessages)[T]>;

export type AgentMessage = {
  [T in AgentMessageType]: { readonly type: T; readonly body: AgentBody<T> };
}[AgentMessageType];
export type ControllerMessage = {
  [T in ControllerMessageType]: { readonly type: T; readonly body: ControllerBody<T> };
}[ControllerMessageType];
