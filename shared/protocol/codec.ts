// Frames of the agent link: MessagePack arrays [type, seq, body], validated on the way in. Decoding returns what is
// wrong instead of throwing: a peer's malformed frame is data, not a fault of ours.
import { Packr } from 'msgpackr';
import { Compile, type Validator } from 'typebox/compile';

import { messageOf } from '../errors.ts';
import type { CloseName } from './close-codes.ts';
import { frameProblem } from './frame-shape.ts';
import { frameBytesMax } from './limits.ts';
import {
  agentMessages,
  controllerMessages,
  type AgentMessage,
  type AgentMessageType,
  type ControllerMessage,
  type ControllerMessageType,
} from './messages.ts';

// No records and no extension types: what arrives is maps, arrays, numbers, text and bytes, nothing with behaviour.
const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: 'number', mapsAsObjects: true });

export type Decoded<M> =
  | { readonly ok: true; readonly seq: number; readonly message: M }
  | { readonly ok: false; readonly close: CloseName; readonly why: string };

type Table = (type: string) => Validator | undefined;
const agentValidators = tableOf(agentMessages);
const controllerValidators = tableOf(controllerMessages);

/** Compiled when the first message of a type arrives: each end reads one of the two tables only, an agent in little memory. */
function tableOf(schemas: Readonly<Record<string, object>>): Table {
  const compiled = new Map<string, Validator>();
  return (type) => {
    const schema = Object.hasOwn(schemas, type) ? schemas[type] : undefined;
    if (schema === undefined) return undefined;
    const validator = compiled.get(type) ?? Compile(schema);
    compiled.set(type, validator);
    return validator;
  };
}

export function encodeAgentMessage(seq: number, message: AgentMessage): Uint8Array {
  return packr.pack([message.type, seq, message.body]);
}

export function encodeControllerMessage(seq: number, message: ControllerMessage): Uint8Array {
  return packr.pack([message.type, seq, message.body]);
}

export function decodeAgentMessage(frame: Uint8Array): Decoded<AgentMessage> {
  const decoded = decode(frame, agentValidators);
  if (!decoded.ok) return decoded;
  // The validator of exactly this type has accepted the body.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { ok: true, seq: decoded.seq, message: { type: decoded.type, body: decoded.body } as AgentMessage };
}

export function decodeControllerMessage(frame: Uint8Array): Decoded<ControllerMessage> {
  const decoded = decode(frame, controllerValidators);
  if (!decoded.ok) return decoded;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return { ok: true, seq: decoded.seq, message: { type: decoded.type, body: decoded.body } as ControllerMessage };
}

type Raw =
  | {
      readonly ok: true;
      readonly type: AgentMessageType | ControllerMessageType;
      readonly seq: number;
      readonly body: unknown;
    }
  | { readonly ok: false; readonly close: CloseName; readonly why: string };

function decode(frame: Uint8Array, validators: Table): Raw {
  if (frame.byteLength > frameBytesMax) return { ok: false, close: 'frameTooLarge', why: `${frame.byteLength} bytes` };
  const shape = frameProblem(frame);
  if (shape !== undefined) return malformed(`not plain MessagePack: ${shape}`);
  let value: unknown;
  try {
    value = packr.unpack(frame);
  } catch (error) {
    return malformed(`not MessagePack: ${messageOf(error)}`);
  }
  if (!isTriple(value)) return malformed('not an array [type, seq, body]');
  const [type, seq, body] = value;
  const validator = typeof type === 'string' ? validators(type) : undefined;
  if (validator === undefined) return malformed(`unknown type ${preview(type)}`);
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 1) return malformed(`seq is ${preview(seq)}`);
  if (!validator.Check(body)) return malformed(`${preview(type)}: ${firstProblem(validator, body)}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `type` is a key of the validators' table
  return { ok: true, type: type as AgentMessageType, seq, body };
}

function malformed(why: string): Raw {
  return { ok: false, close: 'malformedFrame', why };
}

function isTriple(value: unknown): value is readonly [unknown, unknown, unknown] {
  return Array.isArray(value) && value.length === 3;
}

function firstProblem(validator: Validator, body: unknown): string {
  const [first] = validator.Errors(body);
  return first === undefined ? 'wrong shape' : `${first.instancePath || '/'} ${first.message}`;
}

function preview(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 40) : typeof value;
}
