// The tables, as Kysely sees them. Plain SQL that SQLite and PostgreSQL both take: text, whole numbers, bytes. Lists and
// documents are JSON text, written and read by json.ts. Times are milliseconds UTC; booleans are 0 and 1.
import type { ImageManifest } from '../../shared/api/image.ts';
import type { Asset } from '../../shared/api/asset.ts';
import type { VendorColumns } from '../../shared/api/vendor.ts';
import type { OperationStep } from '../../shared/api/operation-handle.ts';
import type { PartEventName, PartKind, PartState } from '../../shared/api/part.ts';
import type { BurnInProfileName } from '../../shared/burn-in/profiles.ts';
import type { BurnInReport } from '../../shared/burn-in/report.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import type { Finding, Verdict } from '../../shared/inspection/finding.ts';
import type { MachineClassSpec } from '../../shared/inspection/machine-class.ts';
import type { BurnInState } from '../../shared/lifecycle/burn-in.ts';
import type { OperationState } from '../../shared/lifecycle/operation.ts';
import type { CommandName } from '../../shared/protocol/command.ts';
import type { CommandOutcome, HealthReport } from '../../shared/protocol/messages.ts';
import type { Measured } from '../domain/peers.ts';
import type { ChangeTables } from './change-tables.ts';
import type { IdentityTables } from './identity-tables.ts';
import type { RightsTables } from './rights-tables.ts';
import type { Json } from './json.ts';
import type { SignInTables } from './sign-in-tables.ts';
import type { StoredOrder } from './stored-order.ts';

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
  /** What its agent proved for the certificate it holds. */
  trust: Asset['trust'];
  boot_id: string | null;
  agent_version: string | null;
  address: string | null;
  hostname: string | null;
  project: string | null;
  /** The team of the project: it never changes. */
  team: string | null;
  cluster: string | null;
  /** As in asset_tags, which is for looking up. */
  tags: Json<Record<string, string>>;
  image: string | null;
  operation_id: string | null;
  findings: Json<Finding[]>;
  verification_enforced: number | null;
  /** Of the newest list of command keys that its agent holds; null before it has said. */
  command_key_sequence: number | null;
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

/** What a provisioning works on; frozen when it was approved, completed as its steps run. */
export type ProvisionWork = {
  readonly imageId: string;
  readonly diskSerial: string;
  readonly hostname: string;
  readonly project: string;
  readonly sshKeys: readonly string[];
  readonly inventoryHash: string;
  readonly approval: {
    changeId: string;
    payloadSha256: string;
    makerId: string;
    checkerIds: string[];
    /** Who broke the glass, where nobody else had to approve. */
    breakGlass?: string;
  };
  readonly provisionCommandId?: string;
  readonly kexecCommandId?: string;
};

/** What a burn-in works on; completed as it runs. */
export type BurnInWork = {
  readonly profile: BurnInProfileName;
  readonly timeScale: number;
  readonly bootId: string;
  /** Exactly what a checker approved. */
  readonly writeDiskSerials: readonly string[];
  /** The other machine, and which side this one is. */
  readonly peer: {
    readonly assetId: string;
    readonly operationId: string | null;
    readonly role: 'client' | 'server';
  } | null;
  readonly approval: ProvisionWork['approval'] | null;
  readonly commandId?: string;
  /** Somebody, or its deadline, wants it to end. */
  readonly cancel?: { readonly by: string | null; readonly why: string };
  readonly cancelCommandId?: string;
};

