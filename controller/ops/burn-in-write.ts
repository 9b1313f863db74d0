// asset.burn-in-write: a burn-in that also writes to blank disks. A second person approves their serials; the agent writes
// to a disk only where it proves blank. Never where a production system may have run: only a wipe makes that disk anybody's.
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

import type { EffectLine } from '../../shared/api/change.ts';
import { assert } from '../../shared/assert.ts';
import { burnInProfileNames } from '../../shared/burn-in/profiles.ts';
import { PpecError } from '../../shared/errors.ts';
import type { Disk } from '../../shared/hardware/inventory.ts';
import { literals } from '../../shared/literals.ts';
import { formatDecimalBytes } from '../../shared/units.ts';
import { assetById, callName, findAsset, placeOf } from '../store/assets.ts';
import { inventoryOf, startBurnIn } from '../store/burn-ins.ts';
import { findPerson } from '../store/people.ts';
import type { AssetRow } from '../store/schema.ts';
import type { UnitOfWork } from '../store/unit-of-work.ts';
import { checkFit } from './burn-in-ops.ts';
import type { Handlers } from './handler.ts';

const payloadValidator = Compile(
  Type.Object({
    assetId: Type.String(),
    serial: Type.String(),
    bootId: Type.String(),
    profile: literals(burnInProfileNames),
    diskSerials: Type.Array(Type.String(), { minItems: 1, maxItems: 128 }),
  }),
);

export const burnInWriteHandlers: Handlers<'asset.burn-in-write'> = {
  'asset.burn-in-write': {
    kind: 'state-change',
    plan: async ({ asset: reference, profile, reason }, { uow, deps }) => {
      const asset = await findAsset(uow.db, reference);
      checkFit(asset, profile, deps);
      const disks = await writableDisks(uow, asset);
      const name = callName(asset);
      const line = (label: string, text: string, destructive = false): EffectLine => ({
        target: name,
        label,
        text,
        destructive,
      });
      return {
        summary: `burn-in ${profile} of ${name}, which writes to ${disks.length} blank disks`,
        reason,
        payload: {
          assetId: asset.id,
          serial: asset.serial,
          bootId: asset.boot_id,
          profile,
          diskSerials: disks.map(({ serial }) => serial),
        },
        targets: [asset.id],
        effect: [
          line('asset', [name, placeOf(asset), asset.serial].filter((part) => part !== '').join('  ')),
          line('burn-in', profile),
          ...disks.map((disk) => {
            const size = formatDecimalBytes(disk.sizeBytes ?? 0);
            return line('disk', `${disk.name}  SN ${disk.serial}  ${size}  will be written to, if it is blank`, true);
          }),
        ],
      };
    },
    execute: async ({ change, payload, approval }, { uow, deps }) => {
      assert(payloadValidator.Check(payload), `the payload of ${change.id} is what was frozen`);
      const asset = await assetById(uow.db, payload.assetId);
      assert(asset !== undefined, `asset ${payload.assetId} exists`);
      checkFit(asset, payload.profile, deps);
      const serials = (await writableDisks(uow, asset)).map(({ serial }) => serial);
      const isDrifted =
        asset.boot_id !== payload.bootId ||
        asset.serial !== payload.serial ||
        payload.diskSerials.some((serial) => !serials.includes(serial));
      if (isDrifted) {
        throw new PpecError(
          'failed_precondition',
          `${callName(asset)} booted again or has other disks than were shown. File it anew.`,
        );
      }
      const id = await startBurnIn(uow, asset, {
        profile: payload.profile,
        timeScale: 1,
        writeDiskSerials: payload.diskSerials,
        peer: null,
        approval,
        askedBy: (await findPerson(uow.db, change.maker_id)).name,
      });
      return [id];
    },
  },
};

/** Its disks that a serial names and that the kernel can write to. Throws where none may be written to. */
async function writableDisks(uow: UnitOfWork, asset: AssetRow): Promise<(Disk & { serial: string })[]> {
  const name = callName(asset);
  if (asset.production_ran !== 'no') {
    throw new PpecError(
      'failed_precondition',
      `A production system may have run on ${name} and its disks were not wiped since: nothing is written to them. A burn-in without --write-disks is possible.`,
    );
  }
  const { disks } = await inventoryOf(uow.db, asset);
  const named = disks.flatMap((disk) =>
    disk.serial !== null && disk.transport !== 'usb' && disk.behind === null ? [{ ...disk, serial: disk.serial }] : [],
  );
  if (named.length === 0) {
    throw new PpecError('failed_precondition', `${name} has no disk with a serial: none can be approved for writing.`);
  }
  return named;
}
