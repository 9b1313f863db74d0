// Signing put together: the signer, who sends what it signs, and who tells people when it is gone.
import type { Config } from './config.ts';
import { commandSender, type CommandSender, type SenderDeps } from './hub/command-sender.ts';
import { signerWatch, type SignerWatch } from './hub/signer-watch.ts';
import { createSignerClient, signerProgram, type SignerClient } from './signer/signer-client.ts';
import { strongRng } from './strong-rng.ts';

export type SigningDeps = Omit<SenderDeps, 'signer'> & {
  readonly config: Config;
  readonly keys: string;
  readonly program: string;
};

export type Signing = {
  readonly signer: SignerClient;
  readonly sender: CommandSender;
  /** Why nothing is signed, if so. */
  readonly notReady: () => string | undefined;
  readonly stop: () => void;
};

/** Resolves when the signer was heard, or should have been: the controller serves without it, and commands wait. */
export async function openSigning({ config, keys, program, ...deps }: SigningDeps): Promise<Signing> {
  const { store, log } = deps;
  // The signer tells of itself from its first moment on.
  const told: { watch?: SignerWatch } = {};
  const signer = createSignerClient({
    socket: config.signer.socket,
    child: { program: signerProgram(program), keysFolder: keys, region: config.region },
    log,
    rng: strongRng,
    changed: (state) => told.watch?.changed(state),
  });
  const sender = commandSender({ ...deps, signer });
  const watch = signerWatch({ store, sender, problem: signer.problem, log });
  told.watch = watch;
  await signer.started;
  return {
    signer,
    sender,
    notReady: () => {
      const problem = signer.problem();
      return problem === undefined ? undefined : `commands are not signed: ${problem}`;
    },
    stop: () => {
      watch.stop();
      signer.stop();
    },
  };
}
