// Options of the verbs that a person runs on the machine, or over a folder of evidence.
import { parseArgs } from 'node:util';

import { messageOf } from '../../shared/errors.ts';

export type LocalOptions = {
  /** A folder of raw evidence in place of this host. */
  readonly evidence: string | undefined;
  readonly class: string | undefined;
  readonly output: 'json' | 'table' | undefined;
};

/** A text says what is wrong: a mistyped option must not show this host in place of a folder. */
export function localOptions(words: readonly string[], known: { readonly hasClass: boolean }): LocalOptions | string {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        evidence: { type: 'string' },
        output: { type: 'string', short: 'o' },
        ...(known.hasClass ? { class: { type: 'string' } as const } : {}),
      },
    });
    const { evidence, output } = values;
    const file = 'class' in values && typeof values.class === 'string' ? values.class : undefined;
    if (output !== undefined && output !== 'json' && output !== 'table')
      return `-o takes json or table, not '${output}'`;
    return { evidence, output, class: file };
  } catch (error) {
    return messageOf(error);
  }
}
