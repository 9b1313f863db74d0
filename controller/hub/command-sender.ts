// From a command that was issued to one that is on its way: signed by the signer, outside of any transaction, then sent,
// in the order of the generations. While the signer is not there commands wait in the store, unsigned, and go out when it is.
import { keyListOf, type KeyList, type KeyStatement } from '../../shared/protocol/key-list.ts';
import { messageOf, PpecError } from '../../shared/errors.ts';
import type { Log } from '../log.ts';
import type { SignerClient } from '../signer/signer-client.ts';
import { assetById, callName } from '../store/assets.ts';
import type { CommandRow } from '../store/schema.ts';
import { systemActor, type Store } from '../store/unit-of-work.ts';
import type { LiveSession, Registry } from './registry.ts';

export type SenderDeps = {
  readonly store: Store;
  readonly registry: Registry;
  readonly signer: SignerClient;
  readonly log: Log;
};

export type CommandSender = {
  /** What has not ended yet goes out again on every new link; the agent's journal makes a repeat harmless. */
  readonly send: (session: LiveSession) => Promise<void>;
  /** Every connected agent for which something waits to be signed. */
  readonly sendWaiting: () => Promise<void>;
  /** What follows from the list that the agent holds. */
  readonly tellKeys: (session: LiveSession, heldSequence: number) => void;
  readonly tellKeysToAll: () => void;
};

const actor = systemActor('signer');

export function commandSender(deps: SenderDeps): CommandSender {
  const { store, registry, signer } = deps;
  const send = async (session: LiveSession): Promise<void> => {
    const commands = await store.db
      .selectFrom('commands')
      .selectAll()
      .where('asset_id', '=', session.assetId)
      .where('boot_id', '=', session.bootId)
      .where('state', '!=', 'ended')
      .orderBy('generation')
      .execute();
    for (const command of commands) {
      const signed = await signedOf(command, deps);
      // What comes later waits too: an agent takes commands in their order only.
      if (signed === 'later') return;
      if (signed === 'never') continue;
      const { bytes, signature, key_id } = signed;
      session.send({ type: 'command', body: { bytes, signature, keyId: key_id } });
    }
  };
  const tellKeys = (session: LiveSession, heldSequence: number): void => {
    const statements = signer.statements().filter(({ text }) => (keyListOf(text)?.sequence ?? 0) > heldSequence);
    if (statements.length > 0) session.send({ type: 'command-keys', body: { statements } });
  };
  return {
    send,
    tellKeys,
    tellKeysToAll: () => {
      for (const session of registry.all()) tellKeys(session, 0);
    },
    sendWaiting: async () => {
      const waiting = await store.db
        .selectFrom('commands')
        .select('asset_id')
        .distinct()
        .where('state', '!=', 'ended')
        .where('key_id', '=', '')
        .execute();
      for (const { asset_id } of waiting) {
        const session = registry.find(asset_id);
        if (session !== undefined) await send(session);
      }
    },
  };
}

async function signedOf(
  command: CommandRow,
  { store, signer, log }: SenderDeps,
): Promise<CommandRow | 'later' | 'never'> {
  if (isInForce(command.key_id, newestKeyList(signer.statements()), store.nowMs())) return command;
  try {
    const { keyId, signature } = await signer.sign(command.bytes);
    await store.write(actor, (uow) =>
      uow.db.updateTable('commands').set({ signature, key_id: keyId }).where('id', '=', command.id).execute(),
    );
    return { ...command, signature, key_id: keyId };
  } catch (error) {
    if (!(error instanceof PpecError) || error.code !== 'permission_denied') {
      log.warn({ commandId: command.id, why: messageOf(error) }, 'a command waits to be signed');
      return 'later';
    }
    await refused(command, error.message, store);
    return 'never';
  }
}

/** A command that was not signed yet has no key. */
function isInForce(keyId: string, list: KeyList | undefined, nowMs: number): boolean {
  const key = list?.keys.find((listed) => listed.keyId === keyId);
  return key !== undefined && (key.notAfterMs === null || key.notAfterMs > nowMs);
}

export function newestKeyList(statements: readonly KeyStatement[]): KeyList | undefined {
  return keyListOf(statements.at(-1)?.text ?? '');
}

/** The operation it belongs to reads why, as if the agent had refused it. */
async function refused(command: CommandRow, why: string, store: Store): Promise<void> {
  await store.write(actor, async (uow) => {
    const message = `the signer does not sign it: ${why}`;
    await uow.db
      .updateTable('commands')
      .set({ state: 'ended', outcome: 'refused', code: 'not-signed', message, ended_at: uow.nowMs })
      .where('id', '=', command.id)
      .where('state', '!=', 'ended')
      .execute();
    const asset = await assetById(uow.db, command.asset_id);
    const text = `${asset === undefined ? command.asset_id : callName(asset)}: command ${command.name}: ${message}`;
    await uow.audit({ operation: 'command.sign', targets: [command.asset_id], outcome: 'refused', message: text });
    await uow.event('alert', command.asset_id, text);
    uow.wake(command.asset_id);
  });
}
