// What an operation is made of on this side: a read, a write, or a state change that is planned, checked by a second
// person and then carried out.
import type { EffectLine } from '../../shared/api/change.ts';
import type { OperationId, OperationInput, OperationOutput } from '../../shared/api/operations.ts';
import type { RoleName } from '../../shared/api/person.ts';
import type { BurnInProgress } from '../../shared/burn-in/report.ts';
import type { Clock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import type { PolicySubject } from '../domain/policy.ts';
import type { Db } from '../store/database.ts';
import type { ChangeRow } from '../store/change-tables.ts';
import type { ProvisionWork } from '../store/schema.ts';
import type { Actor, UnitOfWork } from '../store/unit-of-work.ts';

/** Who calls: a person through one credential, with what that credential may do. */
export type Caller = {
  readonly actor: Actor;
  readonly personId: string;
  readonly roles: readonly RoleName[];
  readonly permissions: ReadonlySet<string>;
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
  readonly webhookRules: { readonly allowHttp: boolean };
  readonly mailIsConfigured: boolean;
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
  /** What it is about, as policies see it; what the targets are now, unless told. */
  readonly subjects?: readonly PolicySubject[];
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
      readonly kind: 'state-change';
      readonly plan: (input: OperationInput<Id>, context: PlanContext) => Promise<Plan>;
      /** Checks everything again and starts the work; throws where a target has drifted. Answers operation ids. */
      readonly execute: (approved: Approved, context: ExecuteContext) => Promise<string[]>;
    };

export type StateChange = Extract<Handler, { kind: 'state-change' }>;

export type Handlers<Ids extends OperationId> = { readonly [Id in Ids]: Handler<Id> };
