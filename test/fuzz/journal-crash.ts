// The journal under `kill -9`: the real command handling in a process of its own dies at every write of a fixed course, and
// then at random ones of random courses. Nothing is done twice, nothing is lost, and what was told once stays so. The
// effects are counted outside of the program, by the lines that it appended to a file.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { bootPlanPath } from '../../agent/handlers/provision.ts';
import type { Command } from '../../shared/protocol/command.ts';
import { seededRng, unit } from '../../shared/rng.ts';
import { newSigner } from '../fixtures/signed-command.ts';
import { eachCase, type Fuzz, type FuzzOptions, type FuzzResult } from './fuzz.ts';
import { effectsFile, isHeard, killModes, provisionCommandId, type Life, type Told } from './journal-crash/life.ts';

const program = new URL('journal-crash/agent-life.ts', import.meta.url);
const lifeTimeoutMs = 60_000;
const killsMax = 3;
/** What the many lives of one program would each compile again. */
const compileCache = join(tmpdir(), 'ppec-journal-crash-cache');
const fixedCommands = 2;

export const journalCrash: Fuzz = {
  summary: 'the agent’s journal: killed at every write, nothing done twice, nothing lost',
  cases: 1200,
  run,
};

const region = newSigner('command-1');

async function run(options: FuzzOptions): Promise<FuzzResult> {
  const problems: string[] = [];
  const done = { schedules: 0, 'writes of the fixed course': 0, lives: 0, 'lives that were killed': 0, commands: 0, succeeded: 0, indeterminate: 0, effects: 0 }; // prettier-ignore
  const writes = (await play({ commands: fixedCommands, kills: [], dice: diceOf(options.seed, -1) })).writes;
  done['writes of the fixed course'] = writes;
  done.schedules = await eachCase(options, { lanes: 2, problems }, async (index) => {
    const schedule = scheduleOf(options.seed, index, writes);
    const played = await play(schedule);
    done.lives += played.lives;
    done['lives that were killed'] += played.killed;
    done.commands += schedule.commands;
    done.effects += played.effects;
    for (const outcome of played.outcomes)
      if (outcome === 'succeeded' || outcome === 'indeterminate') done[outcome] += 1;
    const kills = JSON.stringify(schedule.kills);
    problems.push(...played.problems.map((problem) => `schedule ${index} (kills ${kills}): ${problem}`));
  });
  return { done, problems };
}

type Dice = { readonly below: (limit: number) => number; readonly chance: (probability: number) => boolean };
type Schedule = {
  readonly commands: number;
  /** One per life, until a life that is not killed. */
  readonly kills: readonly (NonNullable<Life['kill']> | { readonly afterMs: number })[];
  readonly dice: Dice;
  /** Whether a file of the journal is damaged between two lives. */
  readonly isDamaging?: boolean;
};

function diceOf(seed: number, index: number): Dice {
  const rng = seededRng(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 2, 0x85ebca6b));
  return { below: (limit) => Math.floor(unit(rng) * limit), chance: (probability) => unit(rng) < probability };
}

/** First each write of the fixed course in each way, then anything. */
function scheduleOf(seed: number, index: number, writes: number): Schedule {
  const dice = diceOf(seed, index);
  const modeAt = (number: number): (typeof killModes)[number] => killModes[number % killModes.length] ?? 'before';
  if (index < writes * killModes.length) {
    const kill = { at: Math.floor(index / killModes.length) + 1, mode: modeAt(index) };
    return { commands: fixedCommands, kills: [kill], dice };
  }
  const kills = Array.from({ length: 1 + dice.below(killsMax) }, () =>
    dice.chance(0.2) ? { afterMs: dice.below(200) } : { at: 1 + dice.below(writes), mode: modeAt(dice.below(3)) },
  );
  return { commands: 1 + dice.below(4), kills, dice, isDamaging: dice.chance(0.1) };
}

type Played = {
  readonly writes: number;
  readonly lives: number;
  readonly killed: number;
  readonly outcomes: readonly string[];
  readonly effects: number;
  readonly problems: readonly string[];
};

/** What the controller of this test knows of a command. */
type Known = { readonly told: Told; outcome: string | undefined };

