// The controller's end of the signer: a child of its own, or a Unix socket that another unit listens on. What cannot be
// signed now is refused as `unavailable`, and whoever asked waits for `changed`; nothing is queued here.
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

import { fullJitterMs } from '../../shared/backoff.ts';
import { isErrorCode, messageOf, PpecError } from '../../shared/errors.ts';
import { keyListOf, signingKeyOf, type KeyStatement } from '../../shared/protocol/key-list.ts';
import type { Rng } from '../../shared/rng.ts';
import type { Log } from '../log.ts';
import { lineReader, signerAnswerOf, type SignerAnswer, type SignerRequest } from './messages.ts';

export type Signature = { readonly keyId: string; readonly signature: Uint8Array };

export type SignerClient = {
  /** Signs a command's bytes; throws `unavailable` where it can be asked again, another code where it never will. */
  readonly sign: (bytes: Uint8Array) => Promise<Signature>;
  /** Which keys agents are to trust, oldest statement first; none before the signer was heard once. */
  readonly statements: () => readonly KeyStatement[];
  readonly rotate: (overlapMs: number) => Promise<void>;
  /** Why nothing can be signed now. */
  readonly problem: () => string | undefined;
  /** Resolves when the signer was heard, or after a time in which it should have been. */
  readonly started: Promise<void>;
  readonly stop: () => void;
};

export type SignerOptions = {
  /** Where the signer listens; with null it is started as a child. */
  readonly socket: string | null;
  readonly child: { readonly program: string; readonly keysFolder: string; readonly region: string };
  readonly log: Log;
  readonly rng: Rng;
  /** It became available with these keys, or stopped to be. */
  readonly changed: (state: 'ready' | 'lost' | 'keys') => void;
};

const answerTimeoutMs = 10_000;
const startTimeoutMs = 15_000;
const backoff = { baseMs: 100, capMs: 10_000 };
const waitingMax = 4096;

type Stream = { readonly input: Writable; readonly output: Readable; readonly end: () => void };
type Waiting = { readonly resolve: (answer: SignerAnswer) => void; readonly reject: (error: PpecError) => void };
type Asked = SignerRequest extends infer R ? (R extends { id: number } ? Omit<R, 'id'> : never) : never;

/** One connection to the signer, until it closes. */
class SignerLink {
  readonly closed: Promise<void>;
  readonly #stream: Stream;
  readonly #waiting = new Map<number, Waiting>();
  #isOpen = true;
  #lastId = 0;

  constructor(stream: Stream) {
    this.#stream = stream;
    const done = Promise.withResolvers<void>();
    this.closed = done.promise;
    const leave = (): void => {
      this.close();
      done.resolve();
    };
    stream.output.setEncoding('utf8');
    stream.output.on(
      'data',
      lineReader((line) => this.#take(line)),
    );
    for (const side of [stream.output, stream.input]) side.on('error', leave).on('close', leave);
  }

  ask(request: Asked): Promise<SignerAnswer> {
    if (!this.#isOpen || this.#waiting.size >= waitingMax)
      return Promise.reject(unavailable('the signer is not there'));
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        // One that does not answer in time is started anew.
        this.close();
      }, answerTimeoutMs);
      const leave = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
      };
      this.#waiting.set(id, {
        resolve: (answer) => {
          leave();
          resolve(answer);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      });
      this.#stream.input.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const waiting of this.#waiting.values()) waiting.reject(unavailable('the signer is gone'));
    this.#stream.end();
  }

  #take(line: string | undefined): void {
    const answer = line === undefined ? undefined : signerAnswerOf(line);
    if (answer === undefined) return this.close();
    this.#waiting.get(answer.id)?.resolve(answer);
  }
}

