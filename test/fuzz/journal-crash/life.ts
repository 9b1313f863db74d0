// What one life of the agent under test is told, and how it may end.
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

/** Where in a write the process dies; `torn` leaves half of what was to be written. */
export const killModes = ['before', 'torn', 'after'] as const;

export const Life = Type.Object({
  folder: Type.String(),
  keyId: Type.String(),
  publicKeyPem: Type.String(),
  /** Dies at this write, counted from 1; null: at none. */
  kill: Type.Union([
    Type.Object({
      at: Type.Integer({ minimum: 1 }),
      mode: Type.Union([Type.Literal('before'), Type.Literal('torn'), Type.Literal('after')]),
    }),
    Type.Null(),
  ]),
});
export type Life = Static<typeof Life>;
const life = Compile(Life);

export function lifeOf(text: string): Life {
  const value: unknown = JSON.parse(text);
  if (!life.Check(value)) throw new Error('not a life');
  return value;
}

/** Parent to child. */
export const Told = Type.Union([
  Type.Object({ do: Type.Literal('command'), bytes: Type.String(), signature: Type.String(), keyId: Type.String() }),
  Type.Object({ do: Type.Literal('ack'), commandId: Type.String() }),
]);
export type Told = Static<typeof Told>;

/** Child to parent. */
export const Heard = Type.Union([
  Type.Object({ type: Type.Literal('open') }),
  Type.Object({ type: Type.Literal('writes'), count: Type.Integer() }),
  Type.Object({ type: Type.Literal('result'), commandId: Type.String(), outcome: Type.String() }),
  Type.Object({ type: Type.Literal('acknowledged'), commandId: Type.String() }),
]);
export type Heard = Static<typeof Heard>;

const told = Compile(Told);
const heard = Compile(Heard);

export function isTold(value: unknown): value is Told {
  return told.Check(value);
}

export function isHeard(value: unknown): value is Heard {
  return heard.Check(value);
}

/** Where the effects are counted: one line per time that something was done to the machine. */
export const effectsFile = 'effects';
/** What every command of the test starts from. */
export const provisionCommandId = 'cmd_0';