async function play(schedule: Schedule): Promise<Played> {
  const folder = mkdtempSync(join(tmpdir(), 'ppec-journal-crash-'));
  const problems: string[] = [];
  const known = new Map(Array.from({ length: schedule.commands }, (_, at) => knownCommand(at + 1)));
  const damaged = new Set<string>();
  let [lives, killed, writes] = [0, 0, 0];
  try {
    mkdirSync(dirname(bootPlanPath(folder)), { recursive: true });
    mkdirSync(join(folder, 'journal'));
    const plan = { commandId: provisionCommandId, kernelPath: '/k', initrdPath: '/i', cmdline: 'quiet' };
    writeFileSync(bootPlanPath(folder), JSON.stringify(plan));
    // Then one life that is left alone, and that is told everything again at its end.
    for (const kill of [...schedule.kills, undefined]) {
      const lived = await live({ folder, known, kill, dice: schedule.dice, damaged });
      lives += 1;
      killed += lived.isKilled ? 1 : 0;
      writes = Math.max(writes, lived.writes);
      problems.push(...lived.problems);
      if (schedule.isDamaging === true && lived.isKilled) damage(join(folder, 'journal'), schedule.dice, damaged);
    }
    const effects = linesOf(join(folder, effectsFile));
    for (const [id, { outcome }] of known) {
      const times = effects.filter((line) => line === `quiet id=${id}`).length;
      const problem = problemOf(outcome, times);
      if (problem !== undefined) problems.push(`${id}: ${problem}`);
    }
    return { writes, lives, killed, outcomes: [...known.values()].map(({ outcome }) => outcome ?? ''), effects: effects.length, problems };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
} // prettier-ignore

function problemOf(outcome: string | undefined, times: number): string | undefined {
  if (times > 1) return `done ${times} times`;
  switch (outcome) {
    case undefined:
      return 'lost: it never ended';
    case 'succeeded':
      return times === 1 ? undefined : 'told as done, and was not';
    case 'indeterminate':
      return undefined;
    default:
      return `ended as ${outcome}, though nothing was wrong with it`;
  }
}

type LifeOf = {
  readonly folder: string;
  readonly known: ReadonlyMap<string, Known>;
  readonly kill: Schedule['kills'][number] | undefined;
  readonly dice: Dice;
  readonly damaged: ReadonlySet<string>;
};

type Lived = { readonly isKilled: boolean; readonly writes: number; readonly problems: string[] };

async function live({ folder, known, kill, dice, damaged }: LifeOf): Promise<Lived> {
  const life: Life = {
    folder,
    keyId: region.keyId,
    publicKeyPem: region.publicKeyPem,
    kill: kill !== undefined && 'at' in kill ? kill : null,
  };
  const env = { NODE_COMPILE_CACHE: compileCache };
  const child = fork(program, [JSON.stringify(life)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env });
  const exited = once(child, 'exit');
  const problems: string[] = [];
  let writes = 0;
  const answered = new Set<string>();
  const unanswered = new Set<string>();
  const isLast = kill === undefined;
  const end = (): void => {
    if (child.connected) child.disconnect();
  };
  const heardResult = (id: string, outcome: string): void => {
    const command = known.get(id);
    if (command === undefined) return void problems.push(`a result of ${id}, which nobody asked for`);
    if (command.outcome !== undefined && command.outcome !== outcome && !damaged.has(id)) {
      problems.push(`${id} was told as ${command.outcome}, and then as ${outcome}`);
    }
    command.outcome ??= outcome;
    answered.add(id);
    // An acknowledgement may be lost with the link.
    if (!isLast && !dice.chance(0.7)) return;
    unanswered.add(id);
    send(child, { do: 'ack', commandId: id });
  };
  const tellAll = (): void => {
    for (const command of known.values()) {
      if (!isReplaying && command.outcome !== undefined) continue;
      send(child, command.told);
      if (dice.chance(0.3)) send(child, command.told);
    }
  };
  const isDone = (): boolean =>
    [...known].every(([id, { outcome }]) => (isReplaying ? answered.has(id) : outcome !== undefined)) &&
    // What was acknowledged in an earlier life may not have been told before its end, and is not told again.
    (!isLast || unanswered.size === 0);
  let isReplaying = false;
  const goOn = (): void => {
    if (!isDone()) return;
    if (!isLast || isReplaying) return end();
    isReplaying = true;
    answered.clear();
    tellAll();
  };
  child.on('message', (heard: unknown) => {
    if (!isHeard(heard)) return void problems.push('the agent said something else');
    if (heard.type === 'open') tellAll();
    else if (heard.type === 'writes') writes = heard.count;
    else if (heard.type === 'result') heardResult(heard.commandId, heard.outcome);
    else unanswered.delete(heard.commandId);
    goOn();
  });
  const timers = [setTimeout(() => (problems.push('nothing came any more'), child.kill('SIGKILL')), lifeTimeoutMs)];
  if (kill !== undefined && 'afterMs' in kill) timers.push(setTimeout(() => child.kill('SIGKILL'), kill.afterMs));
  await exited;
  for (const timer of timers) clearTimeout(timer);
  return { isKilled: child.signalCode === 'SIGKILL', writes, problems };
}

function send(child: ChildProcess, told: Told): void {
  if (child.connected) child.send(told, () => undefined);
}

function knownCommand(generation: number): [string, Known] {
  const id = `cmd_${generation}`;
  const command: Command = {
    id,
    region: 'test-1',
    assetId: 'ast_1',
    assetSerial: 'SN-1',
    bootId: 'boot-1',
    generation,
    notBeforeMs: 0,
    expiresAtMs: 9000,
    approval: { changeId: 'chg_1', payloadSha256: 'a'.repeat(64), makerId: 'per_1', checkerIds: ['per_2'] },
    name: 'kexec',
    args: { provisionCommandId, appendCmdline: `id=${id}` },
  };
  const { bytes, signature, keyId } = region.signCommand(command);
  const base64 = (data: Uint8Array): string => Buffer.from(data).toString('base64');
  return [
    id,
    {
      told: { do: 'command', bytes: base64(bytes), signature: base64(signature), keyId },
      outcome: undefined,
    },
  ];
}

/** Cuts off or empties one file of the journal, as a disk may. */
function damage(journal: string, dice: Dice, damaged: Set<string>): void {
  const files = readdirSync(journal).filter((name) => !name.endsWith('.new'));
  const name = files[dice.below(files.length)];
  if (name === undefined) return;
  const path = join(journal, name);
  truncateSync(path, dice.below(readFileSync(path).length));
  damaged.add(name.replace('.json', ''));
}

function linesOf(path: string): string[] {
  return existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
}
