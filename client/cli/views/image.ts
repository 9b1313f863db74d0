// An image in details.
import type { Image } from '../../../shared/api/image.ts';
import { formatDecimalBytes } from '../../../shared/units.ts';
import type { CommandContext } from '../command.ts';
import { dateTime } from '../output/time.ts';

export function printImage({ output }: CommandContext, image: Image): void {
  output.value(image, (value) =>
    output.details([
      ['image', `${value.name}@${value.version}`, 'bold'],
      ['id', value.id],
      ['kind', value.kind],
      ['sha256', value.sha256],
      ['size', `${formatDecimalBytes(value.bytes)}, ${formatDecimalBytes(value.diskBytes)} on disk`],
      ['signed by', value.keyId],
      ['added', dateTime(value.createdAt)],
    ]),
  );
}
