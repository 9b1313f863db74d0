// Command keys: what the signer says of them, and which agents have heard it.
import type { CommandKeys } from '../../shared/api/command-key.ts';
import { keyListOf } from '../../shared/protocol/key-list.ts';
import { callName } from '../store/assets.ts';
import type { Db } from '../store/database.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import type { Handlers, OpsDeps } from './handler.ts';

const hourMs = 3_600_000;
const namesMax = 100;
export const defaultOverlapHours = 48;

export const commandKeyHandlers: Handlers<'command-key.list' | 'command-key.rotate'> = {
  'command-key.list': { kind: 'read', run: (_input, { deps }) => view(deps.db, deps) },
  'command-key.rotate': {
    kind: 'write',
    run: async ({ overlapHours = defaultOverlapHours }, { deps, uow }) => {
      await deps.signer.rotate(overlapHours * hourMs);
      const output = await view(uow.db, deps);
      const keyId = output.keys.find(({ signs }) => signs)?.keyId ?? '';
      const message = `command key ${keyId} signs from now on; what the one before signed is good for ${overlapHours} h`;
      await uow.event('command-key', keyId, message);
      return { output, targets: [keyId], message };
    },
  },
};

async function view(db: Db | UnitOfWork['db'], { signer }: OpsDeps): Promise<CommandKeys> {
  const list = keyListOf(signer.statements().at(-1)?.text ?? '');
  const sequence = list?.sequence ?? 0;
  const behind = await db
    .selectFrom('assets')
    .selectAll()
    .where('state', '!=', 'RETIRED')
    .where('command_key_sequence', '<', sequence)
    .orderBy('serial')
    .limit(namesMax)
    .execute();
  const { count } = await db
    .selectFrom('assets')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('state', '!=', 'RETIRED')
    .where('command_key_sequence', '<', sequence)
    .executeTakeFirstOrThrow();
  const { waiting } = await db
    .selectFrom('commands')
    .select((eb) => eb.fn.countAll<number>().as('waiting'))
    .where('state', '!=', 'ended')
    .where('key_id', '=', '')
    .executeTakeFirstOrThrow();
  return {
    sequence,
    keys: (list?.keys ?? []).map(({ keyId, publicKeyPem, notBeforeMs, notAfterMs }) => ({
      keyId,
      publicKeyPem,
      signs: notAfterMs === null,
      notBefore: notBeforeMs,
      notAfter: notAfterMs,
    })),
    problem: signer.problem() ?? null,
    commandsWaiting: waiting,
    agentsBehind: count,
    behind: behind.map(callName),
  };
}
