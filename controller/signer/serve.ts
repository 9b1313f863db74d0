// The signer's work: requests of one stream, one after the other. What it signs is judged first and in its log before the
// signature leaves.
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

import type { Clock } from '../../shared/clock.ts';
import { PpecError, toPpecError } from '../../shared/errors.ts';
import { openCommandKeys, type CommandKeys } from './command-keys.ts';
import { lineReader, signerRequestOf, type SignerAnswer, type SignerRequest } from './messages.ts';
import { signingRules, type Rules } from './rules.ts';
import { openSignedLog, type SignedLog } from './signed-log.ts';

export type SignerDeps = { readonly folder: string; readonly region: string; readonly clock: Clock };

export type Signer = {
  readonly answer: (request: SignerRequest) => Promise<SignerAnswer>;
  readonly close: () => Promise<void>;
};

/** Requests of one peer that may wait. */
const waitingMax = 4096;

export async function openSigner(deps: SignerDeps): Promise<Signer> {
  const { folder, region, clock } = deps;
  const log = await openSignedLog(folder);
  const rules = signingRules(region);
  for (const { assetId, generation, sha256 } of await log.lines()) rules.signed(assetId, generation, sha256);
  let opened: { readonly keys: CommandKeys; readonly version: string } | undefined;
  // Another process may replace the key: the verb of the controller does.
  const current = async (): Promise<CommandKeys> => {
    const version = await versionOf(join(folder, 'command-keys.json'));
    if (opened === undefined || opened.version !== version) {
      const keys = await openCommandKeys({ folder, region, nowMs: clock.nowMs() });
      opened = { keys, version: await versionOf(join(folder, 'command-keys.json')) };
    }
    return opened.keys;
  };
  const work = async (request: SignerRequest): Promise<SignerAnswer> => {
    const keys = await current();
    switch (request.do) {
      case 'keys':
        return { id: request.id, statements: [...keys.statements()] };
      case 'sign':
        return { id: request.id, ...(await signCommand(request.bytes, { keys, rules, log, clock })) };
      case 'rotate':
        await keys.rotate(request.overlapMs, clock.nowMs());
        opened = undefined;
        return { id: request.id, statements: [...keys.statements()] };
    }
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    close: () => log.close(),
    answer: (request) => {
      const done = last.then(() => work(request)).catch((error: unknown) => failure(request.id, error));
      last = done;
      return done;
    },
  };
}

type Signing = { readonly keys: CommandKeys; readonly rules: Rules; readonly log: SignedLog; readonly clock: Clock };

async function signCommand(
  base64: string,
  { keys, rules, log, clock }: Signing,
): Promise<{ keyId: string; signature: string }> {
  const bytes = Buffer.from(base64, 'base64');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const nowMs = clock.nowMs();
  const judged = rules.judge(bytes, sha256, nowMs);
  if (!judged.ok) throw new PpecError(judged.isRetryable ? 'resource_exhausted' : 'permission_denied', judged.reason);
  const { command } = judged;
  const { keyId, signature } = keys.sign(bytes);
  rules.signed(command.assetId, command.generation, sha256);
  await log.append({
    at: nowMs,
    keyId,
    commandId: command.id,
    assetId: command.assetId,
    generation: command.generation,
    name: command.name,
    changeId: command.approval?.changeId ?? null,
    sha256,
  });
  return { keyId, signature: Buffer.from(signature).toString('base64') };
}

/** Answers what comes on a stream; resolves when it has ended. */
export function serveStream(input: Readable, output: Writable, signer: Signer): Promise<void> {
  return new Promise((resolve) => {
    let waiting = 0;
    const end = (): void => {
      input.destroy();
      output.end();
      resolve();
    };
    const take = (line: string | undefined): void => {
      const request = line === undefined ? undefined : signerRequestOf(line);
      // A peer that does not speak this is none of ours.
      if (request === undefined || waiting >= waitingMax) return end();
      waiting += 1;
      void signer.answer(request).then((answer) => {
        waiting -= 1;
        if (output.writable) output.write(`${JSON.stringify(answer)}\n`);
      });
    };
    input.setEncoding('utf8');
    input.on('data', lineReader(take));
    input.on('error', end);
    output.on('error', end);
    input.on('end', end);
    input.on('close', end);
  });
}

function failure(id: number, error: unknown): SignerAnswer {
  const known = toPpecError(error);
  // Nobody but the controller hears it, and its log is where people look.
  const problem = known.code === 'internal' && error instanceof Error ? error.message : known.message;
  return { id, code: known.code, problem };
}

/** Each writing makes a new file: times alone may be the same, they are as coarse as the kernel's tick. */
async function versionOf(path: string): Promise<string> {
  return stat(path).then(
    ({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`,
    () => '',
  );
}
