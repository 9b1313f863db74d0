// Addresses of IPA: reserved at promotion, allocated at provisioning. The unique index on (network, address) is what
// makes a second allocation impossible, whoever asks.
import { newId } from '../../shared/ids.ts';
import { formatIpv4, lowestFree, parseIpv4 } from '../domain/ipa.ts';
import type { AssetRow } from './schema.ts';
import type { UnitOfWork } from './unit-of-work.ts';

/** The asset's production address: the one it has, else the lowest free one; undefined where no network has one. */
export async function reserveAddress(uow: UnitOfWork, asset: AssetRow): Promise<string | undefined> {
  const own = await uow.db
    .selectFrom('addresses')
    .select('address')
    .where('asset_id', '=', asset.id)
    .executeTakeFirst();
  if (own !== undefined) return own.address;
  const networks = await uow.db
    .selectFrom('networks')
    .selectAll()
    .where('kind', '=', 'production')
    .orderBy('id')
    .execute();
  for (const network of networks) {
    const taken = await uow.db.selectFrom('addresses').select('address').where('network_id', '=', network.id).execute();
    const first = parseIpv4(network.range_start);
    const last = parseIpv4(network.range_end);
    if (first === undefined || last === undefined) continue;
    const free = lowestFree({ first, last }, new Set(taken.map(({ address }) => parseIpv4(address) ?? -1)));
    if (free === undefined) continue;
    const address = formatIpv4(free);
    await uow.db
      .insertInto('addresses')
      .values({
        id: newId('address', uow.ids),
        network_id: network.id,
        address,
        state: 'reserved',
        asset_id: asset.id,
        since: uow.nowMs,
      })
      .execute();
    return address;
  }
  return undefined;
}

export async function markAddress(uow: UnitOfWork, asset: AssetRow, state: 'reserved' | 'allocated'): Promise<void> {
  await uow.db
    .updateTable('addresses')
    .set({ state, since: uow.nowMs })
    .where('asset_id', '=', asset.id)
    .where('state', '!=', state)
    .execute();
}

/** A reservation that nothing ever used goes straight back. */
export async function releaseAddress(uow: UnitOfWork, asset: AssetRow): Promise<void> {
  await uow.db.deleteFrom('addresses').where('asset_id', '=', asset.id).where('state', '=', 'reserved').execute();
}
