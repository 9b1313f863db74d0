// Networks and their addresses (IPA).
import { PpecError } from '../../shared/errors.ts';
import { newId } from '../../shared/ids.ts';
import { formatIpv4, hostRange, isInRange, overlaps, parseCidr, parseIpv4, type Cidr } from '../domain/ipa.ts';
import { toJson } from '../store/json.ts';
import { findNetwork, networkView } from '../store/records.ts';
import type { Handlers } from './handler.ts';
import { defaultLimit, pageOf } from './page.ts';

export const networkHandlers: Handlers<'network.list' | 'network.get' | 'network.create' | 'address.list'> = {
  'network.list': {
    kind: 'read',
    run: async ({ limit = defaultLimit, cursor }, { deps }) => {
      let query = deps.db.selectFrom('networks').selectAll();
      if (cursor !== undefined) query = query.where('id', '>', cursor);
      const rows = await query
        .orderBy('id')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) => networkView(deps.db, row));
    },
  },
  'network.get': {
    kind: 'read',
    run: async ({ network }, { deps }) => networkView(deps.db, await findNetwork(deps.db, network)),
  },
  'network.create': {
    kind: 'write',
    run: async (input, { uow }) => {
      const cidr = parseCidr(input.cidr);
      if (cidr === undefined) {
        throw new PpecError(
          'invalid_argument',
          `${input.cidr} is no IPv4 network: write its first address and a prefix of 8 to 30, as in 10.20.0.0/24.`,
        );
      }
      const networks = await uow.db.selectFrom('networks').selectAll().execute();
      if (networks.some((other) => other.name === input.name)) {
        throw new PpecError('already_exists', `There is a network '${input.name}' already.`);
      }
      for (const other of networks) {
        const range = parseCidr(other.cidr);
        if (range !== undefined && overlaps(range, cidr)) {
          throw new PpecError('already_exists', `${input.cidr} overlaps ${other.cidr} of network '${other.name}'.`);
        }
      }
      const row = {
        id: newId('network', uow.ids),
        name: input.name,
        kind: input.kind,
        cidr: input.cidr,
        gateway: input.gateway ?? null,
        ...rangeOf(input, cidr),
        dns: toJson(input.dns ?? []),
        created_at: uow.nowMs,
        revision: 1,
      };
      await uow.db.insertInto('networks').values(row).execute();
      await uow.changelog('network', { id: row.id, after: row });
      // Machines that passed and found no address wait for exactly this.
      const waiting = await uow.db.selectFrom('assets').select('id').where('state', '=', 'INSPECTING').execute();
      for (const { id } of waiting) uow.wake(id);
      return {
        output: await networkView(uow.db, row),
        targets: [row.id],
        message: `network ${row.name} ${row.cidr} created`,
      };
    },
  },
  'address.list': {
    kind: 'read',
    run: async ({ network, limit = defaultLimit, cursor }, { deps }) => {
      const { id, name } = await findNetwork(deps.db, network);
      let query = deps.db
        .selectFrom('addresses')
        .leftJoin('assets', 'assets.id', 'addresses.asset_id')
        .selectAll('addresses')
        .select(['assets.name as asset_name', 'assets.serial as asset_serial'])
        .where('network_id', '=', id);
      if (cursor !== undefined) query = query.where('addresses.id', '>', cursor);
      const rows = await query
        .orderBy('addresses.id')
        .limit(limit + 1)
        .execute();
      return pageOf(rows, limit, (row) => ({
        id: row.id,
        network: name,
        address: row.address,
        state: row.state,
        assetId: row.asset_id,
        asset: row.asset_name ?? row.asset_serial,
        since: row.since,
      }));
    },
  },
};

type Wanted = {
  readonly gateway?: string;
  readonly rangeStart?: string;
  readonly rangeEnd?: string;
  readonly dns?: readonly string[];
};

/** The allocatable range: as asked, within the network; the gateway is never in it where it can be left out. */
function rangeOf(input: Wanted, cidr: Cidr): { range_start: string; range_end: string } {
  const hosts = hostRange(cidr);
  const gateway = address('gateway', input.gateway);
  if (gateway !== undefined && !isInRange(gateway, hosts)) {
    throw new PpecError('invalid_argument', `gateway ${input.gateway} is not in the network.`);
  }
  for (const dns of input.dns ?? []) address('dns', dns);
  const first = address('rangeStart', input.rangeStart) ?? (gateway === hosts.first ? hosts.first + 1 : hosts.first);
  const last = address('rangeEnd', input.rangeEnd) ?? (gateway === hosts.last ? hosts.last - 1 : hosts.last);
  if (!isInRange(first, hosts) || !isInRange(last, hosts) || first > last) {
    throw new PpecError(
      'invalid_argument',
      `the range ${formatIpv4(first)}–${formatIpv4(last)} is not within the network.`,
    );
  }
  if (gateway !== undefined && gateway >= first && gateway <= last) {
    throw new PpecError(
      'invalid_argument',
      `gateway ${input.gateway} is inside the range ${formatIpv4(first)}–${formatIpv4(last)}: it would be given to a machine.`,
    );
  }
  return { range_start: formatIpv4(first), range_end: formatIpv4(last) };
}

function address(what: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = parseIpv4(text);
  if (value === undefined) throw new PpecError('invalid_argument', `${what} '${text}' is no IPv4 address.`);
  return value;
}
