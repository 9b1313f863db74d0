// What a burn-in is told and what it tells, as schemas: the command's arguments, the result of each test, the whole report.
import { Type, type Static } from 'typebox';

import { literals } from '../literals.ts';
import {
  burnInFiguresMax,
  burnInLogLineMax,
  burnInLogLinesMax,
  burnInOutcomes,
  burnInResultsMax,
  burnInSentenceMax,
  toolsBytesMax,
} from './outcome.ts';
import { burnInProfileNames, burnInTestNames } from './profiles.ts';

const Text = (maxLength: number) => Type.String({ maxLength });
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Count = Type.Integer({ minimum: 0 });
const closed = { additionalProperties: false } as const;

export const BurnInTools = Type.Object(
  {
    /** http:// or https:// */
    url: Type.String({ pattern: '^https?://', maxLength: 500 }),
    sha256: Sha256,
    bytes: Type.Integer({ minimum: 1, maximum: toolsBytesMax }),
  },
  closed,
);
export type BurnInTools = Static<typeof BurnInTools>;

/** Another machine to measure the network with. The `server` waits for the `client`. */
export const BurnInPeer = Type.Object(
  {
    /** IPv4 or IPv6 address: of the other machine for the client, of this machine for the server. */
    address: Type.String({ pattern: '^[0-9A-Fa-f.:]{2,45}$' }),
    port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    role: literals(['client', 'server']),
  },
  closed,
);
export type BurnInPeer = Static<typeof BurnInPeer>;

export const BurnInArgs = Type.Object(
  {
    profile: literals(burnInProfileNames),
    /** Shortens every test, down to a second each. */
    timeScale: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
    /** Where the tool image is; null where the profile does without. */
    tools: Type.Union([BurnInTools, Type.Null()]),
    /** Disks that may be written to, once they prove blank. */
    writeDiskSerials: Type.Array(Type.String({ minLength: 1, maxLength: 80 }), { maxItems: 128 }),
    peer: Type.Optional(BurnInPeer),
  },
  closed,
);
export type BurnInArgs = Static<typeof BurnInArgs>;

export const BurnInTestResult = Type.Object(
  {
    test: literals(burnInTestNames),
    /** `processor`, `memory`, `disk S3X9NY0K`, `port eno1`, `DIMM A1`. */
    component: Text(120),
    outcome: literals(burnInOutcomes),
    seconds: Type.Number({ minimum: 0 }),
    /** Names the part, and says what was found. */
    sentence: Text(burnInSentenceMax),
    figures: Type.Record(Text(160), Type.Number(), { maxProperties: 16 }),
  },
  closed,
);
export type BurnInTestResult = Static<typeof BurnInTestResult>;

export const BurnInReport = Type.Object(
  {
    profile: literals(burnInProfileNames),
    startedAtMs: Type.Integer({ minimum: 0 }),
    endedAtMs: Type.Integer({ minimum: 0 }),
    results: Type.Array(BurnInTestResult, { maxItems: burnInResultsMax }),
    /** All figures, as `figureOf` names them. */
    figures: Type.Record(Text(160), Type.Number(), { maxProperties: burnInFiguresMax }),
  },
  closed,
);
export type BurnInReport = Static<typeof BurnInReport>;

/** Where a burn-in is. Latest wins; told again after every welcome. */
export const BurnInProgress = Type.Object(
  {
    commandId: Text(40),
    percent: Type.Number({ minimum: 0, maximum: 100 }),
    test: literals(burnInTestNames),
    round: Type.Integer({ minimum: 1 }),
    rounds: Type.Integer({ minimum: 1 }),
    /** Tests that have ended, by outcome. */
    counts: Type.Object(
      { passed: Count, skipped: Count, unverifiable: Count, cancelled: Count, failed: Count },
      closed,
    ),
    /** The latest lines of the log, oldest first. */
    log: Type.Array(Text(burnInLogLineMax), { maxItems: burnInLogLinesMax }),
  },
  closed,
);
export type BurnInProgress = Static<typeof BurnInProgress>;
