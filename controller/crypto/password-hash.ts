// Hashing passwords with argon2id (RFC 9106). Each takes 19 MiB and some ten milliseconds of a core, so few run at once
// and few may wait: sign-ins never starve the rest of the controller.
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

import { PpecError } from '../../shared/errors.ts';
import {
  argon2Parameters,
  hashedText,
  isOutgrown,
  parsePhc,
  phcText,
  type Argon2Parameters,
} from '../domain/password.ts';

const runningMax = 2;
const waitingMax = 32;
const saltBytes = 16;
const hashBytes = 32;

export type PasswordHash = {
  /** The password as a PHC string. Throws `resource_exhausted` where too many wait. */
  readonly hash: (password: string, parameters?: Argon2Parameters) => Promise<string>;
  /** Whether the password is the one of the hash; without a hash it takes as long and is none. */
  readonly verify: (password: string, phc: string | undefined) => Promise<{ isRight: boolean; isOutgrown: boolean }>;
};

const argon2Async = promisify(argon2);

export function createPasswordHash(): PasswordHash {
  const take = createTurns();
  const derive = (password: string, salt: Buffer, parameters: Argon2Parameters): Promise<Buffer> =>
    take(() =>
      argon2Async('argon2id', {
        message: hashedText(password),
        nonce: salt,
        parallelism: parameters.lanes,
        tagLength: hashBytes,
        memory: parameters.memoryKib,
        passes: parameters.passes,
      }),
    );
  return {
    hash: async (password, parameters = argon2Parameters) => {
      const salt = randomBytes(saltBytes);
      return phcText({ parameters, salt: unpadded(salt), hash: unpadded(await derive(password, salt, parameters)) });
    },
    verify: async (password, text) => {
      const phc = text === undefined ? undefined : parsePhc(text);
      const salt = phc === undefined ? Buffer.alloc(saltBytes) : Buffer.from(phc.salt, 'base64');
      const derived = await derive(password, salt, phc?.parameters ?? argon2Parameters);
      const wanted = Buffer.from(phc?.hash ?? '', 'base64');
      const isRight = wanted.length === derived.length && timingSafeEqual(wanted, derived);
      return { isRight, isOutgrown: phc !== undefined && isOutgrown(phc) };
    },
  };
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}

/** Runs two at a time, in the order they came; refuses what would be the 33rd to wait. */
function createTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= runningMax) {
      if (waiting.length >= waitingMax) {
        throw new PpecError('resource_exhausted', 'Too many people sign in right now. Try again in a moment.');
      }
      // Whoever ends hands its turn on, so the count stays.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
