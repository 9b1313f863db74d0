// What an operation is made of on this side: a read, a write, or a state change that is planned, checked by a second
// person and then carried out.
import type { Kysely } from 'kysely';

import type { EffectLine } from '../../shared/api/change.ts';
import type { OperationId, OperationInput, OperationOutput } from '../../shared/api/operations.ts';
import type { CredentialLimits } from '../../shared/api/credential.ts';
import type { SignedIn } from '../../shared/api/person.ts';
import type { Scope } from '../../shared/api/scope.ts';
import type { BurnInProgress } from '../../shared/burn-in/report.ts';
import type { Clock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { RegionProblem } from '../../shared/api/region.ts';
import type { Gathered } from '../audit/gathered.ts';
import type { Passwords } from '../auth/passwords.ts';
import type { AuditArchive } from '../store/audit-archive.ts';
import type { Rights } from '../domain/rbac.ts';
import type { KeyStatement } from '../../shared/protocol/key-list.ts';
import type { PolicySubject } from '../domain/policy.ts';
import type { Cidr } from '../domain/webhook-address.ts';
import type { Db } from '../store/database.ts';
import type { ChangeRow } from '../store/change-tables.ts';
import type { Database, ProvisionWork } from '../store/schema.ts';
import type { Actor, UnitOfWork } from '../store/unit-of-work.ts';

export type Reader = Kysely<Database>;

/** Who calls: a person through one credential, with what that credential may do. */
export type Caller = {
  readonly actor: Actor;
  readonly personId: string;
  /** As they were when the caller was recognised; of a write, as they are in its transaction. */
  readonly rights: Rights;
  /**
   * Read anew: a grant may have come, gone or expired since, or the credential been revoked. Throws `unauthenticated`
   * where the caller would not be let in any more.
   */
  readonly rightsNow: (db: Reader) => Promise<Rights>;
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
  readonly audit: {
    readonly archive: AuditArchive;
    readonly gathered: Gathered;
    /** A head of what is there now; at most one a second. */
    readonly sign: () => Promise<void>;
  };
  /** What is wrong with the controller itself now. */
  readonly problems: () => RegionProblem[];
  /** Image keys this region trusts: id → SubjectPublicKeyInfo PEM (Ed25519). */
  readonly imageKeys: Readonly<Record<string, string>>;
  readonly blobs: {
    readonly sizeOf: (sha256: string) => Promise<number | undefined>;
    /** The digest of what is stored now, read again. */
    readonly digestOf: (sha256: string) => Promise<string | undefined>;
  };
  /** Who signs commands, and with which keys. */
  readonly signer: {
    readonly statements: () => readonly KeyStatement[];
    readonly rotate: (overlapMs: number) => Promise<void>;
    readonly problem: () => string | undefined;
  };
  /** The end of the machine's console log, where the site keeps one. */
  readonly consoleText: (serial: string) => Promise<string | undefined>;
  readonly burnIn: {
    readonly hasTools: boolean;
    /** What the agent of this asset told last of the burn-in that it runs. */
    readonly progressOf: (assetId: string) => BurnInProgress | undefined;
  };
  readonly webhookRules: { readonly allowHttp: boolean; readonly allowed: readonly Cidr[] };
  readonly mailIsConfigured: boolean;
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
/** What is approved may run when nobody calls. */
export type ExecuteContext = Omit<WriteContext, 'caller'>;
/** `editing`: the open change whose plan is made anew; what it wants is not wanted by somebody else. */
export type PlanContext = WriteContext & { readonly editing?: string };

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
  /** Scopes that it reaches besides what its input names: maker and checker need their right there, too. */
  readonly reaches?: readonly Scope[];
};

export type Approved = {
  readonly change: ChangeRow;
  readonly payload: unknown;
  readonly approval: ProvisionWork['approval'];
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
      readonly plan: (input: OperationInput<Id>, context: PlanContext) => Promise<Plan>;
      /** Checks everything again and starts the work; throws where a target has drifted. Answers operation ids. */
      readonly execute: (approved: Approved, context: ExecuteContext) => Promise<string[]>;
      /** The names of those who would have more rights by it: they neither file nor check it. */
      readonly gainers?: (payload: unknown, db: Reader) => Promise<readonly string[]>;
      /** What policies look at, as it is now; what the change is about, unless told. */
      readonly subjects?: (payload: unknown, db: Reader) => Promise<readonly PolicySubject[]>;
    };

export type StateChange = Extract<Handler, { kind: 'state-change' }>;

export type Handlers<Ids extends OperationId> = { readonly [Id in Ids]: Handler<Id> };
