// The tables, as Kysely sees them. Plain SQL that SQLite and PostgreSQL both take: text, whole numbers, bytes. Lists and
// documents are JSON text, written and read by json.ts. Times are milliseconds UTC; booleans are 0 and 1.
import type { ImageManifest } from '../../shared/api/image.ts';
import type { Asset } from '../../shared/api/asset.ts';
import type { PurchaseOrder } from '../../shared/api/purchase-order.ts';
import type { EffectLine, Change } from '../../shared/api/change.ts';
import type { OperationStep } from '../../shared/api/operation-handle.ts';
import type { RoleName } from '../../shared/api/person.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import type { Finding, Verdict } from '../../shared/inspection/finding.ts';
import type { MachineClassSpec } from '../../shared/inspection/machine-class.ts';
import type { ChangeState } from '../../shared/lifecycle/change.ts';
import type { OperationState } from '../../shared/lifecycle/operation.ts';
import type { CommandName } from '../../shared/protocol/command.ts';
import type { CommandOutcome, HealthReport } from '../../shared/protocol/messages.ts';

/** JSON text of a T; only json.ts makes and reads it. */
export type Json<T> = string & { readonly __json?: T };

/** What ran on the machine's disks: `maybe` from the moment a production kernel was told to start. */
export type ProductionRan = 'no' | 'maybe' | 'yes';

export type AssetRow = {
  id: string;
  name: string | null;
  serial: string;
  serial_key: string;
  uuid: string | null;
  macs: Json<string[]>;
  datacenter: string | null;
  rack: string | null;
  slot: string | null;
  class: string | null;
  purchase_order: string | null;
  order_line: number | null;
  state: Asset['state'];
  state_since: number;
  state_reason: string;
  health: Asset['health'];
  presence: Asset['presence'];
  presence_since: number;
  hold: Asset['hold'];
  home: 'pious' | 'production' | null;
  boot_id: string | null;
  agent_version: string | null;
  address: string | null;
  hostname: string | null;
  project: string | null;
  image: string | null;
  operation_id: string | null;
  findings: Json<Finding[]>;
  verification_enforced: number | null;
  production_ran: ProductionRan;
  /** The newest generation given to a command of this asset. */
  command_generation: number;
  inventory_hash: string | null;
  /** The boot whose inventory was stored; inspection is of a boot. */
  inventory_boot_id: string | null;
  inspected_boot_id: string | null;
  inspected_hash: string | null;
  created_at: number;
  revision: number;
};

export type ChangeRow = {
  id: string;
  operation: string;
  summary: string;
  reason: string;
  maker_id: string;
  state: ChangeState;
  state_reason: string | null;
  payload: string;
  payload_sha256: string;
  effect: Json<EffectLine[]>;
  targets: Json<string[]>;
  checkers_needed: number;
  approvals: Json<Change['approvals']>;
  operation_ids: Json<string[]>;
  created_at: number;
  expires_at: number;
  revision: number;
};

/** What a provisioning works on; frozen when it was approved, completed as its steps run. */
export type ProvisionWork = {
  readonly imageId: string;
  readonly diskSerial: string;
  readonly hostname: string;
  readonly project: string;
  readonly sshKeys: readonly string[];
  readonly inventoryHash: string;
  readonly approval: { changeId: string; payloadSha256: string; makerId: string; checkerIds: string[] };
  readonly provisionCommandId?: string;
  readonly kexecCommandId?: string;
};

export type OperationRow = {
  id: string;
  kind: string;
  asset_id: string;
  change_id: string;
  state: OperationState;
  steps: Json<OperationStep[]>;
  progress_percent: number | null;
  error: string | null;
  work: Json<ProvisionWork>;
  /** When the running step has taken too long. */
  deadline_at: number;
  created_at: number;
  ended_at: number | null;
  revision: number;
};

