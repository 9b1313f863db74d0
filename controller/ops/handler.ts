// What an operation is made of on this side: a read, a write, or a state change that is planned, checked by a second
// person and then carried out.
import type { EffectLine } from '../../shared/api/change.ts';
import type { OperationId, OperationInput, OperationOutput } from '../../shared/api/operations.ts';
import type { CredentialLimits } from '../../shared/api/credential.ts';
import type { SignedIn } from '../../shared/api/person.ts';
import type { RoleName } from '../../shared/api/role-names.ts';
import type { BurnInProgress } from '../../shared/burn-in/report.ts';
import type { Clock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { Passwords } from '../auth/passwords.ts';
import type { Db } from '../store/database.ts';
import type { ChangeRow } from '../store/schema.ts';
import type { Actor, UnitOfWork } from '../store/unit-of-work.ts';

/** Who calls: a person through one credential, with what that credential may do. */
export type Caller = {
  readonly actor: Actor;
  readonly personId: string;
  readonly roles: readonly RoleName[];
  readonly permissions: ReadonlySet<string>;
  /** What narrows the rights of the person here; a credential made with this is within it. */
  readonly bounds: Bounds;
  readonly signedIn: SignedIn;
  /** Aborts when the person, the credential or the session loses its rights. */
  readonly signal: AbortSignal;
};

export type Bounds = {
  readonly limits: CredentialLimits;
  readonly sources: readonly string[];
  readonly untilMs: number | null;
};

export type RegionFacts = {
  readonly name: string;
  readonly version: string;
  readonly caSha256: string;
  readonly bootUrl: string;
};

/** What operations may reach besides the store. */
export type OpsDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly region: RegionFacts;
  readonly agentsOnline: () => number;
  /** Image keys this region trusts: id → SubjectPublicKeyInfo PEM (Ed25519). */
  readonly imageKeys: Readonly<Record<string, string>>;
  readonly blobs: {
    readonly sizeOf: (sha256: string) => Promise<number | undefined>;
    /** The digest of what is stored now, read again. */
    readonly digestOf: (sha256: string) => Promise<string | undefined>;
  };
  /** The end of the machine's console log, where the site keeps one. */
  readonly consoleText: (serial: string) => Promise<string | undefined>;
  readonly burnIn: {
    readonly hasTools: boolean;
    /** What the agent of this asset told last of the burn-in that it runs. */
    readonly progressOf: (assetId: string) => BurnInProgress | undefined;
  };
  readonly signIn: {
    /** Where the API is for people's browsers. */
    readonly url: string;
    /** The identity provider's; null where none is configured. */
    readonly issuer: string | null;
    readonly passwords: Passwords;
  };
  /** Resolves when an event newer than `after` is there, or after `waitMs`. */
  readonly waitForEvent: (after: number, waitMs: number) => Promise<void>;
};

export type ReadContext = { readonly deps: OpsDeps; readonly caller: Caller };
export type WriteContext = ReadContext & { readonly uow: UnitOfWork };

export type Written<Output> = {
  readonly output: Output;
  readonly targets: readonly string[];
  /** For the audit: what was done, in one sentence. */
  readonly message: string;
  readonly changeId?: string;
};

/** A state change before anybody approved it: frozen at filing, shown to the checker, approved by its hash. */
export type Plan = {
  readonly summary: string;
  readonly reason: string;
  readonly payload: unknown;
  readonly targets: readonly string[];
  readonly effect: readonly EffectLine[];
};

export type Approved = {
  readonly change: ChangeRow;
  readonly payload: unknown;
  readonly approval: { changeId: string; payloadSha256: string; makerId: string; checkerIds: string[] };
};

export type Handler<Id extends OperationId = OperationId> =
  | {
      readonly kind: 'read';
      readonly run: (input: OperationInput<Id>, context: ReadContext) => Promise<OperationOutput<Id>>;
    }
  | {
      readonly kind: 'write';
      readonly run: (input: OperationInput<Id>, context: WriteContext) => Promise<Written<OperationOutput<Id>>>;
    }
  | {
      /** A write with work that no transaction should wait for: `prepare` does it and answers what remains. */
      readonly kind: 'prepared-write';
      readonly prepare: (
        input: OperationInput<Id>,
        context: ReadContext,
      ) => Promise<(input: OperationInput<Id>, context: WriteContext) => Promise<Written<OperationOutput<Id>>>>;
    }
  | {
      readonly kind: 'state-change';
      readonly plan: (input: OperationInput<Id>, context: WriteContext) => Promise<Plan>;
      /** Checks everything again and starts the work; throws where a target has drifted. Answers operation ids. */
      readonly execute: (approved: Approved, context: WriteContext) => Promise<string[]>;
    };

export type Handlers<Ids extends OperationId> = { readonly [Id in Ids]: Handler<Id> };
