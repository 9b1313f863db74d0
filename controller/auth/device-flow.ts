// The device flow's other side (RFC 8628): a client asks, and a person who is signed in says whether that was them.
import { PpecError } from '../../shared/errors.ts';
import { readUserCode, shownUserCode } from '../domain/user-code.ts';
import { createThrottle } from '../domain/throttle.ts';
import { addDeviceCode, deviceCodeByUserCode, patchDeviceCode, type DeviceCodeRow } from '../store/device-codes.ts';
import type { PersonRow } from '../store/people.ts';
import type { SessionRow } from '../store/sessions.ts';
import type { Store } from '../store/unit-of-work.ts';
import { visitorActor } from './begin-session.ts';
import { presentedText } from './presented-text.ts';
import type { Asker } from './tokens.ts';

export type Waiting = Pick<DeviceCodeRow, 'id' | 'client' | 'from_address' | 'created_at'> & {
  readonly shownCode: string;
};
export type SignedInPerson = { readonly person: PersonRow; readonly row: SessionRow };

export type DeviceFlow = {
  readonly begin: (
    client: string,
    asker: Asker,
  ) => Promise<{ deviceCode: string; shownCode: string; expiresAtMs: number; intervalMs: number }>;
  /** The sign-in that waits under this code. Throws `not_found`, or `resource_exhausted` after too many wrong codes. */
  readonly find: (typed: string, by: SignedInPerson) => Promise<Waiting>;
  readonly decide: (typed: string, decision: 'approved' | 'denied', by: SignedInPerson & Asker) => Promise<Waiting>;
};

const guessRule = { freeFailures: 10, baseMs: 2000, capMs: 300_000, forgetMs: 3_600_000 };

export function createDeviceFlow(store: Store): DeviceFlow {
  const guesses = createThrottle(guessRule, 10_000);
  const find = async (typed: string, { person }: SignedInPerson): Promise<DeviceCodeRow> => {
    const nowMs = store.nowMs();
    const waitMs = guesses.waitMs(person.id, nowMs);
    if (waitMs > 0) {
      throw new PpecError('resource_exhausted', `Too many wrong codes. Wait ${Math.ceil(waitMs / 1000)} seconds.`);
    }
    const code = readUserCode(typed);
    const row = code === undefined ? undefined : await deviceCodeByUserCode(store.db, code, nowMs);
    if (row === undefined) {
      guesses.failed(person.id, nowMs);
      throw new PpecError('not_found', 'No sign-in waits under this code. Codes are good for ten minutes, and once.');
    }
    return row;
  };
  return {
    begin: async (client, asker) => {
      const named = presentedText(client);
      return store.write({ name: 'nobody', id: 'nobody', credentialId: null, ...asker }, async (uow) => {
        const { row, deviceCode } = await addDeviceCode(uow.db, { client: named, from: asker.from }, uow.ids);
        const shownCode = shownUserCode(row.user_code);
        return { deviceCode, shownCode, expiresAtMs: row.expires_at, intervalMs: row.interval_ms };
      });
    },
    find: async (typed, by) => waitingOf(await find(typed, by)),
    decide: async (typed, decision, by) => {
      const row = await find(typed, by);
      await store.write({ ...visitorActor(by.person, by), credentialId: by.row.id }, async (uow) => {
        // Read again: it may have been decided in another tab.
        if ((await deviceCodeByUserCode(uow.db, row.user_code, uow.nowMs)) === undefined) {
          throw new PpecError('not_found', 'This sign-in was decided or has expired meanwhile.');
        }
        await patchDeviceCode(uow.db, row.id, { state: decision, person_id: by.person.id, method: by.row.method });
        await uow.audit({
          operation: 'session.confirm-device',
          targets: [row.id],
          outcome: decision === 'approved' ? 'done' : 'refused',
          message: `${by.person.name} ${decision === 'approved' ? 'confirmed' : 'refused'} the sign-in of ${row.client} from ${row.from_address}`,
        });
      });
      return waitingOf(row);
    },
  };
}

function waitingOf({ id, client, from_address, created_at, user_code }: DeviceCodeRow): Waiting {
  return { id, client, from_address, created_at, shownCode: shownUserCode(user_code) };
}