export function createSignerClient(options: SignerOptions): SignerClient {
  const { log, changed } = options;
  const started = Promise.withResolvers<void>();
  let link: SignerLink | undefined;
  let problem: string | undefined = 'the signer is starting';
  let statements: readonly KeyStatement[] = [];
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let attempt = 0;

  const setKeys = (answer: SignerAnswer): void => {
    if (!('statements' in answer)) throw unavailable('problem' in answer ? answer.problem : 'no keys came');
    const isNew = answer.statements.at(-1)?.text !== statements.at(-1)?.text;
    statements = answer.statements;
    if (isNew && problem === undefined) changed('keys');
  };
  const lost = (why: string): void => {
    if (problem === undefined) {
      log.error({ why }, 'the signer is lost; commands wait');
      problem = why;
      changed('lost');
    }
    problem = why;
  };
  const run = async (): Promise<void> => {
    const opened = new SignerLink(options.socket === null ? childStream(options.child) : socketStream(options.socket));
    link = opened;
    try {
      setKeys(await opened.ask({ do: 'keys' }));
      problem = undefined;
      attempt = 0;
      log.info({ keyId: keyIdOf(statements) }, 'the signer is there');
      changed('ready');
      started.resolve();
      await opened.closed;
      lost('the signer ended');
    } catch (error) {
      log.warn({ why: messageOf(error) }, 'the signer does not sign');
      lost(messageOf(error));
    } finally {
      opened.close();
    }
  };
  const keepRunning = (): void => {
    void run().finally(() => {
      if (isStopped) return;
      timer = setTimeout(keepRunning, fullJitterMs(attempt, backoff, options.rng));
      attempt += 1;
    });
  };
  keepRunning();
  const giveUp = setTimeout(started.resolve, startTimeoutMs);
  void started.promise.then(() => clearTimeout(giveUp));

  const ask = async (request: Asked): Promise<SignerAnswer> => {
    if (link === undefined || problem !== undefined) throw unavailable(problem ?? 'the signer is not there');
    const answer = await link.ask(request);
    if (!('code' in answer)) return answer;
    const code = isErrorCode(answer.code) ? answer.code : 'internal';
    // What is wrong with the command stays wrong; anything else may be well the next time.
    throw code === 'permission_denied' || code === 'failed_precondition'
      ? new PpecError(code, answer.problem)
      : unavailable(answer.problem);
  };
  return {
    sign: async (bytes) => {
      const answer = await ask({ do: 'sign', bytes: Buffer.from(bytes).toString('base64') });
      if (!('signature' in answer)) throw unavailable('the signer answered something else');
      // Somebody replaced the key beside this process: agents must hear of it before the command.
      if (answer.keyId !== keyIdOf(statements)) setKeys(await ask({ do: 'keys' }));
      return { keyId: answer.keyId, signature: Buffer.from(answer.signature, 'base64') };
    },
    statements: () => statements,
    rotate: async (overlapMs) => setKeys(await ask({ do: 'rotate', overlapMs })),
    problem: () => problem,
    started: started.promise,
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
      started.resolve();
      link?.close();
    },
  };
}

/** The key that signed the newest statement's list into force: the one that signs now. */
function keyIdOf(statements: readonly KeyStatement[]): string | undefined {
  const list = keyListOf(statements.at(-1)?.text ?? '');
  return list === undefined ? undefined : signingKeyOf(list)?.keyId;
}

/** The signer's program beside the controller's own, as source or as bundle. */
export function signerProgram(controllerProgram: string): string {
  const folder = dirname(controllerProgram);
  return controllerProgram.endsWith('.ts') ? join(folder, 'signer/main.ts') : join(folder, 'signer.cjs');
}

/** Nothing of the environment, no right to start programs or load addons, and of the disk the keys only. */
function childStream({ program, keysFolder, region }: SignerOptions['child']): Stream {
  const readable = program.endsWith('.ts') ? ['*'] : [program, keysFolder];
  const child = spawn(
    process.execPath,
    [
      '--permission',
      ...readable.map((path) => `--allow-fs-read=${path}`),
      `--allow-fs-write=${keysFolder}`,
      '--disable-warning=SecurityWarning',
      program,
      '--keys',
      keysFolder,
      '--region',
      region,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'], env: {}, cwd: '/' },
  );
  child.on('error', () => child.stdout.destroy());
  return {
    input: child.stdin,
    output: child.stdout,
    // It ends with its input; one that does not is ended.
    end: () => {
      child.stdin.destroy();
      setTimeout(() => child.kill('SIGKILL'), 2000).unref();
    },
  };
}

function socketStream(path: string): Stream {
  const socket = connect(path);
  return { input: socket, output: socket, end: () => socket.destroy() };
}

function unavailable(why: string): PpecError {
  return new PpecError('unavailable', why);
}
