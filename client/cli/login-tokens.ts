// The access token of a signed-in context, renewed with the refresh token before it ends. A refresh token works once and a
// second use ends the sign-in, so of several ppec at once only one renews: whoever holds the lock file.
import { open, rm, stat } from 'node:fs/promises';

import type { Clock } from '../../shared/clock.ts';
import { PpecError } from '../../shared/errors.ts';
import { pause, type TokenSource } from '../sdk/client.ts';
import { refresh, type Tokens } from '../sdk/oauth.ts';
import type { Transport } from '../sdk/transport.ts';
import { readConfig, writeConfig, type Login } from './config.ts';

export type LoginDeps = {
  readonly configPath: string;
  /** The context that is signed in. */
  readonly name: string;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

/** Renewed this long before its end: it must live until the request arrives. */
const marginMs = 30_000;
const lockWaitMs = 50;
const lockTriesMax = 600;
/** Whoever held the lock for so long is gone. */
const lockStaleMs = 60_000;

export function loginTokens(deps: LoginDeps): TokenSource {
  return async (refused) => {
    const login = await loginOf(deps);
    return isGood(login, deps.clock, refused) ? login.accessToken : renewed(deps, refused);
  };
}

function isGood(login: Login, clock: Clock, refused: string | undefined): boolean {
  return login.accessToken !== refused && clock.nowMs() < login.accessUntil - marginMs;
}

async function loginOf({ configPath, name }: LoginDeps): Promise<Login> {
  const { contexts } = await readConfig(configPath);
  const login = Object.hasOwn(contexts, name) ? contexts[name]?.login : undefined;
  if (login === undefined) throw new PpecError('unauthenticated', 'You are not signed in. Sign in: ppec login');
  return login;
}

async function renewed(deps: LoginDeps, refused: string | undefined): Promise<string> {
  return withLock(deps, async () => {
    // Somebody else may have renewed it while this one waited.
    const login = await loginOf(deps);
    if (isGood(login, deps.clock, refused)) return login.accessToken;
    try {
      const next = loginFrom(await refresh(deps.transport, login.refreshToken), deps.clock);
      await keepLogin(deps, next);
      return next.accessToken;
    } catch (error) {
      if (!(error instanceof PpecError) || error.code !== 'unauthenticated') throw error;
      throw new PpecError('unauthenticated', `${error.message.replace(/ Sign in again\.$/, '')} Sign in: ppec login`, {
        cause: error,
      });
    }
  });
}

export function loginFrom(tokens: Tokens, clock: Clock): Login {
  const { refresh_token: refreshToken, session_expires_at: until, person } = tokens;
  if (refreshToken === undefined || until === undefined || person === undefined) {
    throw new PpecError('internal', 'The controller gave a token without a sign-in.');
  }
  const accessUntil = clock.nowMs() + Math.floor(tokens.expires_in * 1000);
  return { accessToken: tokens.access_token, accessUntil, refreshToken, until, person };
}

/** Keeps the sign-in in its context, or takes it out. */
export async function keepLogin(
  { configPath, name }: Pick<LoginDeps, 'configPath' | 'name'>,
  login: Login | undefined,
): Promise<void> {
  const config = await readConfig(configPath);
  const context = Object.hasOwn(config.contexts, name) ? config.contexts[name] : undefined;
  if (context === undefined) throw new PpecError('not_found', `There is no context ${JSON.stringify(name)} any more.`);
  const { login: _old, ...rest } = context;
  const changed = login === undefined ? rest : { ...rest, login };
  await writeConfig(configPath, { ...config, contexts: { ...config.contexts, [name]: changed } });
}

async function withLock<T>({ configPath, signal, clock }: LoginDeps, work: () => Promise<T>): Promise<T> {
  const path = `${configPath}.lock`;
  for (let tries = 0; ; tries += 1) {
    if (await isTaken(path)) break;
    if (tries >= lockTriesMax) {
      throw new PpecError('unavailable', `Another ppec has held ${path} for long. If none runs, remove it.`);
    }
    await removeStale(path, clock);
    await pause(lockWaitMs, signal);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function isTaken(path: string): Promise<boolean> {
  try {
    await (await open(path, 'wx', 0o600)).close();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

async function removeStale(path: string, clock: Clock): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined && clock.nowMs() - found.mtimeMs > lockStaleMs) await rm(path, { force: true });
}
