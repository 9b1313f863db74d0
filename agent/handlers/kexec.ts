// `kexec`: start the kernel that `provision` left. Loading can fail and says so; starting ends this system.
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import type { Command } from '../../shared/protocol/command.ts';
import { readIfThere } from '../files.ts';
import { HandlerError } from './platform.ts';
import { bootPlanPath, type HandlerContext } from './provision.ts';

type KexecCommand = Extract<Command, { name: 'kexec' }>;

const BootPlanFile = Type.Object({
  commandId: Type.String(),
  kernelPath: Type.String(),
  initrdPath: Type.String(),
  cmdline: Type.String(),
});
const bootPlanFile = Compile(BootPlanFile);

/** Loads the kernel; what it answers is started by `start` once the controller knows. */
export async function loadForKexec(command: KexecCommand, context: HandlerContext): Promise<void> {
  const plan = parsePlan(await readIfThere(bootPlanPath(context.stateDir)));
  if (plan?.commandId !== command.args.provisionCommandId) {
    throw new HandlerError('nothing-to-boot', `this boot has not run ${command.args.provisionCommandId}`);
  }
  const cmdline = [plan.cmdline, command.args.appendCmdline].filter((part) => part !== '').join(' ');
  await context.platform.loadKernel({ kernelPath: plan.kernelPath, initrdPath: plan.initrdPath, cmdline });
}

function parsePlan(text: string | undefined): Static<typeof BootPlanFile> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return bootPlanFile.Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
