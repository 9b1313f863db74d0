// Commands: made in one transaction with what they mean, signed and sent after it until they have ended, and never after
// their operation.
import { assert } from '../../shared/assert.ts';
import { newId } from '../../shared/ids.ts';
import { encodeCommand } from '../../shared/protocol/command-bytes.ts';
import type { Command, CommandName } from '../../shared/protocol/command.ts';
import type { AssetRow, CommandRow, OperationRow } from '../store/schema.ts';
import type { Store, UnitOfWork } from '../store/unit-of-work.ts';

/** What is to be done, and who approved it. */
export type Named = {
  [Name in CommandName]: Pick<Extract<Command, { name: Name }>, 'name' | 'args' | 'approval'>;
}[CommandName];

export type Issue = {
  readonly asset: AssetRow;
  readonly operation: Pick<OperationRow, 'id'>;
  readonly region: string;
  readonly livesMs: number;
};

/** Writes down a command for exactly this asset in exactly this boot, one generation newer than any before. */
export async function issueCommand(
  uow: UnitOfWork,
  { asset, operation, region, livesMs }: Issue,
  named: Named,
): Promise<string> {
  assert(asset.boot_id !== null, `${asset.id} has a boot`);
  const id = newId('command', uow.ids);
  const generation = asset.command_generation + 1;
  const command: Command = {
    id,
    region,
    assetId: asset.id,
    assetSerial: asset.serial,
    bootId: asset.boot_id,
    generation,
    // The agent reckons with the controller's clock as it was welcomed with; a moment of drift is not a refusal.
    notBeforeMs: uow.nowMs - 60_000,
    expiresAtMs: uow.nowMs + livesMs,
    ...named,
  };
  await uow.patchAsset(asset, { command_generation: generation });
  await uow.db
    .insertInto('commands')
    .values({
      id,
      operation_id: operation.id,
      asset_id: asset.id,
      boot_id: asset.boot_id,
      name: named.name,
      generation,
      bytes: encodeCommand(command),
      // Until the signer has signed it: that is another process, and no transaction waits for one.
      signature: new Uint8Array(),
      key_id: '',
      state: 'pending',
      outcome: null,
      code: null,
      message: '',
      created_at: uow.nowMs,
      expires_at: uow.nowMs + livesMs,
      ended_at: null,
    })
    .execute();
  return id;
}

export async function commandOf(store: Store, id: string | undefined): Promise<CommandRow | undefined> {
  return id === undefined
    ? undefined
    : store.db.selectFrom('commands').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Nothing of an ended operation is ever sent again. */
export async function endCommands(uow: UnitOfWork, operation: Pick<OperationRow, 'id'>): Promise<void> {
  await uow.db
    .updateTable('commands')
    .set({ state: 'ended' })
    .where('operation_id', '=', operation.id)
    .where('state', '!=', 'ended')
    .execute();
}
