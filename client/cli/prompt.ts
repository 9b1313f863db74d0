// Questions to the person at the terminal. A program gets no question: it must say `--yes` or pipe the secret in.
import { createInterface } from 'node:readline/promises';
import { Writable, type Readable } from 'node:stream';

import { PpecError } from '../../shared/errors.ts';

export type Prompt = {
  /** `question` and `y/N`; only `y` and `yes` are a yes. Refuses where there is no terminal. */
  readonly confirm: (question: string) => Promise<boolean>;
  /** A secret: typed without echo, or the first line of what is piped in. */
  readonly secret: (question: string) => Promise<string>;
};

export type PromptStreams = {
  readonly input: Readable & { readonly isTTY?: boolean | undefined };
  readonly output: Writable;
  /** Stops waiting, as Ctrl-C does. */
  readonly abort: AbortController;
};

export function createPrompt(streams: PromptStreams): Prompt {
  return {
    confirm: async (question) => {
      if (streams.input.isTTY !== true) {
        throw new PpecError('failed_precondition', 'This asks for a confirmation and there is no terminal; add --yes.');
      }
      return isYes(await ask(streams, { question: `${question} y/N `, isEchoed: true }));
    },
    secret: async (question) => {
      const secret = (await ask(streams, { question: `${question}: `, isEchoed: false })).trim();
      if (secret === '') throw new PpecError('invalid_argument', 'No secret was given.');
      return secret;
    },
  };
}

export function isYes(answer: string): boolean {
  return /^\s*(y|yes)\s*$/i.test(answer);
}

type Question = { readonly question: string; readonly isEchoed: boolean };

// The question goes to stderr: stdout is for answers that programs read.
async function ask({ input, output, abort }: PromptStreams, { question, isEchoed }: Question): Promise<string> {
  const isTerminal = input.isTTY === true;
  if (isTerminal) output.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: isEchoed ? output : silent, terminal: isTerminal });
  // In raw mode Ctrl-C is a key, not a signal.
  lines.on('SIGINT', () => abort.abort());
  try {
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    const typed = new Promise<string>((resolve) => lines.once('line', resolve));
    const interrupted = new Promise<never>((_resolve, reject) => {
      const stop = (): void => reject(new PpecError('cancelled', 'Interrupted.'));
      if (abort.signal.aborted) stop();
      abort.signal.addEventListener('abort', stop, { once: true });
    });
    return await Promise.race([typed, ended, interrupted]);
  } finally {
    lines.close();
    if (isTerminal && !isEchoed) output.write('\n');
  }
}
