// A command: a signed instruction to one agent, in one boot, for a short time. How it becomes bytes and what exactly is
// signed stands in command-bytes.ts.
import { Type, type Static } from 'typebox';

import { BurnInArgs } from '../burn-in/report.ts';

const Text = (maxLength: number) => Type.String({ maxLength });
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const closed = { additionalProperties: false } as const;

/** Files of the cloud-init NoCloud seed, as text. */
export const SeedSchema = Type.Object(
  { metaData: Text(16_384), userData: Text(65_536), networkConfig: Text(16_384) },
  closed,
);
export type Seed = Static<typeof SeedSchema>;

/** Arguments per command name. */
export const commandArgs = {
  /** Write a disk image to one disk, named by serial, verified while it streams; then put the seed on it. */
  provision: Type.Object(
    {
      imageUrl: Text(500),
      /** The signed manifest, the exact text that was signed. */
      manifest: Text(262_144),
      /** Ed25519 signature over the manifest text, base64. */
      manifestSignature: Text(200),
      imageKeyId: Text(64),
      diskSerial: Text(80),
      diskBytesMin: Type.Integer({ minimum: 1 }),
      seed: SeedSchema,
    },
    closed,
  ),
  /** Load the kernel that `provision` left on the disk and start it. The agent ends with this. */
  kexec: Type.Object({ provisionCommandId: Text(40), appendCmdline: Text(1000) }, closed),
  /** Test the hardware under load. Writes to the listed disks only, and only where they prove blank. */
  'burn-in': BurnInArgs,
  /** End that burn-in. The one command that does not wait for the one that runs. */
  'burn-in-cancel': Type.Object({ burnInCommandId: Text(40) }, closed),
} as const;
export type CommandName = keyof typeof commandArgs;

export const ApprovalSchema = Type.Object(
  {
    changeId: Text(40),
    payloadSha256: Sha256,
    makerId: Text(40),
    checkerIds: Type.Array(Text(40), { maxItems: 16 }),
    /** Who broke the glass: the command may run though nobody has checked it. */
    breakGlass: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
  },
  closed,
);

const common = {
  id: Text(40),
  region: Text(63),
  assetId: Text(40),
  assetSerial: Text(120),
  bootId: Text(40),
  /** Grows with every command to one asset; an agent refuses one older than the newest it has accepted. */
  generation: Type.Integer({ minimum: 1 }),
  notBeforeMs: Type.Integer({ minimum: 0 }),
  expiresAtMs: Type.Integer({ minimum: 0 }),
};
const approved = { ...common, approval: ApprovalSchema };
/** Null where nothing is destroyed: see `needsApproval`. */
const maybeApproved = { ...common, approval: Type.Union([ApprovalSchema, Type.Null()]) };

export const CommandSchema = Type.Union([
  Type.Object({ ...approved, name: Type.Literal('provision'), args: commandArgs.provision }, closed),
  Type.Object({ ...approved, name: Type.Literal('kexec'), args: commandArgs.kexec }, closed),
  Type.Object({ ...maybeApproved, name: Type.Literal('burn-in'), args: commandArgs['burn-in'] }, closed),
  Type.Object({ ...maybeApproved, name: Type.Literal('burn-in-cancel'), args: commandArgs['burn-in-cancel'] }, closed),
]);
export type Command = Static<typeof CommandSchema>;

/** Whether a second person must have approved it: whatever can destroy something on the machine. */
export function needsApproval(command: Pick<Command, 'name' | 'args'>): boolean {
  switch (command.name) {
    case 'provision':
    case 'kexec':
      return true;
    case 'burn-in':
      return !('writeDiskSerials' in command.args) || command.args.writeDiskSerials.length > 0;
    case 'burn-in-cancel':
      return false;
  }
}

/**
 * What is wrong with its approval, if anything: agent and signer ask the same. Two people, and nobody twice; or one who broke
 * the glass, and is named.
 */
export function approvalProblem(command: Command): string | undefined {
  const { approval } = command;
  if (approval === null) return needsApproval(command) ? 'nobody has approved it' : undefined;
  const { changeId, makerId, checkerIds, breakGlass } = approval;
  if (changeId === '' || makerId === '' || checkerIds.includes('')) return 'its approval names nobody';
  if (checkerIds.includes(makerId)) return 'its maker is among its checkers';
  if (checkerIds.length === 0 && breakGlass === undefined) return 'nobody has checked it';
  return new Set(checkerIds).size === checkerIds.length ? undefined : 'a checker is named twice';
}
