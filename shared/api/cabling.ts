// The cabling table: which switch port leads to which rack, slot and server port. Where a machine stands follows from it.
import { Type, type Static } from 'typebox';

import { portVerdicts } from '../inspection/cabled.ts';
import { Finding } from '../inspection/finding.ts';
import { assetStates } from '../lifecycle/asset.ts';
import { literals } from '../literals.ts';
import { closed, Nullable, page, pageInput, Ref, Text } from './fields.ts';
import { operation } from './operation.ts';

/** What a row says; also the columns of a CSV file. */
export const cablingFields = ['switch', 'port', 'datacenter', 'rack', 'slot', 'nic', 'comment'] as const;
export type CablingField = (typeof cablingFields)[number];

/** Characters. Switch and port together stay within a cursor (see fields.ts). */
export const cablingTextMax = {
  switch: 120,
  port: 60,
  datacenter: 120,
  rack: 120,
  slot: 120,
  nic: 120,
  comment: 500,
} as const satisfies Record<CablingField, number>;

const Cable = {
  switch: Type.String({ description: 'Its system name or its chassis id, as LLDP tells them' }),
  port: Type.String({ description: 'Its port id or port description, as LLDP tells them' }),
  datacenter: Nullable(Type.String()),
  rack: Type.String(),
  slot: Type.String(),
  nic: Nullable(Type.String({ description: 'The server’s port: its name, label or MAC' })),
};
export const CablingRow = Type.Object({ ...Cable, comment: Nullable(Type.String()) }, closed);
export type CablingRow = Static<typeof CablingRow>;

export const cablingModes = ['replace', 'add'] as const;

export const CablingImport = Type.Object(
  {
    switches: Type.Array(Type.String(), { description: 'The switches that the file names, up to 1000 of them' }),
    added: Type.Integer(),
    changed: Type.Integer(),
    removed: Type.Integer(),
    unchanged: Type.Integer(),
    rows: Type.Integer({ description: 'Rows of the whole table now' }),
    reinspected: Type.Integer({ description: 'Machines that wait in PIOUS and are inspected again' }),
    differing: Type.Array(Type.String(), {
      description: 'Machines in production that are not where the table has them now; nothing happens to them',
    }),
  },
  closed,
);
export type CablingImport = Static<typeof CablingImport>;

const CheckedPort = Type.Object(
  {
    nic: Nullable(Type.String({ description: 'Null for a cable of the table that no port is on' })),
    mac: Nullable(Type.String()),
    linkUp: Nullable(Type.Boolean()),
    heard: Nullable(Type.Object({ switch: Type.String(), port: Type.String() }, closed)),
    cabled: Nullable(
      Type.Object(Cable, { ...closed, description: 'What the table has for the switch port that is heard' }),
    ),
    wanted: Nullable(Type.Object(Cable, { ...closed, description: 'Where the table has this port instead' })),
    verdict: literals(portVerdicts),
  },
  closed,
);
const Where = Type.Object(
  { datacenter: Nullable(Type.String()), rack: Nullable(Type.String()), slot: Nullable(Type.String()) },
  closed,
);
export const CheckedMachine = Type.Object(
  {
    assetId: Type.String(),
    asset: Type.String({ description: 'Its name or serial' }),
    state: literals(assetStates),
    recorded: Where,
    ordered: Where,
    hasInventory: Type.Boolean(),
    isComplete: Type.Boolean({ description: 'Whether its ports were listened to long enough' }),
    ports: Type.Array(CheckedPort),
    findings: Type.Array(Finding),
  },
  closed,
);
export type CheckedMachine = Static<typeof CheckedMachine>;

export const cablingOperations = [
  operation({
    id: 'cabling.list',
    method: 'GET',
    path: '/v1/cabling',
    input: Type.Object(
      {
        ...pageInput,
        switch: Type.Optional(Text(120, 'Only rows of this switch')),
        rack: Type.Optional(Text(120, 'Only rows of this rack')),
        datacenter: Type.Optional(Text(120, 'Only rows of this datacenter')),
      },
      closed,
    ),
    output: page(CablingRow),
    scope: 'region',
    effect: 'read',
    summary: 'List the cabling table by switch and port',
    example: { rack: 'R12' },
  }),
  operation({
    id: 'cabling.check',
    method: 'GET',
    path: '/v1/cabling/check',
    input: Type.Object(
      {
        ...pageInput,
        asset: Type.Optional(Ref('asset')),
        rack: Type.Optional(Text(120, 'Machines recorded in this rack, and those that hear a switch port of it')),
        datacenter: Type.Optional(Text(120, 'Of the rack, where several datacenters have one of its name')),
      },
      closed,
    ),
    output: page(CheckedMachine),
    scope: 'region',
    effect: 'read',
    permission: 'cabling.list',
    summary: 'What the ports of a machine, or of all machines of a rack, hear beside what the table has',
    example: { asset: 'srv-a' },
  }),
  operation({
    id: 'cabling.import',
    method: 'POST',
    path: '/v1/cabling',
    input: Type.Object(
      {
        fileName: Type.String({
          minLength: 1,
          maxLength: 200,
          description: 'Named in error messages; `.csv` is read as CSV',
        }),
        text: Type.String({ minLength: 1, maxLength: 8_000_000, description: 'The table: CSV, YAML or JSON' }),
        mode: Type.Optional(literals(cablingModes)),
      },
      closed,
    ),
    output: CablingImport,
    scope: 'region',
    effect: 'write',
    summary: 'Import switch ports; the file replaces all rows of the switches it names, or is added to them',
    example: { fileName: 'r12.csv', text: 'switch,port,rack,slot\nleaf-1,swp9,R12,U20\n' },
  }),
  operation({
    id: 'cabling.delete',
    method: 'POST',
    path: '/v1/cabling/delete',
    input: Type.Object({ switch: Text(120, 'As the table names it') }, closed),
    output: CablingImport,
    scope: 'region',
    effect: 'write',
    summary: 'Delete all rows of one switch',
    example: { switch: 'leaf-1' },
  }),
] as const;
