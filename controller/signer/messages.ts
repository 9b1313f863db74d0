// What controller and signer say to each other: one JSON object per line, in both directions of one stream. Every request
// is answered once, under its number.
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

import { isErrorCode } from '../../shared/errors.ts';
import { commandBytesMax } from '../../shared/protocol/command-bytes.ts';
import { KeyStatements } from '../../shared/protocol/key-list.ts';

const closed = { additionalProperties: false } as const;
const id = Type.Integer({ minimum: 1 });

/** Base64 of the largest command, and the rest of its line. */
export const lineCharsMax = Math.ceil((commandBytesMax * 4) / 3) + 1000;
/** A planned rotation may leave the old key good for as long as the longest command lives, and no longer than a month. */
export const overlapMsMax = 31 * 86_400_000;

export const SignerRequest = Type.Union([
  Type.Object({ id, do: Type.Literal('keys') }, closed),
  /** `bytes`: a command, base64. */
  Type.Object({ id, do: Type.Literal('sign'), bytes: Type.String() }, closed),
  Type.Object(
    { id, do: Type.Literal('rotate'), overlapMs: Type.Integer({ minimum: 0, maximum: overlapMsMax }) },
    closed,
  ),
]);
export type SignerRequest = Static<typeof SignerRequest>;

export const SignerAnswer = Type.Union([
  Type.Object({ id, statements: KeyStatements }, closed),
  Type.Object({ id, keyId: Type.String(), signature: Type.String() }, closed),
  Type.Object({ id, code: Type.String(), problem: Type.String() }, closed),
]);
export type SignerAnswer = Static<typeof SignerAnswer>;

const request = Compile(SignerRequest);
const answer = Compile(SignerAnswer);

export function signerRequestOf(line: string): SignerRequest | undefined {
  const value = parse(line);
  return request.Check(value) ? value : undefined;
}

export function signerAnswerOf(line: string): SignerAnswer | undefined {
  const value = parse(line);
  return answer.Check(value) && (!('code' in value) || isErrorCode(value.code)) ? value : undefined;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Cuts a stream of text into lines; a line over the limit is answered with undefined, and nothing after it. */
export function lineReader(take: (line: string | undefined) => void): (chunk: string) => void {
  let rest = '';
  let isOver = false;
  return (chunk) => {
    if (isOver) return;
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
    if (rest.length <= lineCharsMax) return;
    isOver = true;
    take(undefined);
  };
}