export type CommandRow = {
  id: string;
  operation_id: string;
  asset_id: string;
  boot_id: string;
  name: CommandName;
  generation: number;
  bytes: Uint8Array;
  signature: Uint8Array;
  key_id: string;
  state: 'pending' | 'accepted' | 'ended';
  outcome: CommandOutcome | null;
  code: string | null;
  message: string;
  created_at: number;
  expires_at: number;
  ended_at: number | null;
};

export type Database = {
  assets: AssetRow;
  inventories: {
    asset_id: string;
    boot_id: string;
    hash: string;
    inventory: Json<Inventory>;
    /** The parser that made it of its evidence. */
    parser: number;
    at: number;
  };
  /** Raw evidence by its content; the digest is of the bytes unpacked. */
  evidence: { sha256: string; encoding: 'identity' | 'gzip'; bytes: Uint8Array; created_at: number };
  /** What an inventory was made of: a digest, or why there is none. */
  inventory_sources: {
    asset_id: string;
    source: string;
    sha256: string | null;
    absent: string | null;
    unread: string | null;
  };
  health_reports: { asset_id: string; report: Json<HealthReport>; at: number };
  inspections: {
    id: string;
    asset_id: string;
    boot_id: string;
    inventory_hash: string;
    class: string | null;
    verdict: Verdict;
    findings: Json<Finding[]>;
    at: number;
  };
  purchase_orders: {
    id: string;
    number: string;
    document: Json<PurchaseOrder>;
    document_sha256: string;
    created_at: number;
    revision: number;
  };
  order_serials: { serial_key: string; purchase_order: string; line: number };
  machine_classes: { id: string; name: string; version: number; spec: Json<MachineClassSpec>; created_at: number };
  images: {
    id: string;
    name: string;
    version: string;
    kind: string;
    sha256: string;
    bytes: number;
    disk_bytes: number;
    manifest: Json<ImageManifest>;
    signature: string;
    key_id: string;
    created_at: number;
  };
  networks: {
    id: string;
    name: string;
    kind: 'discovery' | 'production' | 'bmc' | 'vm';
    cidr: string;
    gateway: string | null;
    range_start: string;
    range_end: string;
    dns: Json<string[]>;
    created_at: number;
    revision: number;
  };
  addresses: {
    id: string;
    network_id: string;
    address: string;
    state: 'reserved' | 'allocated' | 'cooling';
    asset_id: string | null;
    since: number;
  };
  people: { id: string; name: string; roles: Json<RoleName[]>; active: number; created_at: number };
  credentials: {
    id: string;
    person_id: string;
    secret_hash: string;
    roles: Json<RoleName[]> | null;
    label: string;
    expires_at: number | null;
    last_used_at: number | null;
    revoked_at: number | null;
    created_at: number;
  };
  changes: ChangeRow;
  operations: OperationRow;
  commands: CommandRow;
  tokens: {
    id: string;
    hash: string;
    kind: 'boot' | 'phone-home';
    mac: string | null;
    asset_id: string | null;
    operation_id: string | null;
    expires_at: number;
    used_at: number | null;
  };
  audit: {
    seq: number;
    at: number;
    actor: string;
    actor_id: string;
    credential_id: string | null;
    from_address: string | null;
    operation: string;
    targets: Json<string[]>;
    outcome: 'done' | 'filed' | 'refused' | 'failed';
    message: string;
    change_id: string | null;
    request_id: string | null;
    previous_hash: string;
    hash: string;
  };
  changelog: {
    seq: number;
    object_kind: string;
    object_id: string;
    field: string;
    before: string | null;
    after: string | null;
    actor: string;
    change_id: string | null;
    at: number;
  };
  events: { seq: number; at: number; kind: string; object_id: string; text: string };
  idempotency: {
    credential_id: string;
    key: string;
    operation: string;
    input_sha256: string;
    output: string;
    at: number;
  };
  waivers: {
    id: string;
    asset_id: string;
    path: string;
    rule: string;
    reason: string;
    change_id: string;
    created_at: number;
    expires_at: number;
    /** 1 once its end was acted upon. */
    ended: number;
  };
  console_logs: { asset_id: string; text: string; at: number };
};
