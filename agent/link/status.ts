// What the agent knows of itself, for the console screen and `diag`: kept in one small file beside its state.
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import { readIfThere, writeDurably } from '../files.ts';

const StatusSchema = Type.Object({
  link: Type.String(),
  name: Type.String(),
  state: Type.String(),
  place: Type.String(),
  findings: Type.Array(Type.String()),
  lastTold: Type.String(),
});
export type AgentStatus = Static<typeof StatusSchema>;
const statusFile = Compile(StatusSchema);

export const initialStatus: AgentStatus = {
  link: 'starting',
  name: '',
  state: '',
  place: '',
  findings: [],
  lastTold: '',
};

export function statusPath(stateDir: string): string {
  return join(stateDir, 'status.json');
}

export async function saveStatus(stateDir: string, status: AgentStatus): Promise<void> {
  await writeDurably(statusPath(stateDir), JSON.stringify(status));
}

export async function loadStatus(stateDir: string): Promise<AgentStatus> {
  try {
    const value: unknown = JSON.parse((await readIfThere(statusPath(stateDir))) ?? '');
    return statusFile.Check(value) ? value : initialStatus;
  } catch {
    return initialStatus;
  }
}