export type OperationRow = {
  id: string;
  kind: string;
  asset_id: string;
  /** Empty where no change was needed. */
  change_id: string;
  state: OperationState;
  steps: Json<OperationStep[]>;
  progress_percent: number | null;
  error: string | null;
  /** The first of `asset.provision`, the second of `asset.burn-in`. */
  work: Json<ProvisionWork | BurnInWork>;
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

export type BurnInRow = {
  /** Its operation's. */
  id: string;
  asset_id: string;
  profile: BurnInProfileName;
  time_scale: number;
  boot_id: string;
  /** See hardware-key.ts. */
  hardware_key: string;
  class: string | null;
  product: string | null;
  /** Null: the inspection. */
  asked_by: string | null;
  peer_asset_id: string | null;
  state: BurnInState;
  message: string;
  report: Json<BurnInReport> | null;
  /** Those that are compared with peers. */
  figures: Json<readonly Measured[]>;
  created_at: number;
  ended_at: number | null;
};

export type CablingTableRow = {
  id: string;
  switch: string;
  switch_key: string;
  port: string;
  port_key: string;
  datacenter: string | null;
  datacenter_key: string | null;
  rack: string;
  rack_key: string;
  slot: string;
  nic: string | null;
  comment: string | null;
};

export type Database = RightsTables &
  SignInTables &
  IdentityTables &
  ChangeTables & {
    assets: AssetRow;
    inventories: {
      asset_id: string;
      boot_id: string;
      hash: string;
      inventory: Json<Inventory>;
      /** The parser that made it of its evidence. */
      parser: number;
      at: number;
      /** 1 once its parts are in the table of parts. */
      tracked: number;
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
      document: Json<StoredOrder>;
      document_sha256: string;
      created_at: number;
      revision: number;
      /** 1 once its invoices are in order_invoices. */
      indexed: number;
    };
    /** The serials of every order that is not cancelled. */
    order_serials: {
      serial_key: string;
      purchase_order: string;
      line: number;
      /** Of the endorsement key that the machine must have. */
      ek_sha256: string | null;
    };
    order_invoices: { vendor_key: string; number_key: string; purchase_order: string };
    /** Every document as it came. */
    order_documents: {
      id: string;
      purchase_order: string;
      kind: 'order' | 'amendment' | 'delivery' | 'invoice';
      file_name: string;
      sha256: string;
      text: string;
      actor: string;
      at: number;
      /** 1 once an amended document took its place. */
      superseded: number;
    };
    vendors: {
      id: string;
      name: string;
      name_key: string;
      contact: string | null;
      notes: string | null;
      columns: Json<VendorColumns>;
      created_at: number;
      revision: number;
    };
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
    operations: OperationRow;
    commands: CommandRow;
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
      /** Of the row, after this change; null where the row has none. */
      revision: number | null;
    };
    /** Signed heads of the chain; `witnessed` is 1 once the witness file has it. */
    audit_heads: { seq: number; hash: string; at: number; key_id: string; signature: string; witnessed: number };
    /** Where the oldest entries are: a file each, which is gone once it is pruned. */
    audit_segments: {
      first_seq: number;
      last_seq: number;
      /** The hash before its first entry. */
      previous_hash: string;
      last_hash: string;
      first_at: number;
      last_at: number;
      file: string;
      bytes: number;
      sha256: string;
      key_id: string;
      signature: string;
      sealed_at: number;
      pruned_at: number | null;
    };
    /** Every audit key that signed here: raw Ed25519, in hex. */
    audit_keys: { key_id: string; public_key: string; since: number };
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
    /** Each part once in the region, wherever it is. */
    parts: {
      id: string;
      kind: PartKind;
      part_key: string;
      maker: string | null;
      model: string | null;
      serial: string;
      serial_key: string;
      size_bytes: number | null;
      /** The evidence that lists it. */
      witness: string;
      state: PartState;
      asset_id: string | null;
      /** Where it was last, when it is in no asset. */
      last_asset_id: string | null;
      slot: string;
      /** 1 once another part is in the slot it was last in. */
      filled: number;
      rma: string | null;
      /** How many other assets report it too; they are in part_claims. */
      claims: number;
      since: number;
      created_at: number;
      revision: number;
    };
    part_claims: { part_id: string; asset_id: string; slot: string; since: number };
    /** Never changed: what happened to parts, in order. */
    part_events: {
      seq: number;
      at: number;
      part_id: string;
      event: PartEventName;
      asset_id: string | null;
      slot: string | null;
      from_asset_id: string | null;
      from_slot: string | null;
      by_part_id: string | null;
      rma: string | null;
      reason: string | null;
      actor: string;
    };
    burn_ins: BurnInRow;
    /** The cabling table; `id` is both keys with a tab between them. */
    cabling: CablingTableRow;
    /** What the ports of each machine heard when it was last inspected, under every name that the table may have. */
    neighbours: { asset_id: string; switch_key: string; port_key: string };
    console_logs: { asset_id: string; text: string; at: number };
  };
