// The command journal: what makes a command run at most once. Intent is on disk before a command starts, its result
// before it is told; a command found started but unfinished is `indeterminate` and never runs again. Nor does one whose
// entry cannot be read: the file's name says which it was. The highest generation has a file of its own besides.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import { BurnInReport } from '../shared/burn-in/report.ts';
import { literals } from '../shared/literals.ts';
import { commandOutcomes } from '../shared/protocol/messages.ts';
import { makeFolder, readIfThere, writeDurably } from './files.ts';

const ResultSchema = Type.Object({
  outcome: literals(commandOutcomes),
  message: Type.String(),
  code: Type.Optional(Type.String()),
  durationMs: Type.Integer({ minimum: 0 }),
  report: Type.Optional(BurnInReport),
});
const EntrySchema = Type.Object({
  commandId: Type.String(),
  generation: Type.Integer(),
  name: Type.String(),
  expiresAtMs: Type.Integer(),
  result: Type.Union([ResultSchema, Type.Null()]),
  acknowledged: Type.Boolean(),
});
export type CommandResult = Static<typeof ResultSchema>;
export type JournalEntry = Static<typeof EntrySchema>;

/** Compiled where there is an entry to read: a report's schema is large, and most agents start with an empty journal. */
let entryFile: ReturnType<typeof compileEntry> | undefined;
const compileEntry = () => Compile(EntrySchema);

export const entriesMax = 256;

/** Beside the entries; its name is no command's. */
const highestFile = 'highest-generation';

export type Journal = {
  readonly entries: () => readonly JournalEntry[];
  readonly find: (commandId: string) => JournalEntry | undefined;
  /** The highest generation ever accepted; an older command is refused. */
  readonly highestGeneration: () => number;
  /** Durable when it resolves. */
  readonly accept: (entry: Omit<JournalEntry, 'result' | 'acknowledged'>) => Promise<void>;
  readonly finish: (commandId: string, result: CommandResult) => Promise<void>;
  readonly acknowledge: (commandId: string) => Promise<void>;
  /** What could not be read when it was opened, one sentence each without its full stop. */
  readonly damage: () => readonly string[];
};

export async function openJournal(folder: string): Promise<Journal> {
  await makeFolder(folder);
  const { entries, damage, watermark } = await readFolder(folder);
  let highest = watermark ?? 0;
  const keepHighest = async (generation: number): Promise<void> => {
    await writeDurably(join(folder, highestFile), `${generation}\n`);
    highest = generation;
  };
  const newest = Math.max(0, ...[...entries.values()].map(({ generation }) => generation));
  if (newest > highest) await keepHighest(newest);
  const save = async (entry: JournalEntry): Promise<void> => {
    await writeDurably(join(folder, `${entry.commandId}.json`), JSON.stringify(entry));
    entries.set(entry.commandId, entry);
  };
  // Changes go one after the other: a result that was told twice is acknowledged twice, and two writers of one file
  // would take its half-written copy from each other.
  let last: Promise<void> = Promise.resolve();
  const inTurn = (change: () => Promise<void>): Promise<void> => {
    const done = last.then(change);
    last = done.catch(() => undefined);
    return done;
  };
  const journal: Journal = {
    entries: () => [...entries.values()],
    find: (commandId) => entries.get(commandId),
    damage: () => damage,
    highestGeneration: () => highest,
    accept: (entry) =>
      inTurn(async () => {
        await prune(folder, entries);
        await save({ ...entry, result: null, acknowledged: false });
        // After the entry: cut off in between, the command is known to have been accepted, not merely too old.
        if (entry.generation > highest) await keepHighest(entry.generation);
      }),
    finish: (commandId, result) =>
      inTurn(async () => {
        const entry = entries.get(commandId);
        if (entry !== undefined) await save({ ...entry, result });
      }),
    acknowledge: (commandId) =>
      inTurn(async () => {
        const entry = entries.get(commandId);
        if (entry?.result == null || entry.acknowledged) return;
        // The report is on the controller's disk now, and the journal lies in memory.
        const { report: _, ...result } = entry.result;
        await save({ ...entry, result, acknowledged: true });
      }),
  };
  // A previous run of the agent ended in the middle of these: how far they came is unknown.
  for (const entry of journal.entries()) {
    if (entry.result === null) {
      await journal.finish(entry.commandId, {
        outcome: 'indeterminate',
        message: `the agent ended while it ran ${entry.name}; how far it came is not known`,
        durationMs: 0,
      });
    }
  }
  return journal;
}

type Read = {
  readonly entries: Map<string, JournalEntry>;
  readonly damage: string[];
  readonly watermark: number | undefined;
};

async function readFolder(folder: string): Promise<Read> {
  const entries = new Map<string, JournalEntry>();
  const damage: string[] = [];
  const stored = await readIfThere(join(folder, highestFile));
  const digits = /^(\d{1,15})\n$/.exec(stored ?? '')?.[1];
  if (stored !== undefined && digits === undefined) {
    damage.push(`The journal's ${highestFile} cannot be read; its entries say which command was the newest`);
  }
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.json'))) {
    const commandId = name.slice(0, -'.json'.length);
    const entry = parseEntry(await readIfThere(join(folder, name)));
    if (entry?.commandId === commandId) {
      entries.set(commandId, entry);
    } else {
      damage.push(`The journal's entry of ${commandId} cannot be read; that command never runs again`);
      entries.set(commandId, { ...unreadable, commandId });
    }
  }
  return { entries, damage, watermark: digits === undefined ? undefined : Number(digits) };
}

/** It may have run, in whole or in part: nobody can say. */
const unreadable: Omit<JournalEntry, 'commandId'> = {
  generation: 0,
  name: 'unknown',
  expiresAtMs: 0,
  result: {
    outcome: 'indeterminate',
    message: "its entry in the machine's journal cannot be read; how far it came is not known",
    durationMs: 0,
  },
  acknowledged: false,
};

function parseEntry(text: string | undefined): JournalEntry | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return (entryFile ??= compileEntry()).Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Makes room for one entry: drops the oldest acknowledged ones past the limit. */
async function prune(folder: string, entries: Map<string, JournalEntry>): Promise<void> {
  const done = [...entries.values()]
    .filter((entry) => entry.acknowledged)
    .toSorted((a, b) => a.generation - b.generation);
  const surplus = Math.max(0, entries.size + 1 - entriesMax);
  for (const entry of done.slice(0, surplus)) {
    entries.delete(entry.commandId);
    await rm(join(folder, `${entry.commandId}.json`), { force: true });
  }
}
