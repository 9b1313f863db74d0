// What happens to the signer, told to people and to whatever waits for it. A restart within moments is not worth a word.
import { messageOf } from '../../shared/errors.ts';
import type { Log } from '../log.ts';
import type { SignerClient } from '../signer/signer-client.ts';
import { systemActor, type Store } from '../store/unit-of-work.ts';
import type { CommandSender } from './command-sender.ts';

export type SignerWatchDeps = {
  readonly store: Store;
  readonly sender: Pick<CommandSender, 'sendWaiting' | 'tellKeysToAll'>;
  readonly problem: SignerClient['problem'];
  readonly log: Log;
};

const alertAfterMs = 3000;
/** A command that could not be signed though the signer is there, too many at once, is tried again. */
const retryMs = 5000;

export type SignerWatch = {
  readonly changed: (state: 'ready' | 'lost' | 'keys') => void;
  readonly stop: () => void;
};

export function signerWatch({ store, sender, problem, log }: SignerWatchDeps): SignerWatch {
  let alert: NodeJS.Timeout | undefined;
  let isAlerted = false;
  const tell = (text: string): void => {
    store
      .write(systemActor('signer'), (uow) => uow.event('alert', 'signer', text))
      .catch((error: unknown) => log.error({ error: messageOf(error) }, 'an event of the signer was not kept'));
  };
  const sendWaiting = (): void => {
    sender
      .sendWaiting()
      .catch((error: unknown) => log.error({ error: messageOf(error) }, 'waiting commands were not sent'));
  };
  const watchFor = (): void => {
    alert ??= setTimeout(() => {
      alert = undefined;
      const why = problem();
      if (why === undefined || isAlerted) return;
      isAlerted = true;
      tell(`no command is signed, so none is sent: ${why}`);
    }, alertAfterMs);
  };
  watchFor();
  const retry = setInterval(() => {
    if (problem() === undefined) sendWaiting();
  }, retryMs);
  return {
    changed: (state) => {
      if (state === 'lost') return watchFor();
      // The keys first: a command signed by a new one is refused by whoever has not heard of it.
      sender.tellKeysToAll();
      sendWaiting();
      if (state === 'ready' && isAlerted) tell('commands are signed again');
      isAlerted = false;
    },
    stop: () => {
      clearTimeout(alert);
      clearInterval(retry);
    },
  };
}
